"""Kaldi archives: vectors and matrices of numbers, read only if the bytes fit their header.

kaldiio would also unpickle, decode audio and run commands. Here it gets only matrices and vectors whose headers were
checked.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.errors import InputError
from uisrnn.formats.compressed import open_plain
from uisrnn.formats.format import errors_at

_BINARY = b"\0B"
_VALUE_BYTES = {b"FV": 4, b"DV": 8, b"FM": 4, b"DM": 8, b"CM": 1, b"CM2": 2, b"CM3": 1}
_COLUMN_BYTES = {b"CM": 8}  # of a header that each column has
_LONGEST_KEY = 4096  # bytes
_CHUNK = 2**16


def entries(path: Path) -> Iterator[tuple[str, int]]:
    """The keys of an archive, each with the offset of its vector or matrix in bytes.

    Raises:
        InputError: it is not a Kaldi archive, or not a whole archive.
        OSError: there is no such file, or it cannot be read.
    """
    with open_plain(path) as file:
        while (key := _key(file, path)) is not None:
            start = file.tell()
            with errors_at(f"{path}, {key}"):
                _skip(file)
            yield key, start


def _skip(file: BinaryIO) -> None:
    """Move a file from the start to the end of a vector or matrix."""
    start = file.tell()
    if file.read(len(_BINARY)) == _BINARY:
        file.seek(_require_whole(file), os.SEEK_CUR)
    else:
        file.seek(start)
        _text(file)


def read_array(file: BinaryIO) -> NDArray[np.float32]:
    """Read the vector or matrix at the position of a file.

    Raises:
        InputError: there is no whole vector or matrix.
    """
    start = file.tell()
    if file.read(len(_BINARY)) != _BINARY:
        file.seek(start)
        return _text(file)
    _require_whole(file)
    file.seek(start)
    matio = extras.load("kaldiio.matio", "kaldi", "Kaldi")
    with np.errstate(all="ignore"):  # infinite values are reported with their place
        return np.array(matio.read_matrix_or_vector(file), dtype=np.float32)


def _key(file: BinaryIO, path: Path) -> str | None:
    start = file.tell()
    head = file.read(_LONGEST_KEY)
    key, space, _rest = head.partition(b" ")
    if not head:
        return None
    try:
        text = key.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not space or text.split() != [text]:
        raise InputError(f"{path}: must be a Kaldi archive, but at byte {start} there is no key: {head[:20]!r}")
    file.seek(start + len(key) + 1)
    return text


def _require_whole(file: BinaryIO) -> int:
    """Check a header of binary data before memory is taken for the data; the number of bytes behind the header."""
    start = file.tell()
    kind = file.read(4).split(b" ")[0]
    if kind not in _VALUE_BYTES:
        raise InputError(f"must be a matrix or a vector of numbers, but is of Kaldi's type {kind!r}")
    file.seek(start + len(kind) + 1)
    is_vector = kind.endswith(b"V")
    is_packed = kind.startswith(b"C")
    fields = "<ffii" if is_packed else "<bi" if is_vector else "<bibi"
    try:
        numbers = struct.unpack(fields, file.read(struct.calcsize(fields)))
    except struct.error as error:
        raise InputError("the file ends within a header") from error
    rows, columns = numbers[2:] if is_packed else (1, numbers[1]) if is_vector else numbers[1::2]
    is_sized = is_packed or set(numbers[::2]) == {4}  # bytes of an integer
    needed: int = rows * columns * _VALUE_BYTES[kind] + columns * _COLUMN_BYTES.get(kind, 0)
    if not is_sized or rows < 1 or columns < 1:
        raise InputError(f"must have at least one number, but says that its shape is {rows, columns}")
    if needed > os.fstat(file.fileno()).st_size - file.tell():
        raise InputError(f"says that its shape is {rows, columns}, but the file is too short for that")
    return needed


def _text(file: BinaryIO) -> NDArray[np.float32]:
    """Numbers in brackets, as Kaldi writes text: a matrix if there are line ends."""
    start = file.tell()
    chunks = [file.read(_CHUNK)]
    if not chunks[0].lstrip().startswith(b"["):
        raise InputError(f"must be a matrix or a vector of numbers, but begins with {chunks[0][:20]!r}")
    while b"]" not in chunks[-1]:
        chunks.append(file.read(_CHUNK))
        if not chunks[-1]:
            raise InputError("the file ends before a bracket ']'")
    text = b"".join(chunks)
    end = text.index(b"]")
    file.seek(start + end + 1)
    if file.readline().strip():
        raise InputError("behind a bracket ']' the line must end")
    content = text[:end].lstrip()[1:]
    rows = [line.split() for line in content.split(b"\n") if line.strip()]
    try:
        array = np.array([[float(number) for number in row] for row in rows], dtype=np.float64)
    except ValueError as error:
        raise InputError(f"must be rows of numbers of one length, but: {error}") from error
    if not array.size:
        raise InputError("must have at least one number, but has none")
    with np.errstate(over="ignore"):
        return (array if b"\n" in content else array[0]).astype(np.float32)
