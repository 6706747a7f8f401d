"""Shared fixtures."""

import signal
from pathlib import Path

import numpy as np
import pytest

import uisrnn


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heard() -> None:
    """What a shell starts in the background ignores them, and so would the programs that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[1]


SQUARE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)


def square(length: int, generator: np.random.Generator, noise: float = 0.01) -> tuple[np.ndarray, list[str]]:
    """Four clusters on the vertices of a square, in turns of random length."""
    labels = [int(generator.integers(4))]
    while len(labels) < length:
        labels.append(int(generator.integers(4)) if generator.random() < 0.4 else labels[-1])
    return SQUARE[labels] + noise * generator.standard_normal((length, 2)), ["ABCD"[label] for label in labels]


@pytest.fixture(scope="session")
def square_model() -> uisrnn.UISRNN:
    """A trained model on the CPU, so that it is the same everywhere; tests that change it take a copy."""
    generator = np.random.default_rng(1)
    sequences, labels = zip(*(square(100, generator) for _ in range(8)), strict=True)
    model = uisrnn.UISRNN(
        uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, verbosity=0, seed=2, device="cpu")
    )
    args = uisrnn.TrainingArguments(
        learning_rate=0.01, train_iteration=200, learning_rate_half_life=50, enforce_cluster_id_uniqueness=False
    )
    model.fit(list(sequences), list(labels), args)
    return model
