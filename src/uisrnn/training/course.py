"""Gradient steps of any kind, one after another: what is skipped, when they end, what is kept of them."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from torch import Tensor

from uisrnn.errors import TrainingError
from uisrnn.progress import Progress
from uisrnn.training.deadline import Deadline
from uisrnn.training.team import Team

MOST_SKIPPED = 10
"""Steps in a row whose loss is not finite, after which there is no hope; or all, where they are fewer."""


class Step(NamedTuple):
    """What a step tells.

    Attributes:
        loss: what is made small.
        figures: others, by name.
        taken: whether parameters changed; not where the loss or its gradient is not finite.
    """

    loss: float
    figures: dict[str, float]
    taken: bool


class Stage(Protocol):
    """One kind of gradient steps.

    Attributes:
        name: of it.
        iterations: how many steps there are.
        check_every: iterations from one look at what was kept apart to the next.
        cure: what to do where the loss is never finite, for people.
    """

    name: str
    iterations: int
    check_every: int
    cure: str

    def start(self) -> None:
        """Before the first step; not where it goes on from a checkpoint."""

    def step(self, iteration: int) -> Step:
        """One step. What it draws depends on the iteration alone."""

    def check(self) -> float | None:
        """The loss on what was kept apart; None where nothing was."""

    def remember(self) -> None:
        """The parameters of now are the best so far."""

    def settle(self) -> None:
        """It has ended: take the best parameters, or the last where nothing was kept apart."""

    def tensors(self) -> dict[str, Tensor]:
        """All that another process needs to go on, but for the `Course`."""

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take what `tensors` gave.

        Raises:
            CheckpointError: it does not fit.
        """


@dataclass
class Course:
    """How a stage went so far.

    Attributes:
        iteration: the next one.
        losses: of the steps that were taken.
        figures: of the steps that were taken, by name.
        skipped: the iterations whose loss was not finite.
        checks: the loss on what was kept apart, by iteration.
        ended: whether there will be no further step, whatever time is left.
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
        return min(self.checks, key=lambda one: (self.checks[one], one)) if self.checks else self.iteration

    def note(self, step: Step) -> None:
        """A step was made."""
        if step.taken:
            self.losses.append(step.loss)
            for name, value in step.figures.items():
                self.figures.setdefault(name, []).append(value)
        else:
            self.skipped.append(self.iteration)
        self.iteration += 1

    def is_hopeless(self, most: int) -> bool:
        """Whether the last steps, so many of them, were all skipped."""
        return self.skipped[-most:] == list(range(self.iteration - most, self.iteration))


class Keeper(Protocol):
    """Who keeps checkpoints of a training: nobody, unless somebody is given."""

    def resumed(self, stage: Stage) -> Course:
        """How the stage went until now; what it needs to go on is restored."""

    def offer(self, stage: Stage, course: Course) -> None:
        """A step was made; keep it if it is time to."""

    def keep(self, stage: Stage, course: Course) -> None:
        """Keep it."""


@dataclass(frozen=True)
class Surroundings:
    """What a training runs in.

    Attributes:
        team: the processes that train together.
        keeper: of checkpoints.
        deadline: when no step begins any more.
        patience: iterations without a better check after which a stage ends; None: it does not.
    """

    team: Team
    keeper: Keeper
    deadline: Deadline
    patience: int | None = None


def run(stage: Stage, around: Surroundings, progress: Progress) -> Course:
    """Make all steps of a stage that there are time and patience for.

    Args:
        stage: what is trained; it is settled afterwards.
        around: see `Surroundings`.
        progress: told the loss and other figures after each step.

    Raises:
        TrainingError: the loss was not finite so many times in a row that it never will be.
    """
    course = around.keeper.resumed(stage)
    first = course.iteration
    most = min(MOST_SKIPPED, stage.iterations)
    with progress:
        if course.iteration:
            progress.advance(course.iteration)
        else:
            stage.start()
        while not course.ended:
            _check(stage, course, around, progress)
            if course.iteration >= stage.iterations:
                course.ended = True
            is_over = around.deadline.is_over(around.team)
            if course.ended or (is_over and course.iteration > first):  # each call gets somewhere
                break
            step = stage.step(course.iteration)
            course.note(step)
            if course.is_hopeless(most):
                figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in step.figures.items())
                raise TrainingError(
                    f"iteration {course.iteration - 1}: the loss or its gradient was not finite {most} times "
                    f"in a row (loss {step.loss}, {figures}); {stage.cure}"
                )
            around.keeper.offer(stage, course)
            progress.record(**step.figures)
            progress.advance(loss=step.loss)
        around.keeper.keep(stage, course)
    stage.settle()
    return course


def _check(stage: Stage, course: Course, around: Surroundings, progress: Progress) -> None:
    """Look at what was kept apart where it is time to, and end the stage where patience is over."""
    iteration = course.iteration
    is_due = iteration % stage.check_every == 0 or iteration == stage.iterations
    if not is_due or iteration in course.checks:
        return
    loss = stage.check()
    if loss is None:
        return
    loss = math.inf if math.isnan(loss) else loss  # which is worse than any other
    if all(loss < earlier for earlier in course.checks.values()):
        stage.remember()
    course.checks[iteration] = loss
    progress.record(development=loss)
    if around.patience is not None and iteration - course.chosen >= around.patience:
        course.ended = True


def is_finite(values: list[float]) -> bool:
    """Whether all of them are numbers to go on with."""
    return math.isfinite(sum(values))
