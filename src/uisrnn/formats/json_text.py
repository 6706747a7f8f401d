"""JSON as the formats have it: strict, so that what is read means one thing and what is written can be read."""

import json
from typing import Any, NoReturn

from uisrnn.errors import InputError


def parse(text: str, where: str) -> Any:
    """What a JSON text says.

    Args:
        text: of one value.
        where: the words with which an error message begins.

    Raises:
        InputError: it is not JSON, has a key twice, NaN, Infinity or half a character, or is nested too deeply.

    >>> parse('{"a": 1, "a": 2}', "line 3")
    Traceback (most recent call last):
    uisrnn.errors.InputError: line 3: must be JSON, but: the key 'a' is there twice
    """
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
        if "\\ud" in text.lower():  # half a character, as \ud800, is text that nobody can write
            dump(value).encode("utf-8")
    except RecursionError as error:
        raise InputError(f"{where}: must be JSON, but is nested too deeply") from error
    except ValueError as error:  # also of integers with thousands of digits
        raise InputError(f"{where}: must be JSON, but: {error}") from error
    return value


def dump(value: Any) -> str:
    """A value that `parse` gives as JSON text in one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def require_exact(value: Any, where: str) -> None:
    """Check that a value comes back from JSON as it went in.

    Raises:
        InputError: it would not, or not at all.

    >>> require_exact({"tuple": (1, 2)}, "call: info")
    Traceback (most recent call last):
    uisrnn.errors.InputError: call: info must be what JSON can hold, with lists and text keys, but is {'tuple': (1, 2)}
    """
    try:
        text = dump(value)
        text.encode("utf-8")
        exact = parse(text, where) == value
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{where} must be what JSON can hold, but: {error}") from error
    if not exact:
        raise InputError(f"{where} must be what JSON can hold, with lists and text keys, but is {value!r:.80}")


def number(value: Any, what: str) -> float:
    """A number that was read.

    Raises:
        InputError: it is none, or an integer that is too large for a float; the message begins with `what`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{what} must be of numbers, but has {value!r:.80}")
    try:
        return float(value)
    except OverflowError as error:
        raise InputError(f"{what} must be of numbers, but has an integer that is too large for one") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.80} is there twice")
    return made
