"""Filters of sound by scipy.signal, which is imported at the first use because the import takes most of a second."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform

_TAPS = 255  # of a band-pass filter


def _signal() -> ModuleType:
    import scipy.signal

    signal: ModuleType = scipy.signal
    return signal


def convolved(waveform: Waveform, response: Waveform) -> Waveform:
    """(n,) samples and (m,) impulse response -> (n + m - 1,) samples.

    >>> convolved(np.array([1, 0, 0], np.float32), np.array([1, 0.5], np.float32)).round(3)
    array([1. , 0.5, 0. , 0. ], dtype=float32)
    """
    result: Waveform = _signal().oaconvolve(waveform, response).astype(np.float32, copy=False)
    return result


def band_passed(waveform: Waveform, low: float, high: float, rate: int) -> Waveform:
    """(n,) samples with the frequencies from `low` to `high` Hz only, without a delay."""
    band = _signal().firwin(_TAPS, [low, high], pass_zero=False, fs=rate).astype(np.float32)
    centre = _TAPS // 2
    return convolved(waveform, band)[centre : centre + len(waveform)]


def darkened(samples: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """(n,) samples y through a low pass with a single pole: z_t = share * z_(t-1) + (1 - share) * y_t."""
    result: NDArray[np.float64] = _signal().lfilter([1 - share], [1, -share], samples)
    return result


class PoleZeroFilter:
    """A recursive filter that keeps its state from block to block, scaled so that white noise keeps its power.

    Args:
        zeros: real zeros in the z plane.
        poles: real poles in the z plane, inside the unit circle; not fewer than zeros.
        settling: samples after which the impulse response is over.
    """

    def __init__(self, zeros: NDArray[Any], poles: NDArray[Any], settling: int) -> None:
        self._sections: NDArray[Any] = _signal().zpk2sos(zeros, poles, 1.0)
        self._state = np.zeros((len(self._sections), 2))
        self._scale = 1.0
        self._scale = 1 / float(np.linalg.norm(self(np.eye(1, settling)[0])))
        self._state[:] = 0

    def __call__(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples (n,)."""
        filtered, self._state = _signal().sosfilt(self._sections, samples, zi=self._state)
        result: NDArray[np.float64] = filtered * self._scale
        return result
