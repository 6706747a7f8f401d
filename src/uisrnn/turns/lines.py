"""Lines of text files of turns: comments, fields, seconds."""

import os
from collections.abc import Iterator
from decimal import Context, Decimal, DecimalException
from pathlib import Path

from uisrnn.errors import InputError
from uisrnn.turns.turn import FARTHEST

EXACT = Context(prec=400)
"""Decimal arithmetic in which 0.1 + 0.2 is 0.3, so that written seconds are read as the same numbers."""
NOT_AVAILABLE = "<NA>"
"""The content of a field that has no value."""
_BYTE_ORDER_MARK = "\ufeff"


def read_text(path: str | os.PathLike[str], kind: str) -> str:
    """The text of a file.

    Args:
        path: of the file.
        kind: for error messages, as in "an RTTM file".

    Raises:
        InputError: the file is not UTF-8; the message names file and line.
        OSError: the file cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{os.fsdecode(path)}, line {number}: {kind} must be UTF-8, but byte {error.start} is not"
        ) from error


def is_comment(line: str) -> bool:
    """Whether a line is a comment (; or #, as in md-eval)."""
    return line.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith((";", "#"))


def fields_of(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """The fields of each line that is neither blank nor a comment, after the words for its place.

    >>> list(fields_of(";; by hand\\n\\nf 1 0 10", "a.uem"))
    [('a.uem, line 3', ['f', '1', '0', '10'])]
    """
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).split("\n"), 1):
        fields = line.split()
        if fields and not is_comment(line):
            yield f"{name}, line {number}", fields


def read_fields(path: str | os.PathLike[str], kind: str) -> Iterator[tuple[str, list[str]]]:
    """The fields of each line of a file, after the words for its place; see `read_text` and `fields_of`."""
    return fields_of(read_text(path, kind), os.fsdecode(path))


def seconds(text: str, field: str, where: str) -> Decimal:
    """The seconds in a field.

    Args:
        text: the content of the field.
        field: its name, for the error message.
        where: the words with which an error message begins.

    Raises:
        InputError: the field is not a number >= 0.
    """
    try:
        value = EXACT.create_decimal(text)
    except DecimalException:
        value = Decimal("nan")
    if not (value.is_finite() and abs(value) < FARTHEST):
        raise InputError(f"{where}: the {field} must be a number of seconds, but is {text!r:.80}")
    if value < 0:
        raise InputError(f"{where}: the {field} must be >= 0 seconds, but is {text:.80}")
    return value


def start_and_duration(start: str, duration: str, where: str) -> tuple[float, float]:
    """The span of two fields, start and duration.

    Raises:
        InputError: a field is not a number of seconds >= 0.
    """
    begin = seconds(start, "start", where)
    return float(begin), float(EXACT.add(begin, seconds(duration, "duration", where)))


def start_and_end(start: str, end: str, where: str) -> tuple[float, float]:
    """The span of two fields, start and end.

    Raises:
        InputError: a field is not a number of seconds >= 0, or the end is before the start.
    """
    begin = seconds(start, "start", where)
    finish = seconds(end, "end", where)
    if finish < begin:
        raise InputError(f"{where}: must not end before it starts, but is from {begin} to {finish} seconds")
    return float(begin), float(finish)
