"""Arrays in npz files: read without trusting what a file says of itself, and without unpickling."""

import math
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from uisrnn.errors import InputError

_SUFFIX = ".npy"
_HIGHEST_RATIO = 1040  # of deflate: 1032 bytes from one, and blocks
_USUAL_RATIO, _SMALL = 100, 2**26  # bytes; what grows more than that, to more than that, is made to fill the memory
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of zip files, so that equal content gives equal bytes
_METHODS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: _HIGHEST_RATIO}
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class Archive:
    """The arrays of an npz file, each read when it is asked for.

    Args:
        path: the file.
        file: the same, open.
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
        """One array.

        Args:
            name: the array is in the file.
            kinds: letters of numpy for the types that will do.
            dimensions: numbers of them that will do.
            needs: the words that say so.

        Raises:
            InputError: it is damaged, pickled, larger than what the file has, or something else than is needed.
        """
        where = f"{self.path}, {name}"
        with _reading(where):
            self._require_whole(name, where)
            with self._file.open(self._entries[name]) as member:
                array: NDArray[Any] = npy.read_array(member, allow_pickle=False)
        if array.dtype.kind not in kinds or array.ndim not in dimensions:
            raise InputError(f"{where}: must be {needs}, but is of type {array.dtype} and shape {array.shape}")
        return array

    def values(self, name: str, kinds: str, dimensions: tuple[int, ...], needs: str) -> Any:
        """The same as plain Python values: one, or lists of them."""
        array = self.array(name, kinds, dimensions, needs)
        if array.dtype.kind == "U":
            _require_unicode(array, f"{self.path}, {name}")
        return array.tolist()

    def _require_whole(self, name: str, where: str) -> None:
        """Check that the sizes that header and zip tell fit each other, before memory is taken for them."""
        entry = self._entries[name]
        if entry.compress_type not in _METHODS:
            raise InputError(f"{where}: must be stored or deflated, as numpy.savez does, but is compressed otherwise")
        most = min(entry.compress_size, self.path.stat().st_size) * _METHODS[entry.compress_type]
        with self._file.open(entry) as member:
            version = npy.read_magic(member)
            if version not in _HEADERS:
                raise InputError(f"{where}: must be of version 1.0 or 2.0 of the npy format, but is of {version}")
            shape, _order, dtype = _HEADERS[version](member)
            if dtype.hasobject:
                raise InputError(
                    f"{where}: was written with pickle, and nothing is unpickled; numpy.savez it again as plain "
                    "arrays, cluster ids as a <U array (numpy.array(ids, dtype=str)), sequences of one length each "
                    "in a (n, T, D) array or as LabeledSequences with uisrnn.save_sequences"
                )
            needed = member.tell() + math.prod(shape) * dtype.itemsize
        if any(size < 0 for size in shape) or needed > entry.file_size or entry.file_size > most:
            raise InputError(f"{where}: says that its shape is {shape}, but the file is too short for that")
        if needed > max(_SMALL, _USUAL_RATIO * entry.compress_size):
            raise InputError(
                f"{where}: must not be compressed more than {_USUAL_RATIO} times, as no observations are, but "
                f"{entry.compress_size} bytes would become {needed}"
            )


def _require_unicode(array: NDArray[Any], where: str) -> None:
    """Check characters before Python takes them: numpy makes strings of any numbers, which break Python itself."""
    codes = np.frombuffer(array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    wrong = (codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))
    if wrong.any():
        raise InputError(f"{where}: must be text, but has a character with the number {codes[wrong][0]:#x}")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """An npz file to read from.

    Raises:
        InputError: it is not an npz file, or not all of one.
        OSError: there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        with _reading(str(path)):
            archive = zipfile.ZipFile(file)
        with archive:
            yield Archive(path, archive)


@contextmanager
def _reading(where: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # zipfile and numpy raise a dozen kinds for bytes that are not what they should be
        raise InputError(f"{where}: is not a whole npz file: {error or type(error).__name__}") from error


class ArchiveWriter:
    """Arrays to an npz file, one after another.

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
        """Add the rows of several arrays as one, without putting them together in memory."""
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
