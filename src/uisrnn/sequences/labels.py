"""Labels of observations: strings or integers for users, the numbers 0, 1, 2, ... for model and decoder."""

import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError

Codes = NDArray[np.int64]
Label = str | int


def encode(labels: Any, where: str = "labels", known: dict[Any, int] | None = None) -> Codes:
    """Number labels by their first appearance.

    Args:
        labels: a string or an integer for each observation: a list, a tuple or a 1-dim array.
        where: the name of the sequence; error messages begin with it.
        known: the numbers of labels of earlier sequences; new labels are added. None: no labels are known.

    Returns:
        (T,) codes 0, 1, 2, ...

    Raises:
        InputTypeError: `labels` is not a sequence of labels.
        InputError: `labels` has several dimensions, or a label is neither a string nor an integer.

    >>> encode(["bob", "alice", "bob"])
    array([0, 1, 0])
    """
    plain = _as_list(labels, where)
    for position, label in enumerate(plain):
        if not isinstance(label, (str, bytes, numbers.Integral)):
            raise InputError(f"{where}: labels must be strings or integers, but at position {position} is {label!r}")
    return _first_appearance(plain, {} if known is None else known)


def names(labels: Any, where: str = "labels") -> tuple[Label, ...]:
    """Labels as plain strings and integers.

    Args:
        labels: a string or an integer for each observation: a list, a tuple or a 1-dim array.
        where: the name of the sequence; error messages begin with it.

    Raises:
        InputTypeError: `labels` is not a sequence of labels.
        InputError: `labels` has several dimensions, or a label is neither a string nor an integer.

    >>> names(np.array([3, 1, 3]))
    (3, 1, 3)
    """
    plain = _as_list(labels, where)
    for position, label in enumerate(plain):
        if isinstance(label, bool) or not isinstance(label, (str, numbers.Integral)):
            raise InputError(
                f"{where}: labels must be strings or integers, but at position {position} is {label!r:.80}"
            )
    return tuple(str(label) if isinstance(label, str) else int(label) for label in plain)


def _as_list(labels: Any, where: str) -> list[Any]:
    if isinstance(labels, (list, tuple)):
        return list(labels)
    if isinstance(labels, (str, bytes)) or not hasattr(labels, "__array__") or np.ma.is_masked(labels):
        raise InputTypeError(f"{where}: labels must be a list or an array, but are {type(labels).__name__}")
    try:
        array = np.asarray(labels)
    except Exception as error:  # of any type, from an array-like object
        raise InputTypeError(f"{where}: labels must be a list or an array, but: {error}") from error
    if array.ndim != 1:
        raise InputError(f"{where}: labels must be of shape (T,), but are {array.shape}")
    plain: list[Any] = array.tolist()
    return plain


def _first_appearance(labels: Iterable[Any], known: dict[Any, int]) -> Codes:
    return np.array([known.setdefault(label, len(known)) for label in labels], dtype=np.int64)


def as_sequences(cluster_ids: Any) -> Sequence[Any]:
    """A list of label sequences.

    Args:
        cluster_ids: a list of label sequences, or the labels of a single sequence.

    Raises:
        InputTypeError: it is neither.

    >>> as_sequences(["a", "b"])
    [['a', 'b']]
    """
    if not isinstance(cluster_ids, (list, tuple)) and getattr(cluster_ids, "ndim", 0) == 0:
        raise InputTypeError(f"cluster_ids must be lists of labels, but are {type(cluster_ids).__name__}")
    holds_labels = len(cluster_ids) > 0 and (isinstance(cluster_ids[0], (str, bytes)) or np.ndim(cluster_ids[0]) == 0)
    sequences: Sequence[Any] = [cluster_ids] if holds_labels else cluster_ids
    return sequences


def renumber(labels: Sequence[Any] | NDArray[Any]) -> list[int]:
    """Rename labels to 0, 1, 2, ... in the order of their first appearance.

    Args:
        labels: integers or strings.

    >>> renumber([7, 7, 2, 7])
    [0, 0, 1, 0]
    """
    renamed: list[int] = _first_appearance(np.asarray(labels).tolist(), {}).tolist()
    return renamed


@dataclass(frozen=True)
class Names:
    """Names of clusters: known clusters have given names, new clusters the numbers 0, 1, 2, ... that are not taken.

    Attributes:
        known: names of the known clusters, in the order of their codes 0, 1, ...
    """

    known: tuple[Label, ...] = ()

    def name(self, code: int) -> Label:
        """The name of the cluster with a code; the name of a new cluster follows from its number among new clusters."""
        if code < len(self.known):
            return self.known[code]
        label = code - len(self.known)
        for taken in sorted(name for name in self.known if isinstance(name, int) and name >= 0):
            label += taken <= label
        return label

    def of(self, codes: Sequence[int] | Codes) -> list[Label]:
        """The labels of a sequence; new clusters are numbered by first appearance.

        >>> Names(("alice", "bob")).of([3, 1, 2, 3])
        [0, 'bob', 1, 0]
        """
        known: dict[Any, int] = {code: code for code in range(len(self.known))}
        return [self.name(code) for code in _first_appearance(np.asarray(codes).tolist(), known).tolist()]


def runs(indexes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut ascending indexes into runs of consecutive indexes: the blocks of a cluster.

    Args:
        indexes: of the cluster's observations.

    >>> runs(np.array([1, 2, 6, 10, 11]))
    [array([1, 2]), array([6]), array([10, 11])]
    """
    return np.split(indexes, np.flatnonzero(np.diff(indexes) != 1) + 1)
