"""The share of labels that are right, whatever the names of the clusters."""

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError
from uisrnn.evals.contingency import counts, match


def get_list_inverse_index(unique_ids: list[Hashable]) -> dict[Hashable, int]:
    """Map each value to its position.

    Args:
        unique_ids: a list without repetitions.

    Raises:
        InputTypeError: `unique_ids` is not a list.

    >>> get_list_inverse_index(["a", 3, "abc"])
    {'a': 0, 3: 1, 'abc': 2}
    """
    if not isinstance(unique_ids, list):
        raise InputTypeError(f"unique_ids must be a list, but is {type(unique_ids).__name__}")
    return {value: position for position, value in enumerate(unique_ids)}


def compute_sequence_match_accuracy(sequence1: Any, sequence2: Any) -> float:
    """Share of equal labels after the best one-to-one renaming of the labels of either sequence.

    Args:
        sequence1: labels, a list, tuple or 1-dim array of integers or strings.
        sequence2: as many labels.

    Returns:
        A number from 0 to 1.

    Raises:
        InputTypeError: an argument is not a sequence of labels.
        InputError: the sequences are empty, or their lengths differ.

    >>> compute_sequence_match_accuracy([0, 0, 1, 2, 2], ["c", "c", "d", "d", "a"])
    0.8
    """
    labels1 = _label_list(sequence1, "sequence1")
    labels2 = _label_list(sequence2, "sequence2")
    if not labels1 or len(labels1) != len(labels2):
        raise InputError(
            f"sequence1 and sequence2 must have the same length, not 0, but have {len(labels1)} and {len(labels2)}"
        )
    table = counts(_codes(labels1), _codes(labels2))
    return float(sum(table[pair] for pair in match(table)) / len(labels1))


def _codes(labels: list[Hashable]) -> NDArray[np.int64]:
    index = get_list_inverse_index(list(dict.fromkeys(labels)))
    return np.array([index[label] for label in labels], dtype=np.int64)


def _label_list(sequence: Any, name: str) -> list[Hashable]:
    if isinstance(sequence, np.ndarray) and sequence.ndim == 1:
        labels: list[Hashable] = sequence.tolist()
        return labels
    if not isinstance(sequence, (list, tuple)):
        raise InputTypeError(f"{name} must be a list of labels, but is {type(sequence).__name__}")
    return list(sequence)
