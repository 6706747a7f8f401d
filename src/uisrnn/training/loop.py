"""The loop over gradient steps: which steps are skipped, when the loop ends, and which parameters are kept."""

import math
import time
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


class Stage(Protocol):
    """A kind of gradient steps, generative or discriminative.

    Attributes:
        name: name of the stage.
        iterations: number of steps.
        check_every: number of iterations between two checks on the development sequences.
        cure: advice for users if the loss is never finite.
    """

    name: str
    iterations: int
    check_every: int
    cure: str

    def start(self) -> None:
        """Prepare the first step. The loop does not call this if it resumes from a checkpoint."""

    def step(self, iteration: int) -> Step:
        """Take a step. The random numbers of a step depend on the iteration alone."""

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

    def offer(self, stage: Stage, record: StageRecord) -> None:
        """Keep the state after a step if enough time has passed since the last checkpoint."""

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

    Args:
        stage: the stage; it is settled afterwards.
        context: see `StageContext`.
        progress: receives the loss and the other values after each step.

    Raises:
        TrainingError: the loss was not finite `MOST_SKIPPED` times in a row.
    """
    record = context.checkpointer.resumed(stage)
    first = record.iteration
    with progress:
        if record.iteration:
            progress.advance(record.iteration)
        else:
            stage.start()
        while not record.ended:
            _check(stage, record, context, progress)
            if record.iteration >= stage.iterations:
                record.ended = True
            is_over = context.deadline.is_over(context.team)
            if record.ended or (is_over and record.iteration > first):  # each call takes at least one step
                break
            step = stage.step(record.iteration)
            record.note(step)
            _require_hope(stage, record, step)
            context.checkpointer.offer(stage, record)
            progress.record(**step.figures)
            progress.advance(loss=step.loss)
        context.checkpointer.keep(stage, record)
    stage.settle()
    return record


def _require_hope(stage: Stage, record: StageRecord, step: Step) -> None:
    most = min(MOST_SKIPPED, stage.iterations)
    if record.is_hopeless(most):
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in step.figures.items())
        raise TrainingError(
            f"iteration {record.iteration - 1}: the loss or its gradient was not finite {most} times "
            f"in a row (loss {step.loss}, {figures}); {stage.cure}"
        )


def _check(stage: Stage, record: StageRecord, context: StageContext, progress: Progress) -> None:
    """Compute the loss on the development sequences if a check is due; end the stage if patience is over."""
    iteration = record.iteration
    is_due = iteration % stage.check_every == 0 or iteration == stage.iterations
    if not is_due or iteration in record.checks:
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
