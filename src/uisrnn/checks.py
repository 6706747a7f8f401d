"""Checks of numbers that callers hand in."""

import math
import numbers
from typing import Any

from uisrnn.errors import ArgumentError


def require_integer(name: str, value: Any, least: int) -> int:
    """Require an integer that is at least `least`.

    Args:
        name: the name of the argument, for the message.
        value: the argument.
        least: the smallest value.

    Raises:
        ArgumentError: `value` is not such an integer.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise ArgumentError(f"{name} must be an integer >= {least}, but is {value!r:.80}")
    return int(value)


def require_seconds(name: str, value: Any) -> None:
    """Require a finite, non-negative number of seconds.

    Args:
        name: the name of the argument, for the message.
        value: the argument.

    Raises:
        ArgumentError: `value` is not such a number.
    """
    try:
        seconds = math.nan if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
    except OverflowError:  # an integer that is too large for a float
        seconds = math.inf
    if not 0 <= seconds < math.inf:
        raise ArgumentError(f"{name} must be a number of seconds >= 0, but is {value!r:.80}")


def require_share(name: str, value: Any) -> None:
    """Require a number from 0 to 1.

    Args:
        name: the name of the argument, for the message.
        value: the argument.

    Raises:
        ArgumentError: `value` is not such a number.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= float(value) <= 1:
        raise ArgumentError(f"{name} must be a number from 0 to 1, but is {value!r:.80}")
