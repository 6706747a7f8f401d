"""RTTM files: the speaker turns of recordings."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

from uisrnn.data.turns import FARTHEST, Turn
from uisrnn.errors import InputError

# NIST RT-09 evaluation plan, appendix A; all but SPEAKER are read over.
_TYPES = frozenset(
    "SPEAKER SPKR-INFO SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P".split()
)
_FEWEST, _MOST = 8, 10  # fields: writers leave out the last ones, which are <NA>


def read(path: str | os.PathLike[str]) -> dict[str, list[Turn]]:
    """Read the speaker turns of an RTTM file.

    Args:
        path: the file, UTF-8. Of its lines those with `SPEAKER` are read:
            `SPEAKER <file id> <channel> <start> <duration> <NA> <NA> <speaker> <NA> <NA>`.

    Returns:
        The turns of each file id, both in the order of the file.

    Raises:
        InputError: a line is not RTTM; the message tells file and line.
        OSError: there is no such file, or it cannot be read.
    """
    recordings: dict[str, list[Turn]] = {}
    for where, line in _lines(path):
        fields = line.split()
        if fields[0] not in _TYPES:
            raise InputError(f"{where}: must begin with SPEAKER or another type of RTTM, but begins with {fields[0]!r}")
        if fields[0] == "SPEAKER":
            recording, turn = _speaker(fields, where)
            recordings.setdefault(recording, []).append(turn)
    return recordings


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """What is neither blank nor a comment, with the words that say where it is."""
    name, content = os.fsdecode(path), Path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}, line {number}: an RTTM file must be UTF-8, but byte {error.start} is not") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(";;"):
            yield f"{name}, line {number}", line


def _speaker(fields: list[str], where: str) -> tuple[str, Turn]:
    if not _FEWEST <= len(fields) <= _MOST:
        raise InputError(f"{where}: SPEAKER needs {_FEWEST} to {_MOST} fields, but has {len(fields)}")
    start, duration = _seconds(fields[3], "start", where), _seconds(fields[4], "duration", where)
    if duration < 0:
        raise InputError(f"{where}: the duration must be >= 0 seconds, but is {fields[4]}")
    return fields[1], Turn(start, start + duration, fields[7])


def _seconds(text: str, what: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) < FARTHEST:
        raise InputError(f"{where}: the {what} must be a number of seconds, but is {text!r}")
    return value
