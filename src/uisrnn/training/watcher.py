"""Who follows a training while it goes on, handed in as an object: nobody, unless somebody is given."""

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, runtime_checkable

from uisrnn.arguments import TrainingArguments
from uisrnn.errors import ArgumentError
from uisrnn.progress import Progress, ProgressPair, Silent, bar_for


@runtime_checkable
class Watcher(Protocol):
    """What `UISRNN.fit` tells about a training; a context manager that is left when it ends, however it ends."""

    def __enter__(self) -> "Watcher": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def started(self, **arguments: Mapping[str, object]) -> None:
        """It begins, with these groups of arguments."""

    def stage(self, name: str) -> Progress:
        """A part of it begins; what is returned is told its steps and figures."""

    def learned(self, **scalars: float) -> None:
        """It is done, and the model has these scalars."""


def require_watcher(watcher: object) -> None:
    """See to it that it is one.

    Raises:
        ArgumentError: it is not.
    """
    if not isinstance(watcher, Watcher):
        raise ArgumentError(f"watcher must be one, for example TensorBoard('runs/1'), but is {watcher!r:.80}")


class Nobody:
    """A watcher who does not look."""

    def __enter__(self) -> "Nobody":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def started(self, **arguments: Mapping[str, object]) -> None:
        """Do nothing."""

    def stage(self, name: str) -> Progress:
        """Silence."""
        return Silent()

    def learned(self, **scalars: float) -> None:
        """Do nothing."""


NOBODY = Nobody()


def progress_of(stage: str, args: TrainingArguments, verbosity: int, watcher: Watcher) -> Progress:
    """A bar, where the verbosity is at least 2, and what a watcher makes of a stage.

    Args:
        stage: `"generative"` or `"discriminative"`.
        args: of the training.
        verbosity: see `ModelArguments`.
        watcher: see `Watcher`.
    """
    iterations, description = {
        "generative": (args.train_iteration, "training"),
        "discriminative": (args.discriminative_iteration, "training discriminatively"),
    }[stage]
    return ProgressPair(bar_for(verbosity, iterations, description), watcher.stage(stage))
