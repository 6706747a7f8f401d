"""Files that libsndfile reads: wav, flac, ogg and others."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.audio.sources.recordings import Recording, block_size, require_whole
from uisrnn.errors import InputError

_MPEG = (b"ID3", b"\xff")
"""The first bytes of mp3, which FFmpeg reads: libsndfile skips damaged parts of it and prints notes."""
_UNKNOWN = 0x7FFFF000
"""A size of at least this number of bytes in a wav header means unknown: the program wrote into a pipe."""


def sound_file(path: Path) -> Recording | None:
    """Open a file by libsndfile.

    Args:
        path: the file.

    Returns:
        The recording, or None if libsndfile cannot read the file or finds no sound in it.

    Raises:
        InputError: the file is shorter than its header says.
        OSError: the file cannot be opened.
        MissingExtraError: soundfile is not installed.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    sound = extras.load("soundfile", "audio", "reading audio")
    if start.startswith(_MPEG) or path.suffix.lower() == ".mp3":
        return None
    try:
        with sound.SoundFile(path) as file:
            rate = file.samplerate
            frames = file.frames
            channels = file.channels
    except sound.LibsndfileError:
        return None
    if frames <= 0:
        return None
    if start == b"RIFF":
        _require_whole(path)
    size = block_size(rate, channels)
    return Recording(path.stem, str(path), rate, channels, frames / rate, lambda: _parts(sound, path, rate, size))


def _parts(sound: Any, path: Path, rate: int, size: int) -> Iterator[NDArray[Any]]:
    with sound.SoundFile(path) as file:
        try:
            while len(part := file.read(size, dtype="float32")):
                yield part
        except sound.LibsndfileError as error:
            raise InputError(f"{path}: is damaged at {file.tell() / rate:.2f} s: {error.error_string}") from error


def _require_whole(path: Path) -> None:
    """Refuse a wav that is shorter than its header says; libsndfile accepts such a file."""
    with open(path, "rb") as file:
        file.seek(12)
        bytes_per_second, declared = _data_chunk(file)
        present = os.fstat(file.fileno()).st_size - file.tell()
    if bytes_per_second and declared < _UNKNOWN:
        require_whole(str(path), present / bytes_per_second, declared / bytes_per_second)


def _data_chunk(file: BinaryIO) -> tuple[int, int]:
    """Go to the samples of a wav, and return the bytes a second and the bytes of all samples from its header."""
    bytes_per_second = 0
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            return bytes_per_second, size
        if name == b"fmt ":
            bytes_per_second = int.from_bytes(file.read(12)[8:], "little")
            file.seek(-12, os.SEEK_CUR)
        file.seek(size + size % 2, os.SEEK_CUR)
    return bytes_per_second, 0
