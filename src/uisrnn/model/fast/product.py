"""Few rows times a large matrix: a step of the recurrence spends most of its time in such products.

Libraries of matrix products rearrange the weights at each product, which takes longer than the product of few rows, as
in a step of decoding (`benchmarks/product.py`). Here the weights are rearranged once, for all steps. Rows are divided
into groups of nearly equal size, so that a product of five rows computes five rows.
"""

from typing import Any

import numpy as np

from uisrnn.compiled import Reals, RowNumbers, compiled
from uisrnn.model.fast.tile import PANEL_BYTES, TILE_ROWS, tile_product

_LINE = 64
_GROUPS = 6
"""Number of groups of rows that read a panel in turn; their rows stay in the cache meanwhile."""


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


@compiled
def for_product(weight: Reals) -> Any:
    """A weight (N, K) for `multiply` to read: (panels, K, P), P outputs in a panel; zeros follow the last output."""
    outputs, depth = weight.shape
    width = PANEL_BYTES // weight.itemsize
    panels = -(-outputs // width)
    size = panels * depth * width
    result = rows_for_product(1, size, weight)[0][:size].reshape((panels, depth, width))
    for panel in range(panels):
        for lane in range(width):
            output = panel * width + lane
            for k in range(depth):
                result[panel, k, lane] = weight[output, k] if output < outputs else 0
    return result


@compiled
def multiply(x: Reals, weight: Reals, bias: Reals, result: Reals, into: RowNumbers) -> None:
    """x W^T + b. The order of each sum is the same for any number of rows.

    Args:
        x: (rows, K), from `rows_for_product`.
        weight: (panels, K, P), from `for_product`.
        bias: (N,).
        result: (..., N or more), of which some rows are to be filled.
        into: (rows,) the numbers of these rows.
    """
    tile = np.empty((TILE_ROWS, weight.shape[2]), dtype=x.dtype)
    groups = -(-len(x) // TILE_ROWS)
    for start in range(0, groups, _GROUPS):
        for panel in range(len(weight)):
            output = panel * weight.shape[2]
            outputs = min(weight.shape[2], len(bias) - output)
            for group in range(start, min(start + _GROUPS, groups)):
                first = len(x) * group // groups
                rows = len(x) * (group + 1) // groups - first
                tile_product(rows, x, first, weight, panel, tile)
                for row in range(rows):
                    target = result[into[first + row]]
                    for lane in range(outputs):
                        target[output + lane] = tile[row, lane] + bias[output + lane]
