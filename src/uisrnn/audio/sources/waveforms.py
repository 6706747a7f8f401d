"""Waveforms: arrays of samples of any kind, with any number of channels, checked."""

import math
import numbers
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import ArgumentError, InputError, InputTypeError

Waveform = NDArray[np.float32]
LOWEST_RATE = 4000
"""Samples a second; a lower rate leaves too little of speech to tell voices apart."""
HIGHEST_RATE = 768_000
"""Samples a second; no device records at a higher rate."""
LOUDEST = 100.0
"""Full scale is 1; values beyond this limit are not samples between -1 and 1."""
_MOST_CHANNELS = 64  # an array with more channels, and fewer samples than channels, has exchanged axes


def rate_of(rate: Any) -> int:
    """Require a possible number of samples a second.

    Raises:
        ArgumentError: `rate` is not an integer from `LOWEST_RATE` to `HIGHEST_RATE`.
    """
    number: Any = math.nan if isinstance(rate, bool) or not isinstance(rate, numbers.Real) else rate
    if not (LOWEST_RATE <= number <= HIGHEST_RATE and number == int(number)):
        raise ArgumentError(f"rate must be an integer from {LOWEST_RATE} to {HIGHEST_RATE} Hz, but is {rate!r:.80}")
    return int(number)


def samples_of(values: Any, where: str) -> NDArray[Any]:
    """Require an array of real numbers, (n,) or (n, channels).

    Args:
        values: an array, or an object that numpy converts to an array.
        where: the words with which an error message begins.

    Raises:
        InputTypeError: the values are not numbers.
        InputError: the array has another shape, or its axes seem to be exchanged.
    """
    array = _real_array(values, where)
    if array.ndim == 2 and array.shape[1] > max(_MOST_CHANNELS, len(array)):
        raise InputError(f"{where}: must be (samples,) or (samples, channels), but is {array.shape}")
    return array


def scaled(values: Any, where: str, seconds: float = 0.0) -> Waveform:
    """Convert samples to float32 between -1 and 1.

    Args:
        values: (n,) or (n, channels) numbers; integers use the range of their type.
        where: the words with which an error message begins.
        seconds: the time of the first sample.

    Returns:
        (n, channels) samples in C order.

    Raises:
        InputTypeError: the values are not numbers.
        InputError: the shape is wrong; or a sample is NaN, infinite or far from -1 to 1.

    >>> scaled(np.array([[16384, 0], [0, -32768]], dtype=np.int16), "here")
    array([[ 0.5,  0. ], [ 0. , -1. ]], dtype=float32)
    """
    samples = _real_array(values, where)
    samples = samples[:, None] if samples.ndim == 1 else samples
    if samples.dtype.kind == "f":
        _require_level(samples, where, seconds)
    else:
        kind = np.iinfo(samples.dtype)
        middle = 0 if kind.min else (kind.max + 1) // 2
        samples = (samples.astype(np.float64) - middle) / (kind.max + 1 - middle)
    return np.ascontiguousarray(samples, dtype=np.float32)


def mean_of(samples: Waveform) -> Waveform:
    """The mean (n,) of the channels of samples (n, channels)."""
    total: Waveform = reduce(np.add, samples.T)
    return total / np.float32(samples.shape[1])


def _require_level(samples: NDArray[Any], where: str, seconds: float) -> None:
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(samples) <= LOUDEST)
    if wrong.any():
        sample, channel = np.argwhere(wrong)[0]
        raise InputError(
            f"{where}: samples must be between -1 and 1, but sample {sample} of the block from {seconds:.2f} s on is "
            f"{samples[sample, channel]}"
        )


def _real_array(values: Any, where: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except Exception as error:  # an array-like object may raise any error
        raise InputTypeError(f"{where}: must be an array of numbers, but: {error}") from error
    if array.dtype.kind not in "fiu":
        raise InputTypeError(f"{where}: must be real numbers, but is of type {array.dtype}")
    if array.ndim not in (1, 2) or array.shape[1:] == (0,):
        raise InputError(f"{where}: must be (samples,) or (samples, channels), but is {array.shape}")
    return array
