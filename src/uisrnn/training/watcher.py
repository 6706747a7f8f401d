"""Watchers receive the figures of a training while it runs. The default watcher ignores them."""

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, runtime_checkable

from uisrnn.arguments import TrainingArguments
from uisrnn.errors import ArgumentError
from uisrnn.progress import Progress, ProgressPair, Silent, bar_for


@runtime_checkable
class Watcher(Protocol):
    """Receives the figures of `UISRNN.fit`; a context manager that ends with the training, also after an error."""

    def __enter__(self) -> "Watcher": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def started(self, **arguments: Mapping[str, object]) -> None:
        """The training begins, with these groups of arguments."""

    def stage(self, name: str) -> Progress:
        """A stage begins; the returned `Progress` receives its steps and figures."""

    def learned(self, **scalars: float) -> None:
        """The training has ended, and the model has these scalars."""


def require_watcher(watcher: object) -> None:
    """Require a `Watcher`.

    Raises:
        ArgumentError: `watcher` is another object.
    """
    if not isinstance(watcher, Watcher):
        raise ArgumentError(f"watcher must be a Watcher, for example TensorBoard('runs/1'), but is {watcher!r:.80}")


class SilentWatcher:
    """A watcher that ignores everything; derive a watcher from it to override some methods."""

    def __enter__(self) -> "SilentWatcher":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def started(self, **arguments: Mapping[str, object]) -> None:
        pass

    def stage(self, name: str) -> Progress:
        return Silent()

    def learned(self, **scalars: float) -> None:
        pass


SILENT_WATCHER = SilentWatcher()


def progress_of(stage: str, args: TrainingArguments, verbosity: int, watcher: Watcher) -> Progress:
    """The progress of a stage: a bar if the verbosity is at least 2, and the progress of the watcher.

    Args:
        stage: `"generative"` or `"discriminative"`.
        args: arguments of the training.
        verbosity: see `ModelArguments`.
        watcher: see `Watcher`.
    """
    iterations, description = {
        "generative": (args.train_iteration, "training"),
        "discriminative": (args.discriminative_iteration, "training discriminatively"),
    }[stage]
    return ProgressPair(bar_for(verbosity, iterations, description), watcher.stage(stage))
