"""Durations as people write them."""

import re

from uisrnn.errors import ArgumentError

_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


def seconds_of(text: str, option: str) -> float:
    """The seconds of a duration.

    Args:
        text: a number of seconds, or one with s, m, h or d after it.
        option: by which error messages call it.

    Raises:
        ArgumentError: it is none, or not more than 0.

    >>> seconds_of("1.5h", "--max-time")
    5400.0
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or float(found[1]) == 0:
        raise ArgumentError(f"{option} must be a duration like 90, 30m or 2h, but is {text!r:.80}")
    return float(found[1]) * _SECONDS[found[2]]
