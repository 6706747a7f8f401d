"""The two ways in which several sequences are handed over: a list of them, or all observations in one array."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.labels import Label

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]
Labels = Any
"""Of strings and integers, in the form that belongs to a layout."""


class Layout(Protocol):
    """Sequences, and the form that their labels have outside."""

    @property
    def sequences(self) -> list[LabeledSequence]:
        """All of them, checked; at least one."""

    def labels(self, given: Labels) -> Any:
        """Labels as they came, as a list for each sequence."""

    def weights(self, given: Any) -> Weights:
        """The weight of each sequence, from weights of what is one element of this layout."""

    def join(self, found: list[list[Label]]) -> Any:
        """A list of labels for each sequence, in the form in which they are to leave."""


@dataclass(frozen=True)
class Listed:
    """A list of sequences, whose labels are a list of lists.

    Attributes:
        sequences: all of them.
    """

    sequences: list[LabeledSequence]

    @classmethod
    def of(cls, values: Any) -> "Listed":
        """Check a list.

        Args:
            values: (T, D) arrays or `LabeledSequence`s.

        Raises:
            InputError, InputTypeError: it is no list or empty, or one of them is wrong.
        """
        if not isinstance(values, (list, tuple, np.ndarray)):
            raise InputTypeError(
                f"X must be a list of (T, D) arrays or one (N, D) array, but is {type(values).__name__}"
            )
        if len(values) == 0:
            raise InputError("X must hold at least one sequence, but the list is empty")
        return cls([_sequence(one, number) for number, one in enumerate(values)])

    def labels(self, given: Labels) -> Any:
        """The lists themselves."""
        return [_integers(one) for one in given] if isinstance(given, (list, tuple, np.ndarray)) else given

    def weights(self, given: Any) -> Weights:
        """The weights themselves."""
        return _weights(given, len(self.sequences))

    def join(self, found: list[list[Label]]) -> list[list[Label]]:
        """The lists themselves."""
        return found


@dataclass(frozen=True)
class Stacked:
    """One array of observations, whose labels are one array.

    Attributes:
        sequences: all of them.
        rows: where in the array each of them is; each row is in one of them.
    """

    sequences: list[LabeledSequence]
    rows: list[Rows]

    @classmethod
    def of(cls, values: NDArray[Any], rows: list[Rows], times: Times | None = None) -> "Stacked":
        """Cut an array.

        Args:
            values: (N, D) real numbers.
            rows: see above.
            times: (N,) of the observations, if they are known.

        Raises:
            InputError: a value is not finite.
        """
        try:
            return cls([_cut(values, one, times, number) for number, one in enumerate(rows)], rows)
        except InputError as error:
            raise InputError(f"X holds NaN, inf or what exceeds float32: {error}") from error

    def labels(self, given: Labels) -> list[Any]:
        """Cut as the observations are."""
        codes = _codes(given, sum(map(len, self.rows)), "y")
        return [codes[one] for one in self.rows]

    def weights(self, given: Any) -> Weights:
        """The mean of the weights of its observations, so that long sequences count as much as short ones."""
        weights = _weights(given, sum(map(len, self.rows)))
        return np.array([weights[one].mean() for one in self.rows])

    def join(self, found: list[list[Label]]) -> NDArray[np.int64]:
        """Each label where its observation is."""
        rows = np.concatenate(self.rows)
        joined = np.empty(len(rows), dtype=np.int64)
        joined[rows] = np.concatenate(found)
        return joined


def rows_of(number: int, lengths: Any = None, groups: Any = None) -> list[Rows]:
    """Which rows of an array are a sequence; without lengths and groups, all are one.

    Args:
        number: N, of rows.
        lengths: numbers of rows of sequences behind one another.
        groups: instead, N strings or integers, equal ones for the rows of a sequence.

    Returns:
        Ascending rows of each sequence, those of groups in the order of their first appearance.

    Raises:
        ArgumentError: there are lengths and groups.
        InputError, InputTypeError: lengths do not add up to N, or there are not N groups.

    >>> rows_of(4, lengths=[1, 3])
    [array([0]), array([1, 2, 3])]
    >>> rows_of(4, groups=["call 2", "call 2", "call 1", "call 2"])
    [array([0, 1, 3]), array([2])]
    """
    if lengths is not None and groups is not None:
        raise ArgumentError("lengths and groups say the same in two ways: pass one of them")
    if groups is not None:
        codes = _codes(groups, number, "groups")
        return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    if lengths is not None:
        return np.split(np.arange(number), np.cumsum(_lengths(lengths, number))[:-1])
    return [np.arange(number)]


def _sequence(values: Any, number: int) -> LabeledSequence:
    return values if isinstance(values, LabeledSequence) else LabeledSequence(values, name=f"sequence {number}")


def _cut(values: NDArray[Any], rows: Rows, times: Times | None, number: int) -> LabeledSequence:
    sequence = _sequence(values[rows], number)
    return sequence if times is None else replace(sequence, times=times[rows])


def _lengths(values: Any, number: int) -> list[int]:
    plain = values.tolist() if hasattr(values, "tolist") else values
    whole = isinstance(plain, (list, tuple)) and all(type(one) is int and one > 0 for one in map(_plain, plain))
    if not whole or sum(plain) != number:
        raise InputError(
            f"lengths must be integers >= 1 with the sum {number}, the number of observations, but are {values!r:.80}; "
            "where observations are split, as in a cross-validation, pass groups instead"
        )
    return list(map(int, plain))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _codes(values: Any, number: int, what: str) -> labelling.Codes:
    codes = labelling.encode(_integers(values), what)
    if len(codes) != number:
        raise InputError(f"{what} must be as many as there are observations, {number}, but are {len(codes)}")
    return codes


def _weights(values: Any, number: int) -> Weights:
    try:
        weights = np.array(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputTypeError(f"sample_weight must be {number} numbers, but: {error}") from error
    if weights.shape != (number,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise InputError(f"sample_weight must be {number} numbers >= 0, not all of them 0, but are {values!r:.80}")
    return weights


def _integers(values: Any) -> Any:
    """Labels with those as integers that are whole numbers in floating point, as arrays and tables often hold them."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    if not isinstance(plain, (list, tuple)):
        return values
    return [int(one) if isinstance(one, float) and one.is_integer() else one for one in plain]
