"""How often labels of two labellings meet, and which labels belong together."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from uisrnn.errors import InputError

_MOST_PAIRS = 25_000_000  # of labels: 200 MB


def counts(reference: NDArray[np.int64], hypothesis: NDArray[np.int64]) -> NDArray[np.int64]:
    """The contingency table of two labellings of the same observations.

    Args:
        reference: (T,) codes 0, 1, 2, ...
        hypothesis: (T,) codes 0, 1, 2, ...

    Returns:
        (R, H) how many observations have both codes.

    Raises:
        InputError: there are so many clusters that the table would not fit into the memory.

    >>> counts(np.array([0, 0, 1]), np.array([1, 1, 0]))
    array([[0, 2],
           [1, 0]])
    """
    rows = int(reference.max(initial=-1)) + 1
    columns = int(hypothesis.max(initial=-1)) + 1
    require_pairs(rows, columns)
    return np.bincount(reference * columns + hypothesis, minlength=rows * columns).reshape(rows, columns)


def require_pairs(rows: int, columns: int) -> None:
    """Require that a table of so many rows and columns fits into the memory.

    Raises:
        InputError: there are too many pairs.
    """
    if rows * columns > _MOST_PAIRS:
        raise InputError(f"{rows} clusters cannot be matched with {columns}: more than {_MOST_PAIRS} pairs")


def match(table: NDArray[np.int64] | NDArray[np.float64]) -> list[tuple[int, int]]:
    """The pairs of rows and columns, each row and column in at most a single pair, whose entries have the largest sum.

    Args:
        table: (R, H) numbers >= 0.

    Returns:
        Pairs of a row and a column whose entry is more than 0, by row.

    >>> match(np.array([[3, 2], [2, 0], [0, 0]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = optimize.linear_sum_assignment(table, maximize=True)
    return [(row, column) for row, column in zip(rows.tolist(), columns.tolist(), strict=True) if table[row, column]]
