"""Plain loops over arrays, compiled: where the decoder spends its time outside matrix products of torch."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.floating[Any]]
Integers = NDArray[np.int32]
Flags = NDArray[np.bool_]
RowNumbers = NDArray[np.int64]

_F = TypeVar("_F", bound=Callable[..., Any])

REORDER = {"reassoc", "contract"}
"""What is allowed to a sum over dimensions so that it becomes vector code; NaN and infinity keep their meaning."""


def compiled(function: _F) -> _F:
    """Compile a function of arrays and numbers at its first call; it runs without Python's lock.

    The machine code is kept beside the module, or in the user's cache folder where that is read-only; where neither
    can be written, it is compiled once a process. It is thrown away when the module changes, but not when one does
    whose functions are called: who edits those deletes the cache (`make test` has one for each state of the sources).

    Args:
        function: loops in the part of Python that numba knows.
    """
    return _compile(function, fastmath=False)


def compiled_sums(function: _F) -> _F:
    """`compiled`, free to add up in any order.

    Args:
        function: loops in the part of Python that numba knows.
    """
    return _compile(function, fastmath=REORDER)


def _compile(function: _F, fastmath: Any) -> _F:
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        result: _F = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function": numba looks for a place while it decorates
        result = numba.njit(**options)(function)
    return result
