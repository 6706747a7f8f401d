"""Speaker turns: the RTTM files that hold them, and who is heard when."""

import math
import numbers
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from uisrnn.data.labels import Label
from uisrnn.errors import InputError, InputTypeError

# NIST RT-09 evaluation plan, appendix A; all but SPEAKER are read over.
_TYPES = frozenset(
    "SPEAKER SPKR-INFO SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P".split()
)
_FEWEST, _MOST = 8, 10  # fields: writers leave out the last ones, which are <NA>

SILENCE = -1
_FARTHEST = 1e12  # seconds; some 30,000 years
_TICK = 1e-6  # seconds, to which times are rounded
_MOST_WINDOWS = 1_000_000  # in a conversation


class Turn(NamedTuple):
    """One speaker speaks.

    Attributes:
        start: in seconds.
        end: in seconds, not before `start`.
        speaker: a name, which is the speaker's within the conversation.
    """

    start: float
    end: float
    speaker: Label


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
    if not abs(value) < _FARTHEST:
        raise InputError(f"{where}: the {what} must be a number of seconds, but is {text!r}")
    return value


def turns(values: Any, where: str) -> list[Turn]:
    """Check the turns of a conversation that come as tuples.

    Args:
        values: a list of (start seconds, end seconds, speaker), in any order.
        where: the words with which an error message begins.

    Raises:
        InputTypeError: there is no list, or a turn in it is not such a tuple of two numbers and a name.
        InputError: a time is not finite, or a turn ends before it starts.

    >>> turns([(0, 2.5, "ann"), (2, 4, "bob"), (4, 3.5, "ann")], "conversation 0")
    Traceback (most recent call last):
    uisrnn.errors.InputError: conversation 0, turn 2: must not end before it starts, but is from 4.0 to 3.5 seconds
    """
    if not isinstance(values, (list, tuple)):
        raise InputTypeError(f"{where}: must be a list of turns or the path of an RTTM file, but is {values!r:.80}")
    return [_turn(one, f"{where}, turn {number}") for number, one in enumerate(values)]


def _turn(values: Any, where: str) -> Turn:
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        raise InputTypeError(f"{where}: must be (start seconds, end seconds, speaker), but is {values!r:.80}")
    for value, what in zip(values, ("start", "end"), strict=False):
        if not _is_number(value):
            raise InputTypeError(f"{where}: the {what} must be a number of seconds, but is {value!r:.80}")
        if not abs(value) < _FARTHEST:
            raise InputError(f"{where}: the {what} must be a number of seconds, but is {value!r:.80}")
    if not isinstance(values[2], (str, numbers.Integral)):
        raise InputTypeError(f"{where}: the speaker must be a string or an integer, but is {values[2]!r:.80}")
    start, end = float(values[0]), float(values[1])
    if end < start:
        raise InputError(f"{where}: must not end before it starts, but is from {start} to {end} seconds")
    return Turn(start, end, values[2])  # type: ignore[arg-type]  # any integer will do


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


@dataclass(frozen=True)
class Windows:
    """Who is heard in each of K windows of a conversation with S speakers.

    Attributes:
        seconds: (K, S) for how long each speaker is heard.
        speaker: (K,) the number of who speaks at the center, `SILENCE` where nobody does.
        where: the words with which an error message about the conversation begins.
    """

    seconds: NDArray[np.float64]
    speaker: NDArray[np.int64]
    where: str


def windows(conversation: list[Turn], window: float, hop: float, where: str) -> Windows:
    """Who is heard in windows of `window` seconds every `hop` seconds, the first where the first turn starts.

    Of speakers at the same time only the one is heard who began last; of two who began together, the one who ends
    first. When that turn ends, the other is heard again.

    Args:
        conversation: its turns in any order.
        window: in seconds, 1 ms or more.
        hop: in seconds, 1 ms or more.
        where: the words with which an error message begins.

    Raises:
        InputError: the times are so far apart that they cannot be seconds.

    >>> windows([Turn(0, 4, "ann"), Turn(1, 2, "bob")], 1, 0.5, "conversation 0").seconds.T
    array([[1. , 0.5, 0. , 0.5, 1. , 1. , 1. ],
           [0. , 0.5, 1. , 0.5, 0. , 0. , 0. ]])
    """
    numbers_of = {name: number for number, name in enumerate(dict.fromkeys(one.speaker for one in conversation))}
    edges, heard = _timeline(conversation, numbers_of)
    if not edges[-1] / hop <= _MOST_WINDOWS:
        raise InputError(f"{where}: lasts {edges[-1]:g} s, over {_MOST_WINDOWS} windows; are its times in seconds?")
    starts = hop * np.arange(max(0, math.ceil((edges[-1] - window / 2) / hop)))
    seconds = np.zeros((len(starts), len(numbers_of)))
    for speaker in range(len(numbers_of)):
        spoken = np.append(0.0, np.cumsum(np.where(heard == speaker, np.diff(edges), 0)))
        seconds[:, speaker] = np.interp(starts + window, edges, spoken) - np.interp(starts, edges, spoken)
    seconds[seconds < _TICK / 2] = 0
    between = np.searchsorted(edges, starts + window / 2, side="right") - 1
    return Windows(seconds, np.append(heard, SILENCE)[between], where)


def _timeline(conversation: list[Turn], numbers_of: dict[Label, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The time cut wherever a turn starts or ends: (E + 1,) edges from 0 on, (E,) who is heard between two of them."""
    times = np.array([(one.start, one.end) for one in conversation], dtype=np.float64).reshape(-1, 2)
    times = np.round((times - times.min(initial=np.inf)) / _TICK) * _TICK
    edges = np.unique(np.append(times, 0.0))
    heard = np.full(len(edges) - 1, SILENCE, dtype=np.int64)
    for number in np.lexsort((-times[:, 1], times[:, 0])):
        start, end = np.searchsorted(edges, times[number])
        heard[start:end] = numbers_of[conversation[number].speaker]
    return edges, heard
