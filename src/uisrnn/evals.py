"""How good labels are."""

import os
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from uisrnn.errors import InputError, InputTypeError


def get_list_inverse_index(unique_ids: list[Hashable]) -> dict[Hashable, int]:
    """Map each value to its position.

    Args:
        unique_ids: a list without repetitions.

    Raises:
        InputTypeError: it is not a list.

    >>> get_list_inverse_index(["a", 3, "abc"])
    {'a': 0, 3: 1, 'abc': 2}
    """
    if not isinstance(unique_ids, list):
        raise InputTypeError(f"unique_ids must be a list, but is {type(unique_ids).__name__}")
    return {value: position for position, value in enumerate(unique_ids)}


def compute_sequence_match_accuracy(sequence1: Any, sequence2: Any) -> float:
    """Share of equal labels after the best one-to-one renaming of the labels of one sequence.

    Args:
        sequence1: labels, a list, tuple or 1-dim array of integers or strings.
        sequence2: as many labels.

    Returns:
        A number from 0 to 1.

    Raises:
        InputTypeError: one of them is not a sequence of labels.
        InputError: they are empty or of different lengths.

    >>> compute_sequence_match_accuracy([0, 0, 1, 2, 2], ["c", "c", "d", "d", "a"])
    0.8
    """
    labels1, labels2 = _label_list(sequence1, "sequence1"), _label_list(sequence2, "sequence2")
    if not labels1 or len(labels1) != len(labels2):
        raise InputError(
            f"sequence1 and sequence2 must have the same length, not 0, but have {len(labels1)} and {len(labels2)}"
        )
    index1 = get_list_inverse_index(list(dict.fromkeys(labels1)))
    index2 = get_list_inverse_index(list(dict.fromkeys(labels2)))
    counts = np.zeros((len(index1), len(index2)))
    np.add.at(counts, ([index1[label] for label in labels1], [index2[label] for label in labels2]), 1)
    rows, columns = optimize.linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(labels1))


def _label_list(sequence: Any, name: str) -> list[Hashable]:
    if isinstance(sequence, np.ndarray) and sequence.ndim == 1:
        labels: list[Hashable] = sequence.tolist()
        return labels
    if not isinstance(sequence, (list, tuple)):
        raise InputTypeError(f"{name} must be a list of labels, but is {type(sequence).__name__}")
    return list(sequence)


def output_result(
    model_args: Any,
    training_args: Any,
    test_record: Sequence[tuple[float, int]],
    filename: str | os.PathLike[str] | None = None,
) -> str:
    """Summarise an experiment as the text block of 0.1.2.

    Args:
        model_args: see `ModelArguments`.
        training_args: see `TrainingArguments`.
        test_record: for each test sequence its accuracy and its length.
        filename: a file to which the block is added; None: none.

    Returns:
        The block.

    Raises:
        InputError: there is no test sequence.
    """
    if len(test_record) == 0:
        raise InputError("test_record must hold at least one pair of accuracy and length, but is empty")
    accuracies = [accuracy for accuracy, _length in test_record]
    lines = [
        "Config:",
        f"  sigma_alpha: {training_args.sigma_alpha}",
        f"  sigma_beta: {training_args.sigma_beta}",
        f"  crp_alpha: {model_args.crp_alpha}",
        f"  learning rate: {training_args.learning_rate}",
        f"  regularization: {training_args.regularization_weight}",
        f"  batch size: {training_args.batch_size}",
        "",
        "Performance:",
        f"  averaged accuracy: {np.mean(accuracies):.6f}",
        "  accuracy numbers for all testing sequences:",
        *(f"    {accuracy:.6f}" for accuracy in accuracies),
        "=" * 80,
        "",
    ]
    block = "\n".join(lines)
    if filename is not None:
        with open(filename, "a", encoding="utf-8") as file:
            file.write(block)
    return block
