"""Sequences of observations, checked once at the door; nothing downstream knows where they came from."""

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uisrnn.data import labels as labelling
from uisrnn.errors import InputError, InputTypeError

Observations = NDArray[np.float32]


@dataclass(frozen=True)
class LabeledSequence:
    """Observations in their order, with what is known about them.

    Attributes:
        observations: (T, D) float32, finite.
        labels: (T,) codes, or None where unknown; equal codes mean equal labels, in sequences read together as in one.
        name: how error messages call it.
    """

    observations: Observations
    labels: labelling.Codes | None = None
    name: str = "sequence"


def observations(values: Any, dim: int | None = None, where: str = "sequence") -> Observations:
    """Check one sequence of observations and bring it to float32.

    Args:
        values: (T, D) real numbers: an array or tensor of any real type and layout, or nested lists.
        dim: the D that is needed, None for any.
        where: the words with which an error message begins.

    Returns:
        (T, D) float32 array in C order; the input itself where it already is one.

    Raises:
        InputTypeError: the values are not numbers.
        InputError: wrong shape or dimension, no observation, NaN or infinity.

    >>> observations([[1, 2], [3, float("nan")]], where="sequence 3")
    Traceback (most recent call last):
    uisrnn.errors.InputError: sequence 3: observation 1 is not finite: dimension 1 is nan
    """
    array = _real_array(values, where)
    wanted = "D" if dim is None else str(dim)
    if array.ndim != 2 or array.shape[1] == 0 or dim not in (None, array.shape[1]):
        raise InputError(f"{where}: observations must be (T, {wanted}), but are {array.shape}")
    if len(array) == 0:
        raise InputError(f"{where}: needs at least one observation, but is empty: {array.shape}")
    with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite and is reported below
        single = np.ascontiguousarray(array, dtype=np.float32)
    _require_finite(single, array, where)
    return single


def _real_array(values: Any, where: str) -> NDArray[Any]:
    if values is None or isinstance(values, (str, bytes, dict, set)):
        raise InputTypeError(f"{where}: observations must be an array of numbers, but are {type(values).__name__}")
    try:
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu().to_dense()
            values = values.float() if values.dtype == torch.bfloat16 else values  # numpy has none
        array = np.asarray(values)
    except Exception as error:  # whatever an array-like raises when it is asked for its numbers
        if isinstance(error, ValueError) and isinstance(values, (list, tuple)):
            raise InputError(f"{where}: observations must be (T, D), but the rows differ in length") from error
        raise InputTypeError(f"{where}: observations must be an array of numbers, but: {error}") from error
    if np.ma.is_masked(values):
        raise InputError(f"{where}: observations are partly masked; fill them or leave them out")
    if array.dtype.kind not in "fiu":
        raise InputTypeError(f"{where}: observations must be real numbers, but are of type {array.dtype}")
    return array


def _require_finite(single: Observations, original: NDArray[Any], where: str) -> None:
    if np.isfinite(single).all():
        return
    row, column = np.argwhere(~np.isfinite(single))[0]
    value = original[row, column]
    why = "exceeds float32" if np.isfinite(value) else "is"
    raise InputError(f"{where}: observation {row} is not finite: dimension {column} {why} {value}")


def is_single(values: Any) -> bool:
    """Whether `values` is one sequence (a 2-dim array or a list of rows) rather than several of them.

    >>> is_single([[1.0, 2.0], [3.0, 4.0]]), is_single([[[1.0, 2.0]], [[3.0, 4.0]]])
    (True, False)
    """
    if isinstance(values, (list, tuple)):
        return _depth(values) == 2 and not any(getattr(one, "ndim", 0) > 1 for one in values)
    dimensions = getattr(values, "ndim", 0)
    return not (dimensions == 3 or (dimensions == 1 and getattr(values, "dtype", None) == np.dtype(object)))


def is_one_observation(values: Any) -> bool:
    """Whether `values` is one observation (D,) rather than a block of them.

    >>> is_one_observation([1.0, 2.0]), is_one_observation([[1.0, 2.0]]), is_one_observation([])
    (True, False, False)
    """
    if isinstance(values, (list, tuple)):
        return _depth(values) == 1 and len(values) > 0 and all(isinstance(one, numbers.Real) for one in values)
    return isinstance(values, (np.ndarray, torch.Tensor)) and values.ndim == 1 and len(values) > 0


def _depth(values: Any) -> int:
    """Number of dimensions as far as the first elements tell, so that ragged lists have one too."""
    depth = 0
    while isinstance(values, (list, tuple)) and len(values) > 0 and depth < 4:  # a list may hold itself
        values, depth = values[0], depth + 1
    return depth + int(getattr(values, "ndim", 0))


def unlabeled(values: Any, dim: int | None = None) -> tuple[list[LabeledSequence], bool]:
    """Check what `predict` is given.

    Args:
        values: one sequence of observations, or a list or tuple of them.
        dim: the D that is needed, None for any.

    Returns:
        The sequences, and whether there was a single one.

    Raises:
        InputError, InputTypeError: see `observations`; the message names the sequence.
    """
    if is_single(values):
        return [LabeledSequence(observations(values, dim, "sequence"))], True
    checked = [
        LabeledSequence(observations(one, dim, f"sequence {number}"), name=f"sequence {number}")
        for number, one in enumerate(_required(values, "sequences"))
    ]
    return checked, False


def labeled(values: Any, cluster_ids: Any, dim: int | None = None) -> tuple[list[LabeledSequence], bool]:
    """Check what `fit` is given.

    Args:
        values: a list of sequences of observations, or one (concatenated) sequence.
        cluster_ids: as many lists of labels, or the labels of the one sequence.
        dim: the D that is needed, None for any.

    Returns:
        The sequences with their labels, and whether there was a single one.

    Raises:
        InputError: as in `observations`, and where the number of labels differs from that of the observations.
        InputTypeError: something is not a list or an array at all.
    """
    if is_single(values):
        return [_labeled(values, cluster_ids, dim, "sequence", {})], True
    sequences = _required(values, "sequences")
    if not isinstance(cluster_ids, (list, tuple)) and getattr(cluster_ids, "ndim", 0) == 0:
        raise InputTypeError(f"cluster_ids must be a list of label lists, but are {type(cluster_ids).__name__}")
    if len(cluster_ids) != len(sequences):
        raise InputError(
            f"cluster_ids must have one list of labels a sequence: {len(sequences)}, but are {len(cluster_ids)}"
        )
    pairs = zip(sequences, cluster_ids, strict=True)
    known: dict[Any, int] = {}
    return [_labeled(one, ids, dim, f"sequence {number}", known) for number, (one, ids) in enumerate(pairs)], False


def _required(values: Any, what: str) -> list[Any]:
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise InputTypeError(
            f"{what} must be a list of (T, D) arrays or one such array, but are {type(values).__name__}"
        )
    if len(values) == 0:
        raise InputError(f"{what}: at least one is needed, but the list is empty")
    return list(values)


def _labeled(values: Any, cluster_ids: Any, dim: int | None, where: str, known: dict[Any, int]) -> LabeledSequence:
    checked = observations(values, dim, where)
    codes = labelling.encode(cluster_ids, where, known)
    if len(codes) != len(checked):
        raise InputError(f"{where}: {len(checked)} observations need as many labels, but there are {len(codes)}")
    return LabeledSequence(checked, codes, where)
