"""The results of an experiment as the text block of 0.1.2."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from uisrnn.errors import InputError


def output_result(
    model_args: Any,
    training_args: Any,
    test_record: Sequence[tuple[float, int]],
    filename: str | os.PathLike[str] | None = None,
) -> str:
    """Summarise an experiment as the text block of 0.1.2.

    Args:
        model_args: `ModelArguments`, or any object with an attribute `crp_alpha`.
        training_args: `TrainingArguments`, or any object with the same attributes.
        test_record: for each test sequence its accuracy and its length.
        filename: a file to which the block is appended; None: no file is written.

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
