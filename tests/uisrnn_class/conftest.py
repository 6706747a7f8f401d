"""Training data for the tests of the class UISRNN."""

import numpy as np
import pytest

from conftest import square


@pytest.fixture
def data(generator: np.random.Generator) -> tuple[list[np.ndarray], list[list[str]]]:
    """Three sequences of 20 observations, and their labels."""
    sequences, labels = zip(*(square(20, generator) for _ in range(3)), strict=True)
    return list(sequences), list(labels)
