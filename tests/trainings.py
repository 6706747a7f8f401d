"""Small trainings: sequences to learn from, models, what becomes of them, and processes that train together."""

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

import uisrnn
from uisrnn import LabeledSequence, ModelArguments
from uisrnn.model.packing import Packing
from uisrnn.progress import Silent
from uisrnn.training.batching import ClusterBatch
from uisrnn.training.checkpoints import Checkpointer
from uisrnn.training.loop import Deadline, StageContext
from uisrnn.training.team import SINGLE_PROCESS, Team
from uisrnn.training.watcher import SilentWatcher

DIM = 3
KINDS = ["gru", "plda", "context_plda"]


def batch_of(sequences: Sequence[np.ndarray]) -> ClusterBatch:
    """A batch of sequences (T_i, D)."""
    packing = Packing.of(np.array([len(sequence) for sequence in sequences]))
    padded = pad_sequence([torch.tensor(sequence) for sequence in sequences])
    return ClusterBatch(packing.pack(padded), packing)


def calls(number: int = 8, seed: int = 0, longest: int = 6) -> list[LabeledSequence]:
    """Turns of up to three of five people, whose centres are far from each other."""
    generator = np.random.default_rng(seed)
    centers, found = 3 * generator.normal(size=(5, DIM)), []
    for one in range(number):
        people = generator.permutation(5)[:3]
        labels = np.repeat(people[generator.integers(3, size=8)], generator.integers(1, longest, size=8))
        x = centers[labels] + generator.normal(size=(len(labels), DIM))
        found.append(LabeledSequence(x, [f"caller {label}" for label in labels], name=f"call {one}"))
    return found


def new_model(kind: str = "gru", **arguments: Any) -> uisrnn.UISRNN:
    """A model of few parameters that is not trained."""
    given = {"observation_dim": DIM, "rnn_hidden_size": 4, "crp_alpha": None, "seed": 1, "verbosity": 0}
    return uisrnn.UISRNN(ModelArguments(kind, **(given | arguments)))


def stage_context(patience: int | None = None, team: Team = SINGLE_PROCESS) -> StageContext:
    """Nothing is kept, and there is time."""
    return StageContext(team, Checkpointer(0), Deadline(None), patience)


class StopsAfter(SilentWatcher):
    """A watcher who interrupts a training after so many steps of all its stages.

    Args:
        steps: how many.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def stage(self, name: str) -> "_Steps":
        return _Steps(self)


class _Steps(Silent):
    def __init__(self, watcher: StopsAfter) -> None:
        self._watcher = watcher

    def advance(self, steps: int = 1, **figures: float) -> None:
        if "loss" in figures:  # else it tells what was done before
            self._watcher.left -= steps
            if self._watcher.left == 0:
                raise KeyboardInterrupt


class Notes(SilentWatcher):
    """A watcher who writes down what it is told.

    Attributes:
        started_with: the groups of arguments.
        steps: stage, how many, and figures; 0 steps for figures that are recorded.
        left: stages that have ended.
        scalars: what was learned.
    """

    def __init__(self) -> None:
        self.started_with: list[str] = []
        self.steps: list[tuple[str, int, dict[str, float]]] = []
        self.left: list[str] = []
        self.scalars: dict[str, float] = {}

    def started(self, **arguments: Any) -> None:
        self.started_with = list(arguments)

    def stage(self, name: str) -> "_NotedStage":
        return _NotedStage(self, name)

    def learned(self, **scalars: float) -> None:
        self.scalars = scalars


class _NotedStage(Silent):
    def __init__(self, notes: Notes, name: str) -> None:
        self._notes, self._name = notes, name

    def __exit__(self, *_error: object) -> None:
        self._notes.left.append(self._name)

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._notes.steps.append((self._name, steps, figures))

    def record(self, **figures: float) -> None:
        self._notes.steps.append((self._name, 0, figures))


class _Table:
    """Where threads lay what they exchange."""

    def __init__(self, size: int) -> None:
        self.values: list[Any] = [None] * size
        self.barrier = Barrier(size, timeout=60)


class Member:
    """One of a team of threads; see `uisrnn.training.team.Team`."""

    def __init__(self, rank: int, table: _Table) -> None:
        self.rank, self.size, self._table = rank, len(table.values), table

    def gather(self, value: Any) -> list[Any]:
        self._table.values[self.rank] = value
        self._table.barrier.wait()
        found = list(self._table.values)
        self._table.barrier.wait()
        return found

    def sum(self, values: np.ndarray) -> np.ndarray:
        return np.sum(self.gather(np.array(values, dtype=np.float64)), axis=0)

    def agree(self, value: bool) -> bool:
        return bool(self.gather(value)[0])

    def average(self, tensors: list[Tensor]) -> None:
        everybody = self.gather([one.clone() for one in tensors])
        for tensor, others in zip(tensors, zip(*everybody, strict=True), strict=True):
            tensor.copy_(torch.stack(others).mean(0))


def together(work: Callable[[Member], Any], size: int = 2) -> list[Any]:
    """What each of a team of threads makes of its work; an error of one is raised here."""
    table, found, errors = _Table(size), [None] * size, []

    def run(rank: int) -> None:
        try:
            found[rank] = work(Member(rank, table))
        except Exception as error:  # raised again below
            errors.append(error)
            table.barrier.abort()

    threads = [Thread(target=run, args=(rank,)) for rank in range(size)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if errors:
        raise errors[0]
    return found
