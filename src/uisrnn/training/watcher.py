"""Who follows a training while it goes on, handed in as an object: nobody, unless somebody is given."""

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, runtime_checkable

from uisrnn.progress import Progress, Silent


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
