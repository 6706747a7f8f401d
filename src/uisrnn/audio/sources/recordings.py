"""Recordings: descriptions of files and arrays, which read the samples block by block."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.channels import Mixdown
from uisrnn.audio.sources.resampling import resampler
from uisrnn.audio.sources.waveforms import Waveform, scaled
from uisrnn.errors import InputError

BLOCK_SECONDS = 60.0
_MOST_VALUES = 2**22  # of all channels in a block
_MISSING = 0.5  # seconds that a file may be shorter than its header says


@dataclass(frozen=True)
class Recording:
    """A file or an array, before its samples are read.

    Attributes:
        name: its name in messages and annotations, the stem of the file.
        where: the words with which an error message begins.
        rate: samples a second.
        channels: number of channels.
        seconds: its length as its header says; 0 if the header does not say it.
        parts: reads it once: arrays (n,) or (n, channels) of any type of numbers.
    """

    name: str
    where: str
    rate: int
    channels: int
    seconds: float
    parts: Callable[[], Iterator[NDArray[Any]]]

    def blocks(self, rate: int) -> Iterator[Waveform]:
        """Read the sound as a single channel, see `Mixdown`, in blocks of about a minute.

        Args:
            rate: samples a second of the blocks.

        Raises:
            InputError: a sample is not a finite number near -1 to 1, the file is damaged or has no samples.
            MissingExtraError: a package that is needed is not installed.
        """
        to_rate = resampler(self.rate, rate)
        mixdown = Mixdown(self.rate, self.where)
        position = 0
        for part in self.parts():
            samples = scaled(part, self.where, position / self.rate)
            position += len(samples)
            yield to_rate.push(mixdown.push(samples))
        if position == 0:
            raise InputError(f"{self.where}: there are no samples in it")
        yield np.concatenate([to_rate.push(mixdown.flush()), to_rate.flush()])

    def split(self) -> list["Recording"]:
        """Each channel as a recording, which reads the whole file.

        Returns:
            Recordings of one channel each, named "NAME:1", "NAME:2", ...; this recording if it has only one channel.
        """
        if self.channels == 1:
            return [self]
        return [self._channel(number) for number in range(1, self.channels + 1)]

    def _channel(self, number: int) -> "Recording":
        def parts() -> Iterator[NDArray[Any]]:
            for part in self.parts():
                yield part[:, number - 1]

        where = f"{self.where}, channel {number}"
        return replace(self, name=f"{self.name}:{number}", where=where, channels=1, parts=parts)


def block_size(rate: int, channels: int) -> int:
    """The number of samples of each channel in a block: a minute, or less for many channels at a high rate."""
    return max(1, min(int(BLOCK_SECONDS * rate), _MOST_VALUES // channels))


def require_whole(where: str, end: float, declared: float) -> None:
    """Require a file that is as long as its header says.

    Args:
        where: the words with which the error message begins.
        end: the end of the sound in seconds.
        declared: the end in seconds as the header says.

    Raises:
        InputError: more than half a second is missing.

    >>> require_whole("call.wav", 3.5, 60.0)
    Traceback (most recent call last):
    uisrnn.errors.InputError: call.wav: is damaged: it ends at 3.50 s, but its header says 60.00 s
    """
    if end < declared - _MISSING:
        raise InputError(f"{where}: is damaged: it ends at {end:.2f} s, but its header says {declared:.2f} s")
