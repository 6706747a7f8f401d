"""Mixdown of several channels: their mean, or a single channel while they cancel each other."""

import math
import warnings

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform, mean_of
from uisrnn.errors import InputError

SEGMENT = 0.1
"""Seconds of sound for each decision; the output lags by less than this time."""
_FADING = math.exp(-SEGMENT / 10.0)  # of energies, from a segment to the next segment: a time constant of 10 s
_CANCELLED = 0.25  # of E, see Mixdown
_RESTORED = 0.5  # of E, see Mixdown
_LOUDER = 2.0  # another channel is chosen if its energy is higher by this factor
_FAINTEST = 1e-7  # mean square of a channel, -70 dBFS: in fainter sound, no channel is chosen


class Mixdown:
    """Mixes several channels to a single channel; how the sound is cut into blocks changes nothing.

    The output is the mean of the channels. Channels with opposite signs cancel each other in the mean: a microphone
    with exchanged poles, or a stereo effect. The energy of the mean of n channels without any correlation is
    E = (E_1 + ... + E_n) / n^2. If the energy of the mean falls below E / 4, which for two channels is a correlation
    below -0.75, the output is the channel with most energy, until the energy of the mean rises above E / 2. Energies
    are measured in segments of 0.1 s, and older segments fade with a time constant of 10 s.

    Args:
        rate: samples a second.
        where: the words with which the warning about such channels begins; the warning comes once.

    >>> mixdown = Mixdown(8000, "call")
    >>> mixdown.push(np.array([[0.5, 0.25], [-0.5, 0.5]], dtype=np.float32))
    array([], dtype=float32)
    >>> mixdown.flush()
    array([0.375, 0.   ], dtype=float32)
    """

    def __init__(self, rate: int, where: str) -> None:
        self._size = max(1, round(SEGMENT * rate))
        self._where = where
        self._channels: int | None = None
        self._left: Waveform | None = None
        self._energies: NDArray[np.float64] = np.zeros(1)  # of each channel, then of the mean
        self._channel: int | None = None
        self._warned = False

    def push(self, samples: Waveform) -> Waveform:
        """Take the next samples (n, channels) and return the next samples (m,), which lag behind.

        Raises:
            InputError: the number of channels differs from the call before; the samples are not taken.
        """
        if not len(samples):
            return np.zeros(0, dtype=np.float32)
        channels = samples.shape[1]
        if self._channels not in (None, channels):
            raise InputError(f"{self._where}: must have {self._channels} channels as before, but has {channels}")
        self._channels = channels
        if channels == 1:
            return samples[:, 0]
        if self._left is not None:
            samples = np.concatenate([self._left, samples])
        whole = len(samples) // self._size * self._size
        self._left = samples[whole:].copy()
        return self._mixed(samples[:whole])

    def flush(self) -> Waveform:
        """End the sound and return the samples that are left."""
        left = np.zeros((0, 1), dtype=np.float32) if self._left is None else self._left
        self._left = None
        return self._mixed(left)

    def _mixed(self, samples: Waveform) -> Waveform:
        """Samples of complete segments, or of the last segment, as a single channel."""
        if not len(samples):
            return np.zeros(0, dtype=np.float32)
        size = min(self._size, len(samples))
        mixed = mean_of(samples)
        energies = [np.square(plane).reshape(-1, size).sum(axis=1) for plane in (*samples.T, mixed)]
        for number, segment in enumerate(np.stack(energies, axis=1)):
            self._decide(segment)
            if self._channel is not None:
                part = slice(number * size, (number + 1) * size)
                mixed[part] = samples[part, self._channel]
        return mixed

    def _decide(self, energies: NDArray[np.float32]) -> None:
        """Choose a channel, or None for the mean, by the energies of a segment and of the past."""
        self._energies = self._energies * _FADING + energies
        channels = self._energies[:-1]
        mean = self._energies[-1]
        loudest = int(channels.argmax())
        if channels[loudest] < _FAINTEST * self._size:
            return
        share = mean * len(channels) ** 2 / channels.sum()
        if self._channel is None and share < _CANCELLED:
            self._channel = loudest
            self._warn()
        elif self._channel is not None and share > _RESTORED:
            self._channel = None
        elif self._channel is not None and channels[loudest] > _LOUDER * channels[self._channel]:
            self._channel = loudest

    def _warn(self) -> None:
        if not self._warned and self._channel is not None:
            warnings.warn(
                f"{self._where}: its channels cancel each other, so channel {self._channel + 1} is heard in place of "
                "their mean",
                stacklevel=2,
            )
        self._warned = True
