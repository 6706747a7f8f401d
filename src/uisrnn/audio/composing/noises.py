"""Noise of rooms and devices, at a given level."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt, zpk2sos

from uisrnn.audio.waveforms import Waveform

Noise = Callable[[int, int, np.random.Generator], NDArray[np.float64]]
_LOWEST = 20.0  # Hz from which pink noise falls
_BLOCK = 2**20  # samples


def white(count: int, rate: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(count,) samples of the same power at all frequencies."""
    return generator.standard_normal(count)


def pink(count: int, rate: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(count,) samples whose power falls by 3 dB an octave.

    Poles and zeros alternate evenly on a logarithmic scale of frequency: the power falls by 6 dB an octave from a pole
    to the next zero, and not at all from there to the next pole.
    """
    corners = np.exp(-2 * np.pi * _LOWEST * 2.0 ** np.arange(0, np.log2(rate / 2 / _LOWEST), 1.0) / rate)
    zeros = np.exp(-2 * np.pi * _LOWEST * 2.0 ** np.arange(0.5, np.log2(rate / 2 / _LOWEST), 1.0) / rate)
    sections = zpk2sos(zeros, corners, 1.0)
    filtered: NDArray[np.float64] = sosfilt(sections, generator.standard_normal(count))
    return filtered


def hum(count: int, rate: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """(count,) samples of harmonics of 50 or 60 Hz with pink noise of half their power."""
    times = np.arange(count) / rate
    base = float(generator.choice([50.0, 60.0]))
    harmonics = np.zeros(count)
    for number in range(1, 7):
        phase = generator.uniform(0, 2 * np.pi)
        harmonics += generator.uniform(0.2, 1) / number * np.sin(2 * np.pi * base * number * times + phase)
    noise = pink(count, rate, generator)
    sound: NDArray[np.float64] = harmonics + noise * np.sqrt(0.5 * _power(harmonics) / max(_power(noise), 1e-30))
    return sound


NOISES: dict[str, Noise] = {"pink": pink, "white": white, "hum": hum}


def noise_of(kind: str, power: float, count: int, rate: int, generator: np.random.Generator) -> Waveform:
    """(count,) samples of noise.

    Args:
        kind: a name in `NOISES`.
        power: mean square of the samples.
        count: of samples.
        rate: samples a second.
        generator: draws the noise.
    """
    noise = NOISES[kind](count, rate, generator)
    scaled: Waveform = (noise * np.sqrt(power / max(_power(noise), 1e-30))).astype(np.float32)
    return scaled


def _power(samples: NDArray[np.float64]) -> float:
    return float(np.square(samples).mean())
