"""Durations like 90, 30m or 2h."""

import re

from uisrnn.errors import ArgumentError

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def seconds_of(text: str, option: str) -> float:
    """Convert a duration to seconds.

    Args:
        text: a number, followed by s, m, h, d or nothing; without a unit the number counts seconds.
        option: name of the option, for the error.

    Raises:
        ArgumentError: `text` is not a duration, or is 0.

    >>> seconds_of("1.5h", "--max-time")
    5400.0
    """
    match = _FORM.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise ArgumentError(f"{option} must be a duration like 90, 30m or 2h, but is {text!r:.80}")
    return float(match[1]) * _SECONDS[match[2]]
