"""npz files, read without trust in the sizes that a file tells."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.formats.compressed import USUAL_RATIO, most_bytes
from uisrnn.formats.npz.arrays import plain_values, read_header, reading, require_kind

_SUFFIX = ".npy"
_KIND = "npz"
_HIGHEST_RATIO = 1040  # of deflate: a byte becomes 1032 bytes at most, and blocks
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of zip files, so that equal content gives equal bytes
_METHODS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: _HIGHEST_RATIO}


class Archive:
    """The arrays of an npz file, each read on demand.

    Args:
        path: of the file.
        file: the same file, open.
    """

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        self.path = path
        self._file = file
        entries = [entry for entry in file.infolist() if entry.filename.endswith(_SUFFIX)]
        self._entries = {entry.filename.removesuffix(_SUFFIX): entry for entry in entries}

    @property
    def names(self) -> frozenset[str]:
        """The names of the arrays."""
        return frozenset(self._entries)

    def array(self, name: str, kinds: str, dimensions: tuple[int, ...], needs: str) -> NDArray[Any]:
        """Read an array.

        Args:
            name: of an array in the file.
            kinds: NumPy's letters of the accepted types.
            dimensions: the accepted numbers of dimensions.
            needs: type and shape in words.

        Raises:
            InputError: the array is damaged, pickled, larger than its bytes in the file, or of another kind.
        """
        place = f"{self.path}, {name}"
        with reading(place, _KIND):
            self._require_whole(name, place)
            with self._file.open(self._entries[name]) as member:
                array: NDArray[Any] = npy.read_array(member, allow_pickle=False)
        return require_kind(array, kinds, dimensions, needs, place)

    def values(self, name: str, kinds: str, dimensions: tuple[int, ...], needs: str) -> Any:
        """Read an array as Python values; arguments and errors as `array`."""
        return plain_values(self.array(name, kinds, dimensions, needs), f"{self.path}, {name}")

    def _require_whole(self, name: str, place: str) -> None:
        """Compare the sizes in the header and in the zip file, before memory is taken for the array."""
        entry = self._entries[name]
        if entry.compress_type not in _METHODS:
            raise InputError(f"{place}: must be stored or deflated, as numpy.savez does, but is compressed otherwise")
        most = min(entry.compress_size, self.path.stat().st_size) * _METHODS[entry.compress_type]
        with self._file.open(entry) as member:
            header = read_header(member, place)
        header.require_fit(entry.file_size if entry.file_size <= most else -1, place)
        if header.size > most_bytes(entry.compress_size):
            raise InputError(
                f"{place}: must not be compressed more than {USUAL_RATIO} times, as no observations are, but "
                f"{entry.compress_size} bytes would become {header.size}"
            )


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open an npz file to read from.

    Raises:
        InputError: it is not an npz file, or not a whole npz file.
        OSError: there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        with reading(str(path), _KIND):
            archive = zipfile.ZipFile(file)
        with archive:
            yield Archive(path, archive)


class ArchiveWriter:
    """Writes arrays to an npz file.

    Args:
        file: open for writing.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = zipfile.ZipFile(file, "w")

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def write(self, name: str, array: NDArray[Any]) -> None:
        """Add an array."""
        with self._member(name) as member:
            npy.write_array(member, array, allow_pickle=False)

    def write_rows(self, name: str, pieces: list[NDArray[Any]]) -> None:
        """Add the rows of several arrays as one array, without a copy of all rows in memory."""
        shape = (sum(len(piece) for piece in pieces), *pieces[0].shape[1:])
        with self._member(name) as member:
            descr = npy.dtype_to_descr(pieces[0].dtype)
            npy.write_array_header_1_0(member, {"descr": descr, "fortran_order": False, "shape": shape})
            for piece in pieces:
                member.write(np.ascontiguousarray(piece).tobytes())

    def _member(self, name: str) -> IO[bytes]:
        entry = zipfile.ZipInfo(name + _SUFFIX, _FIRST_DATE)
        entry.compress_type = zipfile.ZIP_DEFLATED
        return self._file.open(entry, "w", force_zip64=True)
