"""Arrays in NumPy's format: checked before memory is taken for them, and never unpickled."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from uisrnn.errors import InputError

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_PICKLED = (
    "was written with pickle, and nothing is unpickled; save it again without objects: cluster ids as "
    "numpy.array(ids, dtype=str), sequences of one length as a (n, T, D) array with numpy.savez, other sequences as "
    "LabeledSequences with uisrnn.save_sequences('data.npz', sequences)"
)


@dataclass(frozen=True)
class Header:
    """The header of an array.

    Attributes:
        shape: of the array.
        size: bytes of header and array.
    """

    shape: tuple[int, ...]
    size: int

    def require_fit(self, available: int, place: str) -> None:
        """Compare the header with the number of bytes in the file.

        Raises:
            InputError: the file is too short; the message begins with `place`.
        """
        if any(length < 0 for length in self.shape) or self.size > available:
            raise InputError(f"{place}: says that its shape is {self.shape}, but the file is too short for that")


def read_header(file: IO[bytes], place: str) -> Header:
    """Read the header of an array.

    Args:
        file: at the start of the array.
        place: of the array; error messages begin with it.

    Raises:
        InputError: the array is pickled, or of a later version of the format.
    """
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise InputError(f"{place}: must be of version 1.0 or 2.0 of the npy format, but is of {version}")
    shape, _order, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise InputError(f"{place}: {_PICKLED}")
    return Header(shape, file.tell() + math.prod(shape) * dtype.itemsize)


def require_kind(array: NDArray[Any], kinds: str, dimensions: tuple[int, ...], needs: str, place: str) -> NDArray[Any]:
    """Check type and number of dimensions of an array.

    Args:
        array: any array.
        kinds: NumPy's letters of the accepted types.
        dimensions: the accepted numbers of dimensions.
        needs: type and shape in words.
        place: of the array; error messages begin with it.

    Raises:
        InputError: the array has another type or another number of dimensions.
    """
    if array.dtype.kind not in kinds or array.ndim not in dimensions:
        raise InputError(f"{place}: must be {needs}, but is of type {array.dtype} and shape {array.shape}")
    return array


def plain_values(array: NDArray[Any], place: str) -> Any:
    """An array as Python values: a value, or nested lists of values.

    Raises:
        InputError: a character is not Unicode. NumPy makes strings of any numbers, and such strings break Python.
    """
    if array.dtype.kind == "U":
        codes = np.frombuffer(array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
        wrong = (codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))
        if wrong.any():
            raise InputError(f"{place}: must be text, but has a character with the number {codes[wrong][0]:#x}")
    return array.tolist()


@contextmanager
def reading(place: str, kind: str) -> Iterator[None]:
    """Turn the errors of zipfile and NumPy, a dozen types for damaged bytes, into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{place}: is not a whole {kind} file: {error or type(error).__name__}") from error
