"""Checks of observations, and their conversion to float32."""

import numbers
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError

Observations = NDArray[np.float32]


def observations(values: Any, dim: int | None = None, where: str = "sequence") -> Observations:
    """Check the observations of a sequence and convert them to float32.

    Args:
        values: (T, D) real numbers: an array or tensor of any real type and layout, or nested lists.
        dim: the required D, None for any.
        where: the name of the sequence; error messages begin with it.

    Returns:
        (T, D) float32 array in C order; the input itself if it is such an array.

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
    with np.errstate(over="ignore"):  # a value beyond float32 becomes infinite, which is an error below
        single = np.ascontiguousarray(array, dtype=np.float32)
    _require_finite(single, array, where)
    return single


def _real_array(values: Any, where: str) -> NDArray[Any]:
    if values is None or isinstance(values, (str, bytes, dict, set)):
        raise InputTypeError(f"{where}: observations must be an array of numbers, but are {type(values).__name__}")
    try:
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu().to_dense()
            values = values.float() if values.dtype == torch.bfloat16 else values  # numpy has no such type
        array = np.asarray(values)
    except Exception as error:  # of any type, from an array-like object
        if isinstance(error, ValueError) and isinstance(values, (list, tuple)):
            raise InputError(f"{where}: observations must be (T, D), but the rows differ in length") from error
        raise InputTypeError(f"{where}: observations must be an array of numbers, but: {error}") from error
    if np.ma.is_masked(values):
        raise InputError(f"{where}: observations are partly masked; fill them or leave them out")
    if array.dtype == object and array.size and all(map(_is_real, set(map(type, array.flat)))):
        array = _numbers_of_objects(array, where)
    if array.dtype.kind not in "fiu":
        raise InputTypeError(f"{where}: observations must be real numbers, but are of type {array.dtype}")
    return array


def _is_real(kind: type) -> bool:
    return issubclass(kind, numbers.Real) and not issubclass(kind, bool)


def _numbers_of_objects(array: NDArray[Any], where: str) -> NDArray[Any]:
    """An array of Python numbers as float64: numpy makes such arrays of several sequences of equal lengths."""
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise InputTypeError(f"{where}: observations must be an array of numbers, but: {error}") from error


def _require_finite(single: Observations, original: NDArray[Any], where: str) -> None:
    if np.isfinite(single).all():
        return
    row, column = np.argwhere(~np.isfinite(single))[0]
    value = original[row, column]
    why = "exceeds float32" if np.isfinite(value) else "is"
    raise InputError(f"{where}: observation {row} is not finite: dimension {column} {why} {value}")


def is_single(values: Any) -> bool:
    """Whether `values` is a single sequence (a 2-dim array or a list of rows), and not several sequences.

    >>> is_single([[1.0, 2.0], [3.0, 4.0]]), is_single([[[1.0, 2.0]], [[3.0, 4.0]]])
    (True, False)
    """
    if isinstance(values, (list, tuple)):
        return _depth(values) == 2 and not any(getattr(row, "ndim", 0) > 1 for row in values)
    dimensions = getattr(values, "ndim", 0)
    return not (dimensions == 3 or (dimensions == 1 and getattr(values, "dtype", None) == np.dtype(object)))


def is_one_observation(values: Any) -> bool:
    """Whether `values` is a single observation (D,), and not several observations.

    >>> is_one_observation([1.0, 2.0]), is_one_observation([[1.0, 2.0]]), is_one_observation([])
    (True, False, False)
    """
    if isinstance(values, (list, tuple)):
        return _depth(values) == 1 and len(values) > 0 and all(isinstance(value, numbers.Real) for value in values)
    return isinstance(values, (np.ndarray, torch.Tensor)) and values.ndim == 1 and len(values) > 0


def _depth(values: Any) -> int:
    """Number of dimensions by the first elements, which exists for ragged lists too."""
    depth = 0
    while isinstance(values, (list, tuple)) and len(values) > 0 and depth < 4:  # a list may hold itself
        values = values[0]
        depth += 1
    return depth + int(getattr(values, "ndim", 0))
