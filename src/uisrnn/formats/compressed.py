"""Files that gzip may have packed."""

import gzip
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from uisrnn.errors import InputError

_SUFFIX = ".gz"
USUAL_RATIO = 100
"""How many times larger data may become when it is unpacked."""
_SMALL = 2**26  # bytes
_CHUNK = 2**20


def most_bytes(packed: int) -> int:
    """The largest size to which data may unpack. Data that grows more was made to fill the memory or the disk.

    Args:
        packed: its size in bytes.
    """
    return max(_SMALL, USUAL_RATIO * packed)


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read; a `.gz` file is unpacked to a temporary file without a name.

    Raises:
        InputError: it is not a whole gzip file, or unpacks to more bytes than data does.
        OSError: there is no such file, or it cannot be read.
    """
    if path.suffix.lower() != _SUFFIX:
        return open(path, "rb")
    with open(path, "rb") as packed:
        plain = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 -- the caller closes it
        try:
            _unpack(packed, plain, path)
        except BaseException:
            plain.close()
            raise
    plain.seek(0)
    return plain


def _unpack(packed: BinaryIO, plain: BinaryIO, path: Path) -> None:
    most = most_bytes(path.stat().st_size)
    try:
        with gzip.GzipFile(fileobj=packed) as file:
            while chunk := file.read(_CHUNK):
                plain.write(chunk)
                if plain.tell() > most:
                    raise InputError(f"{path}: must not be compressed more than {USUAL_RATIO} times, but is")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path}: is not a whole gzip file: {error}") from error
