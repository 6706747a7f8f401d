"""Speaker turns: who speaks, from which time to which time."""

import numbers
from typing import TYPE_CHECKING, Any, NamedTuple

from uisrnn import extras
from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences.labels import Label

if TYPE_CHECKING:
    from pyannote.core import Annotation

Span = tuple[float, float]
"""Start and end, in seconds."""
FARTHEST = 1e12
"""Seconds that a time can be from 0; some 30,000 years."""


class Turn(NamedTuple):
    """A time in which a speaker speaks.

    Attributes:
        start: in seconds.
        end: in seconds, not before `start`.
        speaker: the name of the speaker within the conversation.
    """

    start: float
    end: float
    speaker: Label


def turns_of(values: Any, where: str) -> list[Turn]:
    """The turns of a conversation, checked.

    Args:
        values: a list of (start seconds, end seconds, speaker), in any order; or a pyannote `Annotation`.
        where: the words with which an error message begins.

    Raises:
        InputTypeError: `values` is not a list, or a turn is not a tuple of two numbers and a name.
        InputError: a time is not finite, or a turn ends before it starts.

    >>> turns_of([(0, 2.5, "ann"), (2, 4, "bob"), (4, 3.5, "ann")], "conversation 0")
    Traceback (most recent call last):
    uisrnn.errors.InputError: conversation 0, turn 2: must not end before it starts, but is from 4.0 to 3.5 seconds
    """
    if hasattr(values, "itertracks"):
        values = [(segment.start, segment.end, name) for segment, _track, name in values.itertracks(yield_label=True)]
    if not isinstance(values, (list, tuple)):
        raise InputTypeError(f"{where}: must be a list of turns or the path of an RTTM file, but is {values!r:.80}")
    return [_turn(turn, f"{where}, turn {number}") for number, turn in enumerate(values)]


def _turn(values: Any, where: str) -> Turn:
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        raise InputTypeError(f"{where}: must be (start seconds, end seconds, speaker), but is {values!r:.80}")
    for value, field in zip(values, ("start", "end"), strict=False):
        if not _is_number(value):
            raise InputTypeError(f"{where}: the {field} must be a number of seconds, but is {value!r:.80}")
        if not abs(value) < FARTHEST:
            raise InputError(f"{where}: the {field} must be a number of seconds, but is {value!r:.80}")
    if not isinstance(values[2], (str, numbers.Integral)):
        raise InputTypeError(f"{where}: the speaker must be a string or an integer, but is {values[2]!r:.80}")
    start = float(values[0])
    end = float(values[1])
    if end < start:
        raise InputError(f"{where}: must not end before it starts, but is from {start} to {end} seconds")
    return Turn(start, end, values[2])  # type: ignore[arg-type]  # any integer will do


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def to_annotation(turns: Any, uri: str | None = None) -> "Annotation":
    """Turns as a pyannote `Annotation`, for the tools that take it.

    Args:
        turns: a list of (start seconds, end seconds, speaker).
        uri: the name of the recording.

    Returns:
        An annotation with a track for each turn, numbered in the order of the turns, so that equal turns stay two.

    Raises:
        InputError, InputTypeError: a turn is wrong.
        MissingExtraError: pyannote.core is not installed.

    >>> print(to_annotation([(0.5, 2, "ann"), (2, 3, "bob")]))
    [ 00:00:00.500 -->  00:00:02.000] 0 ann
    [ 00:00:02.000 -->  00:00:03.000] 1 bob
    """
    core = extras.load("pyannote.core", "metrics", "to_annotation")
    annotation: Annotation = core.Annotation(uri=uri)
    for track, turn in enumerate(turns_of(turns, "turns")):
        annotation[core.Segment(turn.start, turn.end), track] = turn.speaker
    return annotation
