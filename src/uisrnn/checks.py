"""Numbers that callers give, checked: what several parts ask of an argument."""

import math
import numbers
from typing import Any

from uisrnn.errors import ArgumentError


def require_integer(name: str, value: Any, least: int) -> int:
    """A whole number that is large enough.

    Raises:
        ArgumentError: `value` is none; the message says which argument by its `name`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise ArgumentError(f"{name} must be an integer >= {least}, but is {value!r:.80}")
    return int(value)


def require_seconds(name: str, value: Any) -> None:
    """Refuse what is no number of seconds >= 0.

    Raises:
        ArgumentError: `value` is none; the message says which argument by its `name`.
    """
    try:
        seconds = math.nan if isinstance(value, bool) or not isinstance(value, numbers.Real) else float(value)
    except OverflowError:  # an integer that is too large for a float
        seconds = math.inf
    if not 0 <= seconds < math.inf:
        raise ArgumentError(f"{name} must be a number of seconds >= 0, but is {value!r:.80}")


def require_share(name: str, value: Any) -> None:
    """Refuse what is no number from 0 to 1.

    Raises:
        ArgumentError: `value` is none; the message says which argument by its `name`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 <= float(value) <= 1:
        raise ArgumentError(f"{name} must be a number from 0 to 1, but is {value!r:.80}")
