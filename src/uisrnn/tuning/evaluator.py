"""The seam between the search and the machines that evaluate trials; evaluation in this process."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from uisrnn.checks import require_integer
from uisrnn.tuning.space import Values
from uisrnn.tuning.task import SequenceScores, Task


class TrialRunner(Protocol):
    """Evaluates the trials of a task."""

    @property
    def batch_size(self) -> int:
        """Number of trials that are proposed together, at least 1. A proposal ignores the others of its batch."""

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        """The results of `Task.scored` for each proposal in order, each as soon as it is known."""


@runtime_checkable
class Evaluator(Protocol):
    """Makes runners for the trials of `tune`.

    The result of `tune` depends on the batch size, but not on the place or the order of the evaluations.
    """

    def ready(self, task: Task) -> AbstractContextManager[TrialRunner]:
        """A runner; the context releases its resources.

        Args:
            task: the work of a trial.
        """


@dataclass(frozen=True)
class LocalTrials:
    """Evaluates trials in this process, one after another.

    Args:
        batch_size: number of trials that are proposed together. Larger batches use less knowledge of earlier trials;
            they reproduce the result of an evaluator that runs several trials at once.

    Raises:
        ArgumentError: `batch_size` is less than 1.
    """

    batch_size: int = 1

    def __post_init__(self) -> None:
        require_integer("batch_size", self.batch_size, 1)

    def ready(self, task: Task) -> AbstractContextManager[TrialRunner]:
        return nullcontext(_LocalRunner(task, self.batch_size))


@dataclass(frozen=True)
class _LocalRunner:
    task: Task
    batch_size: int

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        return map(self.task.scored, proposals)


LOCAL_TRIALS = LocalTrials()
