"""Progress of long work, handed in as an object: silent unless somebody watches."""

from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Protocol

from tqdm import tqdm


class Progress(Protocol):
    """What long work tells about itself; a context manager that is left when the work ends."""

    def __enter__(self) -> "Progress": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def advance(self, steps: int = 1, **figures: float) -> None:
        """These many steps are done; `figures` are shown beside the bar."""

    def record(self, **figures: float) -> None:
        """Figures of the step that is being done, for those who keep all of them."""


class Silent:
    """Progress that nobody sees."""

    def __enter__(self) -> "Silent":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Do nothing."""

    def record(self, **figures: float) -> None:
        """Do nothing."""


class Bar:
    """A progress bar with figures and time left on the standard error stream.

    It appears only if that stream is a terminal and the work takes longer than a second.

    Args:
        total: number of steps; None: nobody knows it before.
        description: what is being done, a word or two.
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
        """Move the bar by these many steps and show `figures` beside it."""
        with self._lock:  # workers of parallel prediction share the bar
            if figures:
                self._bar.set_postfix(figures, refresh=False)
            self._bar.update(steps)

    def record(self, **figures: float) -> None:
        """Show nothing: there is no room beside a bar."""


class Both:
    """Two that are told the same.

    Args:
        first: one.
        second: another.
    """

    def __init__(self, first: Progress, second: Progress) -> None:
        self._two = (first, second)
        self._entered = ExitStack()

    def __enter__(self) -> "Both":
        with ExitStack() as entered:
            for one in self._two:
                entered.enter_context(one)
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, trace)

    def advance(self, steps: int = 1, **figures: float) -> None:
        """See `Progress.advance`."""
        for one in self._two:
            one.advance(steps, **figures)

    def record(self, **figures: float) -> None:
        """See `Progress.record`."""
        for one in self._two:
            one.record(**figures)


def bar_for(verbosity: int, total: int | None, description: str) -> Progress:
    """A bar where the verbosity is at least 2, else silence."""
    return Bar(total, description) if verbosity >= 2 else Silent()
