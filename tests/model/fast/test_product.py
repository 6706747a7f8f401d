"""The product of few rows with a large matrix."""

import numpy as np
import pytest

from uisrnn.model.fast.product import for_product, multiply, rows_for_product


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [0, 1, 3, 10, 11, 130])
@pytest.mark.parametrize(("outputs", "size"), [(1, 1), (2, 16), (7, 5), (65, 100), (129, 33)])
def test_it_is_the_affine_map(dtype, rows, outputs, size, generator):
    x, weight, bias = (generator.normal(size=shape).astype(dtype) for shape in ((rows, size), (outputs, size), outputs))
    given = rows_for_product(rows, size, x)
    given[:, :size] = x
    result = np.full((rows + 3, outputs), np.nan, dtype=dtype)
    into = generator.permutation(rows + 3)[:rows]
    multiply(given, for_product(weight), bias, result, into)
    assert result[into] == pytest.approx(x @ weight.T + bias, abs=1e-4 if dtype == np.float32 else 1e-12)
    assert np.isnan(np.delete(result, into, axis=0)).all()


def test_a_row_has_the_same_sums_whatever_other_rows_there_are(generator):
    x, weight, bias = (generator.normal(size=shape).astype(np.float32) for shape in ((64, 96), (50, 96), 50))
    prepared = for_product(weight)
    alone = np.empty((64, 50), dtype=np.float32)
    for row in range(64):
        multiply(x[row : row + 1], prepared, bias, alone, np.array([row]))
    for rows in range(1, 65):
        together = np.empty((rows, 50), dtype=np.float32)
        multiply(x[:rows], prepared, bias, together, np.arange(rows))
        assert np.array_equal(together, alone[:rows])


def test_rows_begin_with_a_line_of_the_cache():
    for like in (np.zeros(1, dtype=np.float32), np.zeros(1)):
        rows = rows_for_product(5, 17, like)
        assert rows.ctypes.data % 64 == rows.strides[0] % 64 == 0
        assert (rows[:, 17:] == 0).all()
