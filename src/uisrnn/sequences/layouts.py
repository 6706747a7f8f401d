"""The two layouts of several sequences: a list of sequences, or all observations in one array."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.compiled import RowNumbers
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.labels import Label

SampleWeights = NDArray[np.float64]
Labels = Any
"""Strings and integers, in the form of a layout."""


class Layout(Protocol):
    """Sequences, and the form of their labels for the user."""

    @property
    def sequences(self) -> list[LabeledSequence]:
        """All sequences, checked; at least one."""

    def labels(self, given: Labels) -> Any:
        """The labels that a user gives, as a list for each sequence."""

    def weights(self, given: Any) -> SampleWeights:
        """The weight of each sequence, from the weights of the elements of this layout."""

    def join(self, labels: list[list[Label]]) -> Any:
        """Labels in the form of this layout, from a list of labels for each sequence."""


@dataclass(frozen=True)
class Listed:
    """A list of sequences, whose labels are a list of lists.

    Attributes:
        sequences: all sequences.
    """

    sequences: list[LabeledSequence]

    @classmethod
    def of(cls, values: Any) -> "Listed":
        """Check a list.

        Args:
            values: (T, D) arrays or `LabeledSequence`s.

        Raises:
            InputError, InputTypeError: `values` is not a list, or empty, or a sequence is wrong.
        """
        if not isinstance(values, (list, tuple, np.ndarray)):
            raise InputTypeError(f"X must be a list of (T, D) arrays or a (N, D) array, but is {type(values).__name__}")
        if len(values) == 0:
            raise InputError("X must hold at least one sequence, but the list is empty")
        return cls([_sequence(sequence, number) for number, sequence in enumerate(values)])

    def labels(self, given: Labels) -> Any:
        return [_integers(labels) for labels in given] if isinstance(given, (list, tuple, np.ndarray)) else given

    def weights(self, given: Any) -> SampleWeights:
        return _weights(given, len(self.sequences))

    def join(self, labels: list[list[Label]]) -> list[list[Label]]:
        return labels


@dataclass(frozen=True)
class Stacked:
    """An array of observations, whose labels are an array.

    Attributes:
        sequences: all sequences.
        rows: the rows of each sequence in the array; each row is in exactly one sequence.
    """

    sequences: list[LabeledSequence]
    rows: list[RowNumbers]

    @classmethod
    def of(cls, values: NDArray[Any], rows: list[RowNumbers], times: Times | None = None) -> "Stacked":
        """Cut an array.

        Args:
            values: (N, D) real numbers.
            rows: see above.
            times: (N,) of the observations; None if unknown.

        Raises:
            InputError: a value is not finite.
        """
        try:
            return cls([_cut(values, part, times, number) for number, part in enumerate(rows)], rows)
        except InputError as error:
            raise InputError(f"X holds NaN, inf or a value beyond float32: {error}") from error

    def labels(self, given: Labels) -> list[Any]:
        codes = _codes(given, sum(map(len, self.rows)), "y")
        return [codes[part] for part in self.rows]

    def weights(self, given: Any) -> SampleWeights:
        """The mean weight of the observations of each sequence, so that length does not count."""
        weights = _weights(given, sum(map(len, self.rows)))
        return np.array([weights[part].mean() for part in self.rows])

    def join(self, labels: list[list[Label]]) -> NDArray[np.int64]:
        rows = np.concatenate(self.rows)
        joined = np.empty(len(rows), dtype=np.int64)
        joined[rows] = np.concatenate(labels)
        return joined


def rows_of(number: int, lengths: Any = None, groups: Any = None) -> list[RowNumbers]:
    """The rows of each sequence in an array; without lengths and groups, all rows are a sequence.

    Args:
        number: N, of rows.
        lengths: numbers of rows of consecutive sequences.
        groups: instead of lengths, N strings or integers; rows with equal values are a sequence.

    Returns:
        Ascending rows of each sequence; groups are in the order of their first appearance.

    Raises:
        ArgumentError: both lengths and groups are given.
        InputError, InputTypeError: lengths do not add up to N, or there are not N groups.

    >>> rows_of(4, lengths=[1, 3])
    [array([0]), array([1, 2, 3])]
    >>> rows_of(4, groups=["call 2", "call 2", "call 1", "call 2"])
    [array([0, 1, 3]), array([2])]
    """
    if lengths is not None and groups is not None:
        raise ArgumentError("lengths and groups have the same meaning: pass lengths or groups, not both")
    if groups is not None:
        codes = _codes(groups, number, "groups")
        return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    if lengths is not None:
        return np.split(np.arange(number), np.cumsum(_lengths(lengths, number))[:-1])
    return [np.arange(number)]


def _sequence(values: Any, number: int) -> LabeledSequence:
    return values if isinstance(values, LabeledSequence) else LabeledSequence(values, name=f"sequence {number}")


def _cut(values: NDArray[Any], rows: RowNumbers, times: Times | None, number: int) -> LabeledSequence:
    sequence = _sequence(values[rows], number)
    return sequence if times is None else replace(sequence, times=times[rows])


def _lengths(values: Any, number: int) -> list[int]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    whole = isinstance(plain, (list, tuple)) and all(
        type(length) is int and length > 0 for length in map(_plain, plain)
    )
    if not whole or sum(plain) != number:
        raise InputError(
            f"lengths must be integers >= 1 with the sum {number}, the number of observations, but are {values!r:.80}; "
            "if observations are split, as in a cross-validation, pass groups instead"
        )
    return list(map(int, plain))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _codes(values: Any, number: int, name: str) -> labelling.Codes:
    codes = labelling.encode(_integers(values), name)
    if len(codes) != number:
        raise InputError(f"{name} must be as many as there are observations, {number}, but are {len(codes)}")
    return codes


def _weights(values: Any, number: int) -> SampleWeights:
    try:
        weights = np.array(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputTypeError(f"sample_weight must be {number} numbers, but: {error}") from error
    if weights.shape != (number,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InputError(f"sample_weight must be {number} numbers >= 0, not all of them 0, but are {values!r:.80}")
    return weights


def _integers(values: Any) -> Any:
    """Labels, in which integers replace whole numbers in floating point; arrays and tables often hold such labels."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(plain, (list, tuple)):
        return values
    return [int(label) if isinstance(label, float) and label.is_integer() else label for label in plain]
