"""Encoders: from the windows of a waveform to observations."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from uisrnn.audio.sources.waveforms import Waveform, rate_of
from uisrnn.checks import require_integer
from uisrnn.errors import ArgumentError, InputError
from uisrnn.sequences.labeled import Times
from uisrnn.sequences.observations import Observations, observations


class Encoder(Protocol):
    """Turns the windows of a waveform into observations.

    An observation depends only on the sound of its window, so a recording can be encoded in pieces. From
    `window + (K - 1) * hop` seconds of sound, the encoder makes K observations.
    """

    @property
    def rate(self) -> int:
        """Samples a second that it takes."""

    @property
    def window(self) -> float:
        """Seconds of sound that an observation depends on."""

    @property
    def hop(self) -> float:
        """Seconds from an observation to the next observation."""

    def __call__(self, waveform: Waveform, rate: int) -> tuple[Any, Any]:
        """Encode a stretch of sound.

        Args:
            waveform: (n,) float32 between -1 and 1, one channel.
            rate: samples a second, equal to the attribute `rate`.

        Returns:
            Observations (K, D), and the centers of their windows (K,) in seconds from the start of the waveform.
        """


@dataclass(frozen=True)
class Grid:
    """The places of an encoder's windows, in samples.

    Attributes:
        rate: samples a second.
        window: samples of a window.
        hop: samples from the start of a window to the start of the next window.
    """

    rate: int
    window: int
    hop: int

    @staticmethod
    def of(encoder: Any) -> "Grid":
        """The grid of an encoder.

        Raises:
            ArgumentError: its rate, window or hop is missing or not possible.
        """
        for name in ("rate", "window", "hop"):
            if not hasattr(encoder, name):
                raise ArgumentError(f"encoder must have a {name}, see uisrnn.audio.Encoder, but is {encoder!r:.80}")
        rate = rate_of(encoder.rate)
        return Grid(rate, _samples("window", encoder.window, rate), _samples("hop", encoder.hop, rate))

    def centers(self, windows: Any) -> Any:
        """Seconds from the start of the sound to the middle of windows, given by their numbers."""
        return (np.asarray(windows) * self.hop + self.window / 2) / self.rate


def _samples(name: str, seconds: Any, rate: int) -> int:
    try:
        number = float(seconds) * rate
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 1 <= number < 2**31:
        raise ArgumentError(f"{name} must be a number of seconds, at least one sample, but is {seconds!r:.80}")
    return round(number)


class WindowEncoder:
    """An encoder from a function of windows; most encoders need no more.

    Args:
        embed: takes windows (B, n) float32 of n = `window * rate` samples and returns observations (B, D).
        rate: samples a second that `embed` takes.
        window: length of a window in seconds.
        hop: seconds from a window to the next window.
        batch: the largest B.

    Raises:
        ArgumentError: a number is out of its range.

    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> sound = np.repeat([0.5, 0.0], 8000).astype(np.float32)
    >>> encoder(sound, 8000)
    (array([[0.  ], [0.25], [0.  ]], dtype=float32), array([0.5, 1. , 1.5]))
    """

    def __init__(
        self, embed: Callable[[Waveform], Any], rate: int, window: float, hop: float, batch: int = 128
    ) -> None:
        self.rate = rate_of(rate)
        self._grid = Grid(self.rate, _samples("window", window, self.rate), _samples("hop", hop, self.rate))
        self.window = self._grid.window / self.rate
        self.hop = self._grid.hop / self.rate
        self._embed = embed
        self._batch = require_integer("batch", batch, least=1)

    def __call__(self, waveform: Waveform, rate: int) -> tuple[Observations, Times]:
        """Encode all complete windows of a waveform.

        Args:
            waveform: (n,) float32 between -1 and 1.
            rate: samples a second, equal to the attribute `rate`.

        Returns:
            Observations (K, D), and the centers of their windows (K,) in seconds from the start of the waveform.

        Raises:
            InputError: the waveform has another rate or is shorter than a window; or the function does not return
                finite observations (B, D).
        """
        if rate != self.rate:
            raise InputError(f"the encoder takes {self.rate} Hz, but the waveform has {rate}")
        if len(waveform) < self._grid.window:
            raise InputError(f"the encoder needs {self._grid.window} samples, but the waveform has {len(waveform)}")
        windows = np.lib.stride_tricks.sliding_window_view(waveform, self._grid.window)[:: self._grid.hop]
        parts = [self._part(windows[start : start + self._batch]) for start in range(0, len(windows), self._batch)]
        return np.concatenate(parts), self._grid.centers(np.arange(len(windows)))

    def _part(self, windows: Waveform) -> Observations:
        made = observations(self._embed(np.ascontiguousarray(windows)), where="encoder")
        if len(made) != len(windows):
            raise InputError(f"encoder: {len(windows)} windows need as many observations, but there are {len(made)}")
        return made


def encode(encoder: Encoder, waveform: Waveform, grid: Grid) -> tuple[Observations, Times]:
    """Call an encoder with a whole number of windows, and check the result.

    Raises:
        InputError, InputTypeError: the result is not as `Encoder` says.
    """
    expected = 1 + (len(waveform) - grid.window) // grid.hop
    returned, centers = encoder(waveform, grid.rate)
    checked = observations(returned, where="encoder")
    times = np.asarray(centers, dtype=np.float64)
    if len(checked) != expected or times.shape != (expected,):
        raise InputError(
            f"encoder: {len(waveform)} samples, that is {expected} windows, need as many observations and times, but "
            f"these are {checked.shape} and {times.shape}"
        )
    if not (np.abs(times - grid.centers(np.arange(expected))) <= grid.window / grid.rate / 2).all():
        raise InputError("encoder: times must lie within their windows, in seconds from the start of the waveform")
    return checked, times
