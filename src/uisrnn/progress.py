"""Progress of long work, as an object that the caller hands in."""

from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Protocol

from tqdm import tqdm


class Progress(Protocol):
    """Receives the progress of long work; a context manager that is left when the work ends."""

    def __enter__(self) -> "Progress": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Count `steps` steps as done, and show `figures` beside the bar."""

    def record(self, **figures: float) -> None:
        """Take figures of the current step, which a bar does not show but a file can hold."""


class Silent:
    """Progress that is not shown."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def advance(self, steps: int = 1, **figures: float) -> None:
        pass

    def record(self, **figures: float) -> None:
        pass


class Bar:
    """A progress bar with figures and time left on the standard error stream.

    It appears only if the stream is a terminal and the work takes longer than a second.

    Args:
        total: number of steps; None: unknown.
        description: the name of the work, a word or two.
    """

    def __init__(self, total: int | None, description: str) -> None:
        self._lock = Lock()
        self._bar = tqdm(total=total, desc=description, disable=None, delay=1.0, dynamic_ncols=True)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, steps: int = 1, **figures: float) -> None:
        with self._lock:  # workers of parallel prediction share the bar
            if figures:
                self._bar.set_postfix(figures, refresh=False)
            self._bar.update(steps)

    def record(self, **figures: float) -> None:
        pass  # there is no room beside a bar


class ProgressPair:
    """Passes progress on to two receivers.

    Args:
        first: a receiver.
        second: another receiver.
    """

    def __init__(self, first: Progress, second: Progress) -> None:
        self._receivers = (first, second)
        self._entered = ExitStack()

    def __enter__(self) -> "ProgressPair":
        with ExitStack() as entered:
            for receiver in self._receivers:
                entered.enter_context(receiver)
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)

    def advance(self, steps: int = 1, **figures: float) -> None:
        for receiver in self._receivers:
            receiver.advance(steps, **figures)

    def record(self, **figures: float) -> None:
        for receiver in self._receivers:
            receiver.record(**figures)


def bar_for(verbosity: int, total: int | None, description: str) -> Progress:
    """A bar if the verbosity is at least 2, else progress that is not shown."""
    return Bar(total, description) if verbosity >= 2 else Silent()
