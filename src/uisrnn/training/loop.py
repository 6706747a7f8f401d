"""The loop over gradient steps: which steps are skipped, when the loop ends, and which parameters are kept."""

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from torch import Tensor

from uisrnn.errors import TrainingError
from uisrnn.progress import Progress
from uisrnn.training.team import Team

MOST_SKIPPED = 10
"""The loop fails after this many steps in a row without a finite loss, or after all steps if there are fewer."""


class Step(NamedTuple):
    """The result of a step.

    Attributes:
        loss: the value that training minimises.
        figures: other values, by name.
        taken: whether parameters changed; False if the loss or its gradient is not finite.
    """

    loss: float
    figures: dict[str, float]
    taken: bool

    def read(self) -> "Step":
        """This step; see `Report`."""
        return self


class Report(Protocol):
    """The result of a step, which may still be on its way from a device."""

    def read(self) -> Step:
        """Wait for the result."""


class Stage(Protocol):
    """A kind of gradient steps, generative or discriminative.

    Attributes:
        name: name of the stage.
        iterations: number of steps.
        check_every: number of iterations between two checks on the development sequences.
        cure: advice for users if the loss is never finite.
        most_unread: number of steps that may follow a step before the loop reads its result; 0 if results never wait
            for a device.
    """

    name: str
    iterations: int
    check_every: int
    cure: str
    most_unread: int

    def start(self) -> None:
        """Prepare the first step. The loop does not call this if it resumes from a checkpoint."""

    def step(self, iteration: int) -> Report:
        """Take a step, unless its loss or gradient is not finite.

        The random numbers of a step depend on the iteration alone.
        """

    def check(self) -> float | None:
        """The loss on the development sequences; None without development sequences."""

    def remember(self) -> None:
        """Keep a copy of the current parameters, which are the best so far."""

    def settle(self) -> None:
        """Take the best parameters after the last step; without development sequences, the last parameters."""

    def tensors(self) -> dict[str, Tensor]:
        """All that another process needs to resume the stage, except its `StageRecord`."""

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over the result of `tensors`.

        Raises:
            CheckpointError: the tensors do not fit.
        """


@dataclass
class StageRecord:
    """The record of a stage so far.

    Attributes:
        iteration: the next iteration.
        losses: loss of each step that was taken.
        figures: other values of each step that was taken, by name.
        skipped: iterations without a finite loss.
        checks: loss on the development sequences, by iteration.
        ended: whether the stage takes no further step, however much time is left.
    """

    iteration: int = 0
    losses: list[float] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=dict)
    skipped: list[int] = field(default_factory=list)
    checks: dict[int, float] = field(default_factory=dict)
    ended: bool = False

    @property
    def chosen(self) -> int:
        """The iteration whose parameters are kept."""
        return min(self.checks, key=lambda number: (self.checks[number], number)) if self.checks else self.iteration

    def note(self, step: Step) -> None:
        """Add a step."""
        if step.taken:
            self.losses.append(step.loss)
            for name, value in step.figures.items():
                self.figures.setdefault(name, []).append(value)
        else:
            self.skipped.append(self.iteration)
        self.iteration += 1

    def is_hopeless(self, most: int) -> bool:
        """Whether the last `most` steps were all skipped."""
        return self.skipped[-most:] == list(range(self.iteration - most, self.iteration))


class Deadline:
    """A moment after which no step begins; the clock of the first process of a team counts.

    Args:
        seconds: time from now; None: no deadline.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def is_over(self, team: Team) -> bool:
        """Whether the moment has passed."""
        return self._end < math.inf and team.agree(time.monotonic() >= self._end)


class Checkpointer:
    """Keeps the state of stages while they run. This base class keeps nothing.

    Args:
        seed: seed of the training.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def resumed(self, stage: Stage) -> StageRecord:
        """The record of a stage so far, after the stage has taken over its tensors from a checkpoint."""
        return StageRecord()

    def is_due(self) -> bool:
        """Whether enough time has passed since the last checkpoint."""
        return False

    def keep(self, stage: Stage, record: StageRecord) -> None:
        """Keep the state now."""

    def close(self) -> None:
        """End the training, whether it failed or not."""


@dataclass(frozen=True)
class StageContext:
    """Objects that a stage shares with the whole training.

    Attributes:
        team: processes that train together.
        checkpointer: keeper of the state.
        deadline: moment after which no step begins.
        patience: number of iterations without a better check after which a stage ends; None: no limit.
    """

    team: Team
    checkpointer: Checkpointer
    deadline: Deadline
    patience: int | None = None


def run(stage: Stage, context: StageContext, progress: Progress) -> StageRecord:
    """Take the steps of a stage until all are taken, or time or patience is over.

    The results of steps on a GPU are read a few steps later, so the GPU never waits for the loop. The record of all
    steps is complete whenever something depends on the record: at checks, checkpoints and at the end.

    Args:
        stage: the stage; it is settled afterwards.
        context: see `StageContext`.
        progress: receives the loss and the other values after each step.

    Raises:
        TrainingError: the loss was not finite `MOST_SKIPPED` times in a row.
    """
    record = context.checkpointer.resumed(stage)
    first = record.iteration
    unread = _Unread(stage, record, progress)
    with progress:
        if record.iteration:
            progress.advance(record.iteration)
        else:
            stage.start()
        while not record.ended:
            if _is_check_due(stage, unread.next_iteration):
                unread.read_all()
                unread.tell()
                _check(stage, record, context, progress)
            if unread.next_iteration >= stage.iterations:
                record.ended = True
            is_over = context.deadline.is_over(context.team)
            if record.ended or (is_over and unread.next_iteration > first):  # each call takes at least one step
                break
            unread.add(stage.step(unread.next_iteration))
            if context.checkpointer.is_due():
                unread.read_all()
                context.checkpointer.keep(stage, record)
            unread.tell()
        unread.read_all()
        unread.tell()
        context.checkpointer.keep(stage, record)
    stage.settle()
    return record


class _Unread:
    """The last steps, whose results the record lacks.

    Args:
        stage: the stage.
        record: receives the results in their order.
        progress: see `run`.
    """

    def __init__(self, stage: Stage, record: StageRecord, progress: Progress) -> None:
        self._stage = stage
        self._record = record
        self._progress = progress
        self._reports: deque[Report] = deque()
        self._untold: list[Step] = []

    @property
    def next_iteration(self) -> int:
        """The iteration of the next step."""
        return self._record.iteration + len(self._reports)

    def add(self, report: Report) -> None:
        """Add a step, and read the steps that are more than `most_unread` steps old."""
        self._reports.append(report)
        self._read_until(self._stage.most_unread)

    def read_all(self) -> None:
        """Read all steps."""
        self._read_until(0)

    def _read_until(self, left: int) -> None:
        while len(self._reports) > left:
            step = self._reports.popleft().read()
            self._record.note(step)
            _require_hope(self._stage, self._record, step)
            self._untold.append(step)

    def tell(self) -> None:
        """Report the steps that were read since the last call."""
        told = self._untold
        self._untold = []
        for step in told:
            self._progress.record(**step.figures)
            self._progress.advance(loss=step.loss)


def _require_hope(stage: Stage, record: StageRecord, step: Step) -> None:
    most = min(MOST_SKIPPED, stage.iterations)
    if record.is_hopeless(most):
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in step.figures.items())
        raise TrainingError(
            f"iteration {record.iteration - 1}: the loss or its gradient was not finite {most} times "
            f"in a row (loss {step.loss}, {figures}); {stage.cure}"
        )


def _is_check_due(stage: Stage, iteration: int) -> bool:
    return iteration % stage.check_every == 0 or iteration == stage.iterations


def _check(stage: Stage, record: StageRecord, context: StageContext, progress: Progress) -> None:
    """Compute the loss on the development sequences; end the stage if patience is over."""
    iteration = record.iteration
    if iteration in record.checks:
        return
    loss = stage.check()
    if loss is None:
        return
    loss = math.inf if math.isnan(loss) else loss  # NaN is worse than any number
    if all(loss < earlier for earlier in record.checks.values()):
        stage.remember()
    record.checks[iteration] = loss
    progress.record(development=loss)
    if context.patience is not None and iteration - record.chosen >= context.patience:
        record.ended = True


def is_finite(values: list[float]) -> bool:
    """Whether all values are finite numbers."""
    return math.isfinite(sum(values))
