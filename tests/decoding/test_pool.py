import numpy as np
import pytest
import torch

from models import ConjugateGaussian, gru
from uisrnn.decoding.pool import FRESH, Pool
from uisrnn.model.observation import negative_log_density


def test_rows_never_change_and_free_ones_are_used_again():
    pool = Pool(ConjugateGaussian())
    x, y = torch.ones(3, dtype=torch.float64), torch.full((3,), -2.0, dtype=torch.float64)
    first = pool.advance(np.array([FRESH]), x)
    pool.hold(first)
    before = pool.negative_log_densities(y)[first]
    second = pool.advance(first, y)
    pool.hold(np.array([[first[0], second[0], FRESH]]))
    assert pool.negative_log_densities(y)[first] == pytest.approx(before)
    assert pool.used == 3
    pool.hold(second)
    assert pool.used == 2
    assert np.isinf(pool.negative_log_densities(y)[first])
    assert pool.advance(np.array([FRESH]), x) == first


def test_the_fresh_row_is_never_freed():
    pool = Pool(gru())
    pool.hold(np.array([], dtype=np.int64))
    assert pool.used == 1
    x = torch.zeros(3, dtype=torch.float64)
    expected = negative_log_density(x, gru().predict(gru().initial())).item()
    assert pool.negative_log_densities(x)[FRESH] == pytest.approx(expected)


def test_it_grows_as_needed():
    pool = Pool(ConjugateGaussian())
    held = np.array([FRESH])
    for number in range(100):
        new = pool.advance(np.array([FRESH]), torch.full((3,), float(number), dtype=torch.float64))
        held = np.concatenate([held, new])
        pool.hold(held)
    assert len(set(held)) == 101
    near = pool.negative_log_densities(torch.full((3,), 80.0, dtype=torch.float64))[held]
    assert near.argmin() in range(99, 101)  # shrunken towards 0, so a cluster at 99 or 100 expects about 80
