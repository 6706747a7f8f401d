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
    """Check what a caller gives as `joins`.

    Args:
        values: (T,) booleans: an array or a list; or None.
        length: T.
        where: the words with which an error message begins.
        may_begin: whether the first observation may join an observation that came earlier.

    Raises:
        InputTypeError: they are not booleans.
        InputError: their number is not T, or the first observation joins though nothing is before it.

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
    """Require that observations of one time have distinct labels.

    Args:
        labels: T labels by their names.
        codes: (T,) the same as numbers.
        joins: (T,), or None.
        times: (T,) in seconds, or None.
        where: the words with which an error message begins.

    Raises:
        InputError: two observations of one time have one label.
    """
    if joins is None:
        return
    groups = np.cumsum(~joins)
    order = np.lexsort((codes, groups))
    repeats = np.flatnonzero((np.diff(groups[order]) == 0) & (np.diff(codes[order]) == 0))
    if not len(repeats):
        return
    first = min(repeats.tolist(), key=lambda at: int(order[at]))
    earlier, later = int(order[first]), int(order[first + 1])
    time = "one time" if times is None else f"the same time {times[earlier]} s"
    raise InputError(
        f"{where}: observations {earlier} and {later} have {time} and the same label {labels[earlier]!r}; "
        "observations of one time need different labels"
    )
