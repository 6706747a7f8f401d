"""Observations in a temporary file, from which any rows can be read."""

import os
import tempfile
from pathlib import Path
from threading import Lock

import numpy as np

from uisrnn.sequences.observations import Observations

_AHEAD = 2  # batches


class Spool:
    """A file of float32 rows, written in order and read in any order; a `RowReader`.

    The file has no name: no other process sees it, and the system removes it when it is closed or the process ends.
    Several threads may read.

    Args:
        folder: on a disk with room for all rows, 4 bytes a number; None: the system's folder for temporary files.
        dim: D, numbers in a row.

    Raises:
        OSError: the folder cannot be written to.

    >>> with Spool(None, 2) as spool:
    ...     spool.write(np.array([[1, 2], [3, 4]], np.float32))
    ...     spool.read(1, 2)
    array([[3., 4.]], dtype=float32)
    """

    ahead: int = _AHEAD

    def __init__(self, folder: str | os.PathLike[str] | None, dim: int) -> None:
        self._folder = Path(tempfile.gettempdir() if folder is None else folder)
        self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 -- open as long as this lives
        self._dim = dim
        self._length = 0
        self._lock = Lock()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __len__(self) -> int:
        """The number of rows."""
        return self._length

    def write(self, observations: Observations) -> None:
        """Add rows (n, D) at the end.

        Raises:
            OSError: the disk is full, for example; the message names the folder.
        """
        content = np.ascontiguousarray(observations, dtype=np.float32).reshape(-1).view(np.uint8).data
        with self._lock:
            self._file.seek(self._length * self._dim * 4)
            try:
                while len(content):  # a raw file may write a part only
                    content = content[self._file.write(content) :]
            except OSError as error:
                why = f"{error.strerror} (for a copy of the observations for training; `scratch` gives its folder)"
                raise OSError(error.errno, why, str(self._folder)) from error
            self._length += len(observations)

    def read(self, start: int, stop: int) -> Observations:
        """Rows `start` to `stop` - 1, (stop - start, D).

        Raises:
            OSError: the disk cannot be read.
        """
        rows = np.empty((stop - start, self._dim), dtype=np.float32)
        content = rows.reshape(-1).view(np.uint8).data
        with self._lock:
            self._file.seek(start * self._dim * 4)
            while len(content):
                size = self._file.readinto(content)
                if not size:
                    raise OSError(f"{self._folder}: the copy of the observations ends before row {stop}")
                content = content[size:]
        return rows
