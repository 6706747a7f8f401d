"""Checkpoints of a training, from which another process can resume it after a kill."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from uisrnn.checkpoint import container
from uisrnn.checks import require_integer
from uisrnn.errors import ArgumentError, CheckpointError
from uisrnn.training.loop import Checkpointer, Stage, StageRecord
from uisrnn.training.store import FolderStore, Store
from uisrnn.training.team import SINGLE_PROCESS, Team
from uisrnn.training.tensors import Tensors, are_equal

FORMAT_VERSION = 1
_LONGEST = 1e12  # minutes
_KEY = "uisrnn-training"


class Checkpoints:
    """Checkpoints of `UISRNN.fit` in a folder, to resume a training after a kill.

    A checkpoint is written every few minutes and at the end of each stage. It holds weights, optimizers, schedules,
    randomness and the position in the data. A resumed training gives bit for bit (on a CPU, with the same number of
    threads) the model of an uninterrupted training. It reads the data again. The data and the arguments except
    `max_time` must be the same; the seed of the first call counts.

    Args:
        folder: folder of a single training; it is created if it is missing. A checkpoint is always whole.
        every: minutes between two checkpoints.
        keep: number of the last checkpoints that stay.
        resume: resume from the last checkpoint, or begin if there is none. Without `resume`, the folder must hold no
            checkpoint.

    Raises:
        ArgumentError: an argument is not acceptable.

    >>> import tempfile, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4, seed=0))
    >>> args = uisrnn.TrainingArguments(train_iteration=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = model.fit([[[0, 1], [1, 0]]], [["ann", "bob"]], args, checkpoints=uisrnn.Checkpoints(folder))
    ...     os.listdir(folder)
    ['checkpoint-00000000.safetensors']
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, every: float = 10.0, keep: int = 3, resume: bool = False
    ) -> None:
        path = os.fspath(folder) if isinstance(folder, (str, os.PathLike)) else None
        if not isinstance(path, str) or not path or "\0" in path:
            raise ArgumentError(f"folder must be a path, but is {folder!r:.80}")
        if isinstance(every, bool) or not isinstance(every, (int, float)) or not 0 <= every < _LONGEST:
            raise ArgumentError(f"every must be a number of minutes >= 0, but is {every!r:.80}")
        self.folder = Path(folder)
        self.every = float(every)
        self.resume = bool(resume)
        self.keep = require_integer("keep", keep, 1)

    def begin(self, facts: Mapping[str, Any], seed: int, team: Team = SINGLE_PROCESS) -> "StoringCheckpointer":
        """The checkpointer of a training.

        Args:
            facts: values that JSON can hold and that a resumed training must share, by their names in error messages.
            seed: seed of the training if it begins now.
            team: processes that train together; the first process writes.

        Raises:
            ArgumentError: the folder holds checkpoints of another training, or `resume` is False.
            CheckpointError: the last checkpoint is damaged.
            OSError: the folder cannot be created or read.
        """
        store = FolderStore(self.folder, self.keep, writes=team.rank == 0)
        if not self.resume and team.agree(store.latest() is not None):
            store.close()
            raise ArgumentError(
                f"{self.folder} holds checkpoints of an earlier training: go on with resume, or take another folder"
            )
        try:
            return StoringCheckpointer(store, self.every, facts, seed, team)
        except BaseException:
            store.close()
            raise


class StoringCheckpointer(Checkpointer):
    """Puts the state of all stages so far into a store.

    Args:
        store: place of the checkpoints.
        every: minutes between two checkpoints.
        facts: see `Checkpoints.begin`.
        seed: see `Checkpoints.begin`.
        team: see `Checkpoints.begin`.

    Attributes:
        seed: seed of the training; a resumed training has its first seed.
        resumed_from: name of the checkpoint from which the training resumes, else None.
    """

    def __init__(
        self, store: Store, every: float, facts: Mapping[str, Any], seed: int, team: Team = SINGLE_PROCESS
    ) -> None:
        self._store = store
        self._seconds = 60 * every
        self._team = team
        self._tensors: dict[str, Tensors] = {}
        self._header = {"format_version": FORMAT_VERSION, "facts": json.loads(json.dumps(facts)), "seed": seed}
        self.resumed_from: str | None = None
        latest = team.gather(store.latest() if team.rank == 0 else None)[0]  # other processes may not see the folder
        if latest is not None:
            self.resumed_from = latest[0]
            self._take(*latest)
        super().__init__(int(self._header["seed"]))
        self._next = time.monotonic() + self._seconds

    def _take(self, name: str, content: bytes) -> None:
        """Take over a checkpoint of this training."""
        try:
            tensors, header = container.unpack(content, _KEY, "checkpoint", "not a checkpoint of a training")
            if header.get("format_version") != FORMAT_VERSION:
                raise CheckpointError(f"its format {header.get('format_version')!r:.20} is not known here")
            if not isinstance(header.get("seed"), int) or not isinstance(header.get("facts"), dict):
                raise CheckpointError("its header is damaged")
        except CheckpointError as error:
            raise CheckpointError(f"{name}: {error}; without this file, the checkpoint before it is taken") from error
        for fact, value in self._header["facts"].items():
            if header["facts"].get(fact) != value:
                raise ArgumentError(_difference(name, fact, header["facts"].get(fact), value))
        self._header["seed"] = header["seed"]
        for path, tensor in tensors.items():
            stage, _slash, tensor_name = path.partition("/")
            self._tensors.setdefault(stage, {})[tensor_name] = tensor

    def resumed(self, stage: Stage) -> StageRecord:
        tensors = self._tensors.get(stage.name)
        if tensors is None:
            return StageRecord()
        try:
            stage.restore({name: tensor.clone() for name, tensor in tensors.items() if not name.startswith(_RECORD)})
            return _record_of({name: tensor for name, tensor in tensors.items() if name.startswith(_RECORD)})
        except CheckpointError as error:
            raise CheckpointError(f"{self.resumed_from}: does not fit this training: {error}") from error
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise CheckpointError(f"{self.resumed_from}: does not fit this training: {error!r:.200}") from error

    def is_due(self) -> bool:
        return self._team.agree(time.monotonic() >= self._next)

    def keep(self, stage: Stage, record: StageRecord) -> None:
        now = {**stage.tensors(), **_tensors_of(record)}
        before = self._tensors.get(stage.name)
        if before is not None and are_equal(before, now):  # the training resumed from the end of this stage
            return
        self._tensors[stage.name] = {name: tensor.detach().cpu().clone() for name, tensor in now.items()}
        tensors = {f"{name}/{key}": tensor for name, held in self._tensors.items() for key, tensor in held.items()}
        self._store.put(container.pack(tensors, _KEY, self._header))
        self._next = time.monotonic() + self._seconds

    def close(self) -> None:
        self._store.close()


_RECORD = "course."  # prefix of the keys of a record in files
_CHECKS = "course.checks"
_FIGURES = "course.figures."


def _tensors_of(record: StageRecord) -> Tensors:
    """A record as tensors, which hold any number exactly."""
    figures = {
        f"{_FIGURES}{name}": torch.tensor(values, dtype=torch.float64) for name, values in record.figures.items()
    }
    return {
        "course.now": torch.tensor([record.iteration, int(record.ended)]),
        "course.losses": torch.tensor(record.losses, dtype=torch.float64),
        "course.skipped": torch.tensor(record.skipped, dtype=torch.int64),
        _CHECKS: torch.tensor(list(record.checks.items()), dtype=torch.float64).reshape(-1, 2),
        **figures,
    }


def _record_of(tensors: Tensors) -> StageRecord:
    iteration, ended = tensors["course.now"].tolist()
    return StageRecord(
        iteration=int(iteration),
        losses=tensors["course.losses"].tolist(),
        figures={
            name.removeprefix(_FIGURES): values.tolist()
            for name, values in tensors.items()
            if name.startswith(_FIGURES)
        },
        skipped=tensors["course.skipped"].tolist(),
        checks={int(number): loss for number, loss in tensors[_CHECKS].tolist()},
        ended=bool(ended),
    )


def _difference(name: str, fact: str, before: Any, now: Any) -> str:
    """The error text for a checkpoint of another training."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = [key for key in now if before.get(key) != now[key]]
        listed = ", ".join(f"{key} was {before.get(key)!r}, is {now[key]!r}" for key in names)
        return f"{name}: a training goes on with the {fact} that it began with, but {listed:.300}"
    return f"{name}: a training goes on with the {fact} that it began with, but these are others"


def require_checkpoints(checkpoints: object) -> None:
    """Require `Checkpoints` or None.

    Raises:
        ArgumentError: `checkpoints` is another object.
    """
    if not isinstance(checkpoints, Checkpoints | None):
        raise ArgumentError(f"checkpoints must be Checkpoints('folder') or None, but is {checkpoints!r:.80}")
