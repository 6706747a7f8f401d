"""Which observations are at the time of the observation before them."""

from typing import Any

import numpy as np

from uisrnn.compiled import Flags
from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences.labeled import Times
from uisrnn.sequences.labels import Codes


def joins_of_times(times: Times | None) -> Flags | None:
    """(T,) whether each observation has the time of the observation before it; None if no observation has.

    >>> joins_of_times(np.array([0.5, 1.0, 1.0]))
    array([False, False,  True])
    """
    if times is None or len(times) == 0:
        return None
    joins = np.append(False, np.diff(times) == 0)
    return joins if joins.any() else None


def checked_joins(values: Any, length: int, where: str, may_begin: bool = False) -> Flags | None:
    """Check the `joins` of a caller.

    Args:
        values: (T,) booleans: an array or a list; or None.
        length: T.
        where: the name of the sequence; error messages begin with it.
        may_begin: whether the first observation may join an observation that came earlier.

    Raises:
        InputTypeError: the values are not booleans.
        InputError: there are not T values, or the first observation joins though no observation is before it.

    >>> checked_joins([True, False], 2, "call")
    Traceback (most recent call last):
    uisrnn.errors.InputError: call: joins[0] must be False: no observation is before observation 0
    """
    if values is None:
        return None
    joins = np.asarray(values)
    if joins.dtype != np.bool_:
        raise InputTypeError(f"{where}: joins must be booleans, but are of type {joins.dtype}")
    if joins.shape != (length,):
        raise InputError(f"{where}: {length} observations need joins of shape ({length},), but they are {joins.shape}")
    if length and joins[0] and not may_begin:
        raise InputError(f"{where}: joins[0] must be False: no observation is before observation 0")
    return joins.copy() if joins.any() else None


def require_distinct(labels: Any, codes: Codes, joins: Flags | None, times: Times | None, where: str) -> None:
    """Require that observations of the same time have distinct labels.

    Args:
        labels: T names of labels.
        codes: (T,) numbers of the same labels.
        joins: (T,), or None.
        times: (T,) in seconds, or None.
        where: the name of the sequence; error messages begin with it.

    Raises:
        InputError: two observations of the same time have the same label.
    """
    if joins is None:
        return
    groups = np.cumsum(~joins)
    order = np.lexsort((codes, groups))
    repeats = np.flatnonzero((np.diff(groups[order]) == 0) & (np.diff(codes[order]) == 0))
    if not len(repeats):
        return
    first = min(repeats.tolist(), key=lambda place: int(order[place]))
    earlier = int(order[first])
    later = int(order[first + 1])
    time = "the same time" if times is None else f"the same time {times[earlier]} s"
    raise InputError(
        f"{where}: observations {earlier} and {later} have {time} and the same label {labels[earlier]!r}; "
        "observations of the same time need different labels"
    )
