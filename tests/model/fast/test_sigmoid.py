"""The nonlinearities of the compiled step."""

import numpy as np
import pytest

from uisrnn.compiled import compiled
from uisrnn.model.fast.sigmoid import sigmoid, tanh


@compiled
def of_all(x, result):
    for at in range(len(x)):
        result[at, 0], result[at, 1] = sigmoid(x[at]), tanh(x[at])


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 3e-7), (np.float64, 1e-15)])
def test_they_are_those_of_the_library(dtype, error):
    x = np.concatenate([np.linspace(-100, 100, 20001), [0, 1e-30, -1e-30, 1e30, -1e30, np.inf, -np.inf]]).astype(dtype)
    result = np.empty((len(x), 2), dtype=dtype)
    of_all(x, result)
    with np.errstate(over="ignore"):
        expected = np.stack([1 / (1 + np.exp(-x.astype(float))), np.tanh(x.astype(float))], axis=1)
    assert np.abs(result - expected).max() < error


def test_what_is_no_number_stays_so():
    for dtype in (np.float32, np.float64):
        result = np.empty((1, 2), dtype=dtype)
        of_all(np.array([np.nan], dtype=dtype), result)
        assert np.isnan(result).all()
