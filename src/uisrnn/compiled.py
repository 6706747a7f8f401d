"""Compilation of loops over arrays, in which the decoder spends its time outside matrix products of torch."""

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
"""Freedoms of the compiler in a sum over dimensions, so that it becomes vector code; NaN and infinity keep their
meaning."""


def compiled(function: _F) -> _F:
    """Compile a function of arrays and numbers at its first call; it runs without Python's lock.

    The machine code is kept beside the module, or in the user's cache folder if the folder of the module is read-only.
    If neither can be written, each process compiles again. A change of the module discards its machine code; a change
    of another module, whose functions it calls, does not. After such a change, delete the cache (`make test` has a
    cache for each state of the sources).

    Args:
        function: loops in the part of Python that numba supports.
    """
    return _compile(function, fastmath=False)


def compiled_sums(function: _F) -> _F:
    """Compile a function as `compiled` does, with sums in any order.

    Args:
        function: loops in the part of Python that numba supports.
    """
    return _compile(function, fastmath=REORDER)


def _compile(function: _F, fastmath: Any) -> _F:
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    try:
        result: _F = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function": numba looks for a place while it decorates
        result = numba.njit(**options)(function)
    return result
