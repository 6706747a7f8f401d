"""Steppers whose loops are compiled, so that other compiled code can call the loops without Python.

Such a stepper is a named tuple of arrays and numbers. Its class is registered together with a compiled function; the
compiler of a caller chooses the function by the class.
"""

from collections.abc import Callable
from typing import Any

from numba.extending import overload

from uisrnn.compiled import Reals, RowNumbers

_LOOPS: dict[type, Callable[..., None]] = {}


def register(stepper: type, loop: Callable[..., None]) -> None:
    """Make a compiled function known as the loop of a class of steppers.

    Args:
        stepper: the class, a named tuple; see `uisrnn.model.observation.Stepper`.
        loop: takes a stepper of this class and the arguments of `move`, the encoded observations as an array.
    """
    _LOOPS[stepper] = loop


def has_loop(stepper: object) -> bool:
    """Whether the class of the stepper is registered."""
    return type(stepper) in _LOOPS


def move(stepper: Any, rows: RowNumbers, new: RowNumbers, encoded: Reals, which: RowNumbers) -> None:
    """Call the loop of a stepper; compiled code can call this function too.

    Args:
        stepper: of a registered class.
        rows: see `uisrnn.model.observation.Stepper.move`, as the other arguments.
        new: see there.
        encoded: see there.
        which: see there.
    """
    _LOOPS[type(stepper)](stepper, rows, new, encoded, which)


@overload(move, inline="always")
def _loop_of(stepper: Any, rows: Any, new: Any, encoded: Any, which: Any) -> Callable[..., None] | None:
    """`move` in compiled code."""
    loop = _LOOPS.get(getattr(stepper, "instance_class", type(None)))
    if loop is None:
        return None

    def moved(stepper: Any, rows: Any, new: Any, encoded: Any, which: Any) -> None:
        loop(stepper, rows, new, encoded, which)

    return moved
