"""A model and front ends for voices made of harmonics."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import uisrnn
from sounds import RATE, TURNS, VOICES, band_energies, conversation
from uisrnn.audio import Encoder, FrontEnd, LevelActivity, WindowedFrontEnd, WindowEncoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return WindowEncoder(band_energies, RATE, window=0.6, hop=0.3)


@pytest.fixture(scope="session")
def activity() -> LevelActivity:
    return LevelActivity(threshold=-50)


@pytest.fixture(scope="session")
def front_end(encoder: Encoder, activity: LevelActivity) -> FrontEnd:
    return WindowedFrontEnd(encoder, activity)


@pytest.fixture(scope="session")
def model(front_end: FrontEnd) -> uisrnn.UISRNN:
    """Knows the voices by conversations of them."""
    generator = np.random.default_rng(0)
    sequences, labels = [], []
    for _ in range(12):
        turns = [(str(generator.choice(list(VOICES))), float(generator.uniform(1, 3))) for _ in range(8)]
        found = uisrnn.audio.embed((conversation(turns), RATE), front_end)
        starts = np.cumsum([0, *(seconds for _, seconds in turns)])
        sequences.append(found.observations)
        labels.append([turns[np.searchsorted(starts, time, "right") - 1][0] for time in found.times])
    clusterer = uisrnn.UISRNNClusterer(observation_model="plda", discriminative_iteration=0, seed=0, verbosity=0)
    return clusterer.fit(sequences, labels).model_


@pytest.fixture(scope="session")
def meeting() -> np.ndarray:
    return conversation(TURNS)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a waveform to a file of a name."""
    soundfile = pytest.importorskip("soundfile")

    def write(waveform: np.ndarray, rate: int = RATE, name: str = "meeting.wav", subtype: str | None = None) -> Path:
        soundfile.write(tmp_path / name, waveform, rate, subtype=subtype)
        return tmp_path / name

    return write
