"""Strict JSON: each text has one meaning, and each written text can be read again."""

import json
from typing import Any, NoReturn

from uisrnn.errors import InputError


def parse(text: str, where: str) -> Any:
    """Read a JSON text.

    Args:
        text: of a value.
        where: the place of the text; error messages begin with it.

    Raises:
        InputError: the text is not JSON, has a key twice, NaN, Infinity or half a character, or is nested too deeply.

    >>> parse('{"a": 1, "a": 2}', "line 3")
    Traceback (most recent call last):
    uisrnn.errors.InputError: line 3: must be JSON, but: the key 'a' is there twice
    """
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
        if "\\ud" in text.lower():  # half a character, as \ud800, cannot be written
            dump(value).encode("utf-8")
    except RecursionError as error:
        raise InputError(f"{where}: must be JSON, but is nested too deeply") from error
    except ValueError as error:  # also of integers with thousands of digits
        raise InputError(f"{where}: must be JSON, but: {error}") from error
    return value


def dump(value: Any) -> str:
    """Write a value as a JSON text of one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def require_exact(value: Any, where: str) -> None:
    """Require that a value comes back from JSON as it went in.

    Raises:
        InputError: JSON cannot hold the value, or changes it; the message begins with `where`.

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


def number(value: Any, name: str) -> float:
    """A value of JSON as a float.

    Raises:
        InputError: the value is no number, or an integer too large for a float; the message begins with `name`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{name} must be of numbers, but has {value!r:.80}")
    try:
        return float(value)
    except OverflowError as error:
        raise InputError(f"{name} must be of numbers, but has an integer that is too large for a float") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r:.80} is there twice")
    return values
