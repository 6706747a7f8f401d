"""Waveforms: from files and arrays of any rate, kind and number of channels to blocks of one."""

import math
import numbers
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.audio.resampling import resampler
from uisrnn.errors import ArgumentError, InputError, InputTypeError

Waveform = NDArray[np.float32]
LOWEST_RATE, HIGHEST_RATE = 4000, 768_000
"""Samples a second: below, there is no speech left to tell voices by; above, no device records."""
LOUDEST = 100.0
"""Full scale is 1; what exceeds it this far are not samples between -1 and 1."""
BLOCK_SECONDS = 60.0
_MOST_VALUES = 2**22  # of all channels in one block
_MOST_CHANNELS = 64  # above, an array with fewer samples than that has its axes exchanged


@dataclass(frozen=True)
class Recording:
    """A file or an array, before it is read.

    Attributes:
        name: what it is called in messages and annotations: the stem of the file.
        where: the words with which an error message begins.
        rate: samples a second.
        seconds: how long it is, as far as its header tells.
        parts: reads it once: arrays (n,) or (n, channels) of any kind of numbers.
    """

    name: str
    where: str
    rate: int
    seconds: float
    parts: Callable[[], Iterator[NDArray[Any]]]

    def blocks(self, rate: int) -> Iterator[Waveform]:
        """The mean of its channels, in blocks of about a minute.

        Args:
            rate: samples a second that are wanted.

        Raises:
            InputError: a sample is no finite number near -1 to 1, the file is damaged or there is no sample in it.
            MissingExtraError: a package that is needed is not installed.
        """
        to_rate, read = resampler(self.rate, rate), 0
        for part in self.parts():
            block = mono(part, self.where, read / self.rate)
            read += len(block)
            yield to_rate.push(block)
        if read == 0:
            raise InputError(f"{self.where}: there are no samples in it")
        yield to_rate.flush()


def recording(audio: Any) -> Recording:
    """A recording from what a user has.

    Args:
        audio: the path of a file that soundfile reads (wav, flac, ogg, mp3, ...); or a pair of a waveform (samples,)
            or (samples, channels) and its rate in Hz. Floats are between -1 and 1, integers use their range.

    Raises:
        InputTypeError: it is neither.
        InputError: it is no audio, or has a rate or shape that cannot be.
        OSError: there is no such file, or it cannot be opened.
        MissingExtraError: soundfile is not installed.
    """
    if isinstance(audio, (str, os.PathLike)):
        return _file(Path(os.fsdecode(audio)))
    if isinstance(audio, (tuple, list)) and len(audio) == 2:
        return _array(*audio)
    raise InputTypeError(f"audio must be a path or a pair (waveform, rate), but is {audio!r:.80}")


def _array(values: Any, rate: Any) -> Recording:
    rate, samples = rate_of(rate), samples_of(values, "waveform")
    size = max(1, int(BLOCK_SECONDS * rate))

    def parts() -> Iterator[NDArray[Any]]:
        for start in range(0, len(samples), size):
            yield samples[start : start + size]

    return Recording("waveform", "waveform", rate, len(samples) / rate, parts)


def _file(path: Path) -> Recording:
    if stat.S_ISFIFO(path.stat().st_mode):
        raise InputError(f"{path}: must be a file, but is a pipe")
    with open(path, "rb"):  # what cannot be opened is told as for any file
        pass
    sound = extras.load("soundfile", "audio", "reading audio")
    if path.suffix.lower() == ".raw":
        raise InputError(f"{path}: raw samples say neither their rate nor their kind; pass (waveform, rate)")
    try:
        with sound.SoundFile(path) as file:
            rate, frames, channels = file.samplerate, file.frames, file.channels
    except sound.LibsndfileError as error:
        raise InputError(f"{path}: cannot be read as audio: {error.error_string}") from error
    try:
        rate_of(rate)
    except ArgumentError as error:
        raise InputError(f"{path}: {error}") from None
    size = max(1, min(int(BLOCK_SECONDS * rate), _MOST_VALUES // channels))
    return Recording(path.stem, str(path), rate, max(frames, 0) / rate, lambda: _file_parts(sound, path, size))


def _file_parts(sound: Any, path: Path, size: int) -> Iterator[NDArray[Any]]:
    try:
        with sound.SoundFile(path) as file:
            while len(part := file.read(size, dtype="float32")):
                yield part
    except sound.LibsndfileError as error:
        raise InputError(f"{path}: is damaged: {error.error_string}") from error


def rate_of(rate: Any) -> int:
    """A number of samples a second, checked.

    Raises:
        ArgumentError: it cannot be one.
    """
    number: Any = math.nan if isinstance(rate, bool) or not isinstance(rate, numbers.Real) else rate
    if not (LOWEST_RATE <= number <= HIGHEST_RATE and number == int(number)):
        raise ArgumentError(f"rate must be an integer from {LOWEST_RATE} to {HIGHEST_RATE} Hz, but is {rate!r:.80}")
    return int(number)


def samples_of(values: Any, where: str) -> NDArray[Any]:
    """An array that somebody hands in: (n,) or (n, channels) numbers.

    Raises:
        InputTypeError: the values are not numbers.
        InputError: it has another shape, or its axes seem to be exchanged.
    """
    array = _real_array(values, where)
    if array.ndim == 2 and array.shape[1] > max(_MOST_CHANNELS, len(array)):
        raise InputError(f"{where}: must be (samples,) or (samples, channels), but is {array.shape}")
    return array


def mono(values: Any, where: str, seconds: float = 0.0) -> Waveform:
    """The mean of channels, as float32 between -1 and 1.

    Args:
        values: (n,) or (n, channels) numbers; integers use the range of their type.
        where: the words with which an error message begins.
        seconds: when the first sample is.

    Raises:
        InputTypeError: the values are not numbers.
        InputError: wrong shape; or a sample is NaN, infinite or far from -1 to 1.

    >>> mono(np.array([[16384, 0], [0, -32768]], dtype=np.int16), "here")
    array([ 0.25, -0.5 ], dtype=float32)
    """
    samples = _real_array(values, where)
    samples = samples[:, None] if samples.ndim == 1 else samples
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(samples) <= LOUDEST) if samples.dtype.kind == "f" else np.zeros((1, 1), dtype=bool)
    if wrong.any():
        at, channel = np.argwhere(wrong)[0]
        raise InputError(
            f"{where}: samples must be between -1 and 1, but sample {at} of the block from {seconds:.2f} s on is "
            f"{samples[at, channel]}"
        )
    if samples.dtype.kind in "iu":
        kind = np.iinfo(samples.dtype)
        middle = 0 if kind.min else (kind.max + 1) // 2
        samples = (samples.astype(np.float64) - middle) / (kind.max + 1 - middle)
    mixed: Waveform = samples.mean(axis=1, dtype=np.float32)
    return mixed


def _real_array(values: Any, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except Exception as error:  # whatever an array-like raises when it is asked for its numbers
        raise InputTypeError(f"{where}: must be an array of numbers, but: {error}") from error
    if array.dtype.kind not in "fiu":
        raise InputTypeError(f"{where}: must be real numbers, but is of type {array.dtype}")
    if array.ndim not in (1, 2) or array.shape[1:] == (0,):
        raise InputError(f"{where}: must be (samples,) or (samples, channels), but is {array.shape}")
    return array
