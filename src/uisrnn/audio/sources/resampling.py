"""Resampling: conversion to another rate, block by block."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras


class Resampler(Protocol):
    """Converts a waveform to another rate; how the sound is cut into blocks changes nothing."""

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the next samples (n,) and return the next samples (m,) at the new rate, which lag behind."""

    def flush(self) -> NDArray[np.float32]:
        """End the waveform and return the samples that are left."""


def resampler(given: int, wanted: int) -> Resampler:
    """A resampler for a new waveform.

    Args:
        given: rate of the waveform in Hz.
        wanted: the new rate in Hz.

    Raises:
        MissingExtraError: soxr is not installed.
    """
    return _Unchanged() if given == wanted else _Soxr(given, wanted)


class _Unchanged:
    """Returns each block as it is, because both rates are equal."""

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        return block

    def flush(self) -> NDArray[np.float32]:
        return np.zeros(0, dtype=np.float32)


class _Soxr:
    """Resampling by soxr."""

    def __init__(self, given: int, wanted: int) -> None:
        self._stream: Any = extras.load("soxr", "audio", f"resampling from {given} to {wanted} Hz").ResampleStream(
            given, wanted, 1, dtype="float32"
        )

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._resampled(block, last=False)

    def flush(self) -> NDArray[np.float32]:
        return self._resampled(np.zeros(0, dtype=np.float32), last=True)

    def _resampled(self, block: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        samples: NDArray[np.float32] = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return samples


def resampled(waveform: NDArray[np.float32], given: int, wanted: int) -> NDArray[np.float32]:
    """A complete waveform at another rate.

    Args:
        waveform: (n,) samples.
        given: rate of the waveform in Hz.
        wanted: the new rate in Hz.

    Raises:
        MissingExtraError: soxr is not installed.
    """
    to_rate = resampler(given, wanted)
    return np.concatenate([to_rate.push(waveform), to_rate.flush()])


def fitted(waveform: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """The waveform cut to `length` samples, or extended to `length` samples by zeros.

    >>> fitted(np.ones(2, np.float32), 3)
    array([1., 1., 0.], dtype=float32)
    """
    if len(waveform) >= length:
        return waveform[:length]
    return np.concatenate([waveform, np.zeros(length - len(waveform), dtype=np.float32)])
