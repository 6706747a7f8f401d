"""Few rows times a large matrix, where a step of the recurrence spends its time.

Libraries of matrix products rearrange the weights first, which pays for many rows. For few rows, as in a step of
decoding, it takes longer than the product (`benchmarks/product.py`). This product reads the weights in place.
"""

from typing import Any

import numpy as np

from uisrnn.compiled import Reals, RowNumbers, compiled, compiled_sums

_BLOCK = 64
_LINE = 64


@compiled
def rows_for_product(rows: int, columns: int, like: Reals) -> Any:
    """An array for `multiply` to read: (rows, columns or more), not filled, except for zeros in further columns.

    Its rows begin and end with a line of the cache, which makes a product up to a third faster.

    Args:
        rows: number of rows.
        columns: number of columns.
        like: an array of the same precision.
    """
    items = _LINE // like.itemsize
    width = -(-columns // items) * items
    buffer = np.empty(rows * width + items, dtype=like.dtype)
    first = (-(buffer.ctypes.data // like.itemsize)) % items
    result = buffer[first : first + rows * width].reshape((rows, width))
    result[:, columns:] = 0
    return result


def for_product(weight: Reals) -> Reals:
    """A weight (N, K) for `multiply` to read: (N, K or more), itself if its rows begin with lines of the cache."""
    if weight.flags.c_contiguous and weight.ctypes.data % _LINE == weight.strides[0] % _LINE == 0:
        return weight
    result: Reals = rows_for_product(weight.shape[0], weight.shape[1], weight)
    result[:, : weight.shape[1]] = weight
    return result


@compiled_sums
def multiply(x: Reals, weight: Reals, bias: Reals, result: Reals, into: RowNumbers) -> None:
    """x W^T + b: four rows of x by two of the weights at a time, the weights in blocks that stay in the cache.

    Past the last row or weight, the last row or weight is computed again.

    Args:
        x: (rows, K), from `rows_for_product`.
        weight: (N, K).
        bias: (N,).
        result: (..., N), of which some rows are to be filled.
        into: (rows,) the numbers of these rows.
    """
    last = len(x) - 1
    outputs = len(weight)
    for block in range(0, outputs, _BLOCK):
        for row in range(0, len(x), 4):
            row1 = min(row + 1, last)
            row2 = min(row + 2, last)
            row3 = min(row + 3, last)
            for output in range(block, min(block + _BLOCK, outputs), 2):
                other = min(output + 1, outputs - 1)
                a0 = a1 = a2 = a3 = bias[output]
                b0 = b1 = b2 = b3 = bias[other]
                for k in range(x.shape[1]):
                    first = weight[output, k]
                    second = weight[other, k]
                    x0 = x[row, k]
                    x1 = x[row1, k]
                    x2 = x[row2, k]
                    x3 = x[row3, k]
                    a0 += x0 * first
                    a1 += x1 * first
                    a2 += x2 * first
                    a3 += x3 * first
                    b0 += x0 * second
                    b1 += x1 * second
                    b2 += x2 * second
                    b3 += x3 * second
                result[into[row], output] = a0
                result[into[row], other] = b0
                result[into[row1], output] = a1
                result[into[row1], other] = b1
                result[into[row2], output] = a2
                result[into[row2], other] = b2
                result[into[row3], output] = a3
                result[into[row3], other] = b3
