"""Sound without recordings: voices made of harmonics, and an encoder that tells them apart."""

import numpy as np

RATE = 8000
VOICES = {"low": 110.0, "high": 230.0, "middle": 160.0}  # Hz
TURNS = [("low", 2.1), ("", 0.9), ("high", 3.0), ("low", 1.8), ("", 1.2), ("middle", 2.4), ("high", 1.5)]


def voice(name: str, seconds: float, rate: int = RATE) -> np.ndarray:
    """Harmonics of a pitch, in syllables."""
    times = np.arange(round(seconds * rate)) / rate
    phase = np.cumsum(VOICES[name] * (1 + 0.03 * np.sin(5 * times))) / rate
    sound = sum(np.sin(2 * np.pi * (k + 1) * phase) / (k + 1) ** 0.5 for k in range(12))
    return 0.05 * sound * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * times))


def conversation(turns: list[tuple[str, float]], rate: int = RATE) -> np.ndarray:
    """Voices one after the other; "" is silence."""
    parts = [voice(name, seconds, rate) if name else np.zeros(round(seconds * rate)) for name, seconds in turns]
    return np.concatenate(parts)


def band_energies(windows: np.ndarray) -> np.ndarray:
    """(B, n) -> (B, 16), each row by itself so that they do not depend on the batch."""
    power = np.abs(np.fft.rfft(windows * np.hanning(windows.shape[1]))) ** 2
    heard = power[:, : windows.shape[1] // 6]  # up to a sixth of the rate
    bands = np.stack([part.sum(axis=1) for part in np.array_split(heard, 16, axis=1)], axis=1)
    logarithms = np.log(bands + 1e-3)
    return logarithms - logarithms.mean(axis=1, keepdims=True)


def vowels(pitch: float, formants: tuple[float, ...], seconds: float, rate: int = 16000) -> np.ndarray:
    """Harmonics of a pitch under formants that move; networks take it for speech."""
    times = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(4 * times))) / rate
    sound = np.zeros(len(times))
    for harmonic in range(1, int(4000 / pitch)):
        moved = [formant * (1 + 0.25 * np.sin(2 * np.pi * 2.3 * times + formant)) for formant in formants]
        gain = sum(np.exp(-(((harmonic * pitch - formant) / 120) ** 2)) for formant in moved)
        sound += gain * np.sin(harmonic * phase)
    return 0.1 * sound * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * times))


def man(seconds: float) -> np.ndarray:
    """A low voice at 16 kHz."""
    return vowels(110, (600, 1100, 2500), seconds)


def woman(seconds: float) -> np.ndarray:
    """A high voice at 16 kHz."""
    return vowels(210, (500, 1500, 2700), seconds)


def dialogue() -> np.ndarray:
    """10 s at 16 kHz: a low voice until 4 s, a high voice from 5 s on, both at once from 7 to 9 s."""
    low = np.concatenate([man(4), np.zeros(3 * 16000), man(2), np.zeros(16000)])
    high = np.concatenate([np.zeros(5 * 16000), woman(5)])
    return (low + high).astype(np.float32)
