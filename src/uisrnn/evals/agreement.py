"""What of two labellings of the same observations adds up over files: matches, entropies, pairs."""

import numpy as np
from numpy.typing import NDArray

from uisrnn.evals.contingency import counts, match


def label_sums(reference: NDArray[np.int64], hypothesis: NDArray[np.int64]) -> dict[str, float]:
    """What accuracy, homogeneity, completeness, V-measure and the adjusted Rand index are computed from.

    With n observations in the contingency table n_rh: entropies are n times those in nats, H(r) of the reference and
    H(r|h) as what is left of it; pairs of observations with equal labels in both are counted above their expectation
    by chance (Hubert and Arabie 1985). As sums over files, these are entropies given the file and pairs within files.

    Args:
        reference: (T,) codes 0, 1, 2, ...
        hypothesis: (T,) codes 0, 1, 2, ...

    Raises:
        InputError: there are too many clusters.

    >>> label_sums(np.array([0, 0, 1]), np.array([0, 0, 0]))["matched"]
    2.0
    """
    table = counts(reference, hypothesis)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    both, one, other, pairs = (_pairs(part) for part in (table, rows, columns, np.array([len(reference)])))
    chance = one * other / pairs if pairs else 0.0
    return {
        "observations": float(len(reference)),
        "matched": float(sum(table[pair] for pair in match(table))),
        "reference_entropy": _entropy(rows, rows.sum()),
        "reference_entropy_left": _entropy(table, np.broadcast_to(columns, table.shape)),
        "hypothesis_entropy": _entropy(columns, columns.sum()),
        "hypothesis_entropy_left": _entropy(table, np.broadcast_to(rows[:, None], table.shape)),
        "rand_above_chance": both - chance,
        "rand_most_above_chance": (one + other) / 2 - chance,
        "reference_speakers": float(len(rows)),
        "hypothesis_speakers": float(len(columns)),
    }


def _pairs(part: NDArray[np.int64]) -> float:
    """How many pairs are within the cells."""
    return float((part * (part - 1) // 2).sum())


def _entropy(part: NDArray[np.int64], whole: NDArray[np.int64]) -> float:
    """The entropy of cells given the whole that each is a part of, times the number that was counted."""
    share = part[part > 0] / np.broadcast_to(whole, part.shape)[part > 0]
    return float(-(part[part > 0] * np.log(share)).sum()) + 0.0  # no -0.0
