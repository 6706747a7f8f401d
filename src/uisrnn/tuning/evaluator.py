"""Where trials are done: the seam between the search and the machines, and what does them here."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from uisrnn.checks import require_integer
from uisrnn.tuning.space import Values
from uisrnn.tuning.task import SequenceScores, Task


class Bench(Protocol):
    """Where the trials of one task are done."""

    @property
    def batch_size(self) -> int:
        """How many trials are proposed together, from 1; none of them knows how the others of its batch did."""

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        """What `Task.scored` gives for each of these values, in their order, as soon as it is known."""


@runtime_checkable
class Evaluator(Protocol):
    """Does the trials of `tune`; the outcome depends on its batch size, but not on what is done where and when."""

    def ready(self, task: Task) -> AbstractContextManager[Bench]:
        """A place for the trials of a task, which is cleared away afterwards.

        Args:
            task: what a trial does.
        """


@dataclass(frozen=True)
class Here:
    """Trials in this process, one after another.

    Args:
        batch_size: trials that are proposed together. With more than one, later trials know less of earlier ones; the
            use of it is to compare with trials that are done elsewhere at the same time.

    Raises:
        ArgumentError: `batch_size` is less than 1.
    """

    batch_size: int = 1

    def __post_init__(self) -> None:
        require_integer("batch_size", self.batch_size, 1)

    def ready(self, task: Task) -> AbstractContextManager[Bench]:
        """See `Evaluator.ready`."""
        return nullcontext(_HereBench(task, self.batch_size))


@dataclass(frozen=True)
class _HereBench:
    task: Task
    batch_size: int

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        """See `Bench.scores`."""
        return map(self.task.scored, proposals)


HERE = Here()
