"""Two labellings of the same observations, as sums that add up over files: matches, entropies, pairs."""

import numpy as np
from numpy.typing import NDArray

from uisrnn.evals.contingency import counts, match


def label_sums(reference: NDArray[np.int64], hypothesis: NDArray[np.int64]) -> dict[str, float]:
    """The sums from which accuracy, homogeneity, completeness, V-measure and the adjusted Rand index are computed.

    With n observations in the contingency table n_rh, entropies are n times entropies in nats: H(r) of the reference,
    and H(r|h), its entropy given the hypothesis. Pairs of observations with equal labels in both labellings are counted
    above their expectation by chance (Hubert and Arabie 1985). Summed over files, the entropies are given the file, and
    the pairs are within files.

    Args:
        reference: (T,) codes 0, 1, 2, ...
        hypothesis: (T,) codes 0, 1, 2, ...

    Raises:
        InputError: there are too many clusters.

    >>> label_sums(np.array([0, 0, 1]), np.array([0, 0, 0]))["matched"]
    2.0
    """
    table = counts(reference, hypothesis)
    rows = table.sum(axis=1)
    columns = table.sum(axis=0)
    equal_in_both = _pairs(table)
    equal_in_reference = _pairs(rows)
    equal_in_hypothesis = _pairs(columns)
    pairs = _pairs(np.array([len(reference)]))
    chance = equal_in_reference * equal_in_hypothesis / pairs if pairs else 0.0
    return {
        "observations": float(len(reference)),
        "matched": float(sum(table[pair] for pair in match(table))),
        "reference_entropy": _entropy(rows, rows.sum()),
        "reference_entropy_left": _entropy(table, np.broadcast_to(columns, table.shape)),
        "hypothesis_entropy": _entropy(columns, columns.sum()),
        "hypothesis_entropy_left": _entropy(table, np.broadcast_to(rows[:, None], table.shape)),
        "rand_above_chance": equal_in_both - chance,
        "rand_most_above_chance": (equal_in_reference + equal_in_hypothesis) / 2 - chance,
        "reference_speakers": float(len(rows)),
        "hypothesis_speakers": float(len(columns)),
    }


def _pairs(cells: NDArray[np.int64]) -> float:
    """How many pairs of observations share a cell."""
    return float((cells * (cells - 1) // 2).sum())


def _entropy(cells: NDArray[np.int64], wholes: NDArray[np.int64]) -> float:
    """The entropy of cells, each given its whole, times the number of observations."""
    share = cells[cells > 0] / np.broadcast_to(wholes, cells.shape)[cells > 0]
    return float(-(cells[cells > 0] * np.log(share)).sum()) + 0.0  # no -0.0
