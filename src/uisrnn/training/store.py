"""Places for checkpoints: the protocol, and a folder."""

import errno
import os
import re
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from uisrnn.errors import ArgumentError
from uisrnn.files import write_atomically

if sys.platform != "win32":
    import fcntl

_NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")


class Store(Protocol):
    """A place for checkpoints."""

    def latest(self) -> tuple[str, bytes] | None:
        """Name and content of the last checkpoint; None without any checkpoint."""

    def put(self, content: bytes) -> None:
        """Add a checkpoint in a single step. All processes of a team call this with the same content."""

    def close(self) -> None:
        """Release the place; the training puts no further checkpoint."""


class FolderStore:
    """A folder with the last checkpoints.

    Args:
        path: the folder; it is created if it is missing.
        keep: number of checkpoints that stay.
        writes: whether this process of a team writes.

    Raises:
        ArgumentError: another process writes to the folder now.
        OSError: the folder cannot be created or written to.
    """

    def __init__(self, path: Path, keep: int, writes: bool = True) -> None:
        self._path = path
        self._keep = keep
        self._writes = writes
        path.mkdir(parents=True, exist_ok=True)
        if writes and not os.access(path, os.W_OK):  # fail now, not at the first checkpoint
            raise OSError(errno.EACCES, "Checkpoints cannot be written there", str(path))
        self._unlock = _locked(self, path) if writes else lambda: None

    def _numbers(self) -> list[int]:
        matches = [_NAME.fullmatch(file.name) for file in self._path.iterdir()]
        return sorted(int(match[1]) for match in matches if match)

    def _file(self, number: int) -> Path:
        return self._path / f"checkpoint-{number:08}.safetensors"

    def latest(self) -> tuple[str, bytes] | None:
        numbers = self._numbers()
        return (str(self._file(numbers[-1])), self._file(numbers[-1]).read_bytes()) if numbers else None

    def put(self, content: bytes) -> None:
        """Add a checkpoint, then delete the oldest checkpoints."""
        if not self._writes:
            return
        numbers = self._numbers()
        write_atomically(self._file(numbers[-1] + 1 if numbers else 0), content)
        for number in numbers[: len(numbers) + 1 - self._keep]:
            self._file(number).unlink(missing_ok=True)

    def close(self) -> None:
        self._unlock()


def _locked(owner: FolderStore, folder: Path) -> Callable[[], object]:
    """Lock a folder until the owner is deleted or the returned function is called."""
    if sys.platform == "win32":
        return lambda: None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise ArgumentError(f"{folder}: another training keeps its checkpoints there now") from error
    return weakref.finalize(owner, os.close, handle)
