"""Encoders: from a waveform to observations, one a window."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from uisrnn.audio.sources.waveforms import Waveform, rate_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.sequences.labeled import Times
from uisrnn.sequences.observations import Observations, observations


class Encoder(Protocol):
    """Turns the windows of a waveform into observations.

    What it gives for a window depends on nothing outside of it, so that a recording can be encoded in pieces: of
    `window + (K - 1) * hop` seconds it makes K observations.
    """

    @property
    def rate(self) -> int:
        """Samples a second that it wants."""

    @property
    def window(self) -> float:
        """Seconds of sound that one observation depends on."""

    @property
    def hop(self) -> float:
        """Seconds from one observation to the next."""

    def __call__(self, waveform: Waveform, rate: int) -> tuple[Any, Any]:
        """Encode a stretch of sound.

        Args:
            waveform: (n,) float32 between -1 and 1, one channel.
            rate: samples a second, those that it wants.

        Returns:
            Observations (K, D), and the center of what each saw (K,), in seconds from the start of the waveform.
        """


@dataclass(frozen=True)
class Grid:
    """Where the windows of an encoder are, in samples.

    Attributes:
        rate: samples a second.
        window: samples of a window.
        hop: samples from the start of one window to that of the next.
    """

    rate: int
    window: int
    hop: int

    @staticmethod
    def of(encoder: Any) -> "Grid":
        """The grid of an encoder.

        Raises:
            ArgumentError: it has no rate, window or hop that make sense.
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
    """An encoder from a function of windows; all that most encoders need.

    Args:
        embed: takes windows (B, n) float32 of n = `window * rate` samples and returns observations (B, D).
        rate: samples a second that it wants.
        window: seconds.
        hop: seconds.
        batch: windows that it takes at once.

    Raises:
        ArgumentError: a number is not acceptable.

    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> sound = np.repeat([0.5, 0.0], 8000).astype(np.float32)
    >>> encoder(sound, 8000)
    (array([[0.  ], [0.25], [0.  ]], dtype=float32), array([0.5, 1. , 1.5]))
    """

    def __init__(
        self, embed: Callable[[Waveform], Any], rate: int, window: float, hop: float, batch: int = 128
    ) -> None:
        self.rate = rate_of(rate)
        samples, step = _samples("window", window, self.rate), _samples("hop", hop, self.rate)
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise ArgumentError(f"batch must be an integer >= 1, but is {batch!r:.80}")
        self.window, self.hop = samples / self.rate, step / self.rate
        self._embed, self._grid, self._batch = embed, Grid(self.rate, samples, step), batch

    def __call__(self, waveform: Waveform, rate: int) -> tuple[Observations, Times]:
        """Encode all windows that are whole; see `Encoder`.

        Raises:
            InputError: the waveform has another rate or is shorter than a window; or the function does not return
                finite observations (B, D).
        """
        if rate != self.rate:
            raise InputError(f"the encoder wants {self.rate} Hz, but the waveform has {rate}")
        if len(waveform) < self._grid.window:
            raise InputError(f"the encoder needs {self._grid.window} samples, but the waveform has {len(waveform)}")
        windows = np.lib.stride_tricks.sliding_window_view(waveform, self._grid.window)[:: self._grid.hop]
        parts = [self._part(windows[start : start + self._batch]) for start in range(0, len(windows), self._batch)]
        return np.concatenate(parts), self._grid.centers(np.arange(len(windows)))

    def _part(self, windows: Waveform) -> Observations:
        found = observations(self._embed(np.ascontiguousarray(windows)), where="encoder")
        if len(found) != len(windows):
            raise InputError(f"encoder: {len(windows)} windows need as many observations, but there are {len(found)}")
        return found


def encode(encoder: Encoder, waveform: Waveform, grid: Grid) -> tuple[Observations, Times]:
    """Call an encoder with a whole number of windows, and check what it gives.

    Raises:
        InputError, InputTypeError: it does not keep to `Encoder`.
    """
    expected = 1 + (len(waveform) - grid.window) // grid.hop
    found, centers = encoder(waveform, grid.rate)
    checked = observations(found, where="encoder")
    times = np.asarray(centers, dtype=np.float64)
    if len(checked) != expected or times.shape != (expected,):
        raise InputError(
            f"encoder: {len(waveform)} samples, that is {expected} windows, need as many observations and times, but "
            f"these are {checked.shape} and {times.shape}"
        )
    if not (np.abs(times - grid.centers(np.arange(expected))) <= grid.window / grid.rate / 2).all():
        raise InputError("encoder: times must lie within their windows, in seconds from the start of the waveform")
    return checked, times
