"""Noise of rooms and devices, at a given power."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.composing.filters import PoleZeroFilter
from uisrnn.audio.sources.waveforms import Waveform

Source = Callable[[int], NDArray[np.float64]]
"""From a number of samples to the next samples of noise."""
_LOWEST = 20.0  # Hz, the frequency above which the power of pink noise falls
_HARMONICS = 6
_HUM_SHARE = 2 / 3  # the share of its harmonics in the power of a hum
_BLOCK = 2**20  # samples


def white(rate: int, generator: np.random.Generator) -> Source:
    """White noise: the same power at all frequencies."""
    return generator.standard_normal


def pink(rate: int, generator: np.random.Generator) -> Source:
    """Pink noise: above 20 Hz, its power falls by 3 dB an octave.

    Poles and zeros of its filter alternate at distances of half an octave: the power falls by 6 dB an octave from a
    pole to a zero, and is constant from a zero to a pole.
    """
    octaves = np.log2(rate / 2 / _LOWEST)
    poles, zeros = (np.exp(-2 * np.pi * _LOWEST * 2 ** np.arange(first, octaves) / rate) for first in (0, 0.5))
    shape = PoleZeroFilter(zeros, poles, settling=rate)
    return lambda count: shape(generator.standard_normal(count))


def hum(rate: int, generator: np.random.Generator) -> Source:
    """A hum: harmonics of 50 or 60 Hz, with pink noise of half their power."""
    noise = pink(rate, generator)
    frequencies = generator.choice([50.0, 60.0]) * np.arange(1, _HARMONICS + 1)
    sizes = generator.uniform(0.2, 1, _HARMONICS) / np.arange(1, _HARMONICS + 1)
    sizes *= np.sqrt(2 * _HUM_SHARE) / np.linalg.norm(sizes)
    phases = generator.uniform(0, 2 * np.pi, _HARMONICS)

    def source(count: int) -> NDArray[np.float64]:
        sound: NDArray[np.float64] = noise(count) * np.sqrt(1 - _HUM_SHARE)
        for size, frequency, phase in zip(sizes, frequencies, phases, strict=True):
            sound += size * np.sin(phase + 2 * np.pi * frequency / rate * np.arange(count))
        phases[:] = (phases + 2 * np.pi * frequencies / rate * count) % (2 * np.pi)
        return sound

    return source


NOISES: dict[str, Callable[[int, np.random.Generator], Source]] = {"pink": pink, "white": white, "hum": hum}
"""Kinds of noise; the mean power of each kind tends to 1."""


def noise_of(kind: str, power: float, count: int, rate: int, generator: np.random.Generator) -> Waveform:
    """(count,) samples of noise.

    Args:
        kind: a name in `NOISES`.
        power: mean square of the samples.
        count: of samples.
        rate: samples a second.
        generator: draws the noise.
    """
    source = NOISES[kind](rate, generator)
    noise = np.empty(count, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        block = noise[start : start + _BLOCK]
        block[:] = source(len(block))
    noise *= np.float32(np.sqrt(power / np.square(noise).mean(dtype=np.float64)))
    return noise
