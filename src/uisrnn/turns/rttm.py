"""RTTM files: the speaker turns of recordings."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.files import write_atomically
from uisrnn.sequences.labels import Label
from uisrnn.turns.channels import Channel, by_recording
from uisrnn.turns.lines import EXACT, NOT_AVAILABLE, fields_of, is_comment, read_text, start_and_duration
from uisrnn.turns.turn import Turn, turns_of

# NIST RT-09 evaluation plan, appendix A; only SPEAKER is read.
_TYPES = frozenset(
    "SPEAKER SPKR-INFO SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P".split()
)
_FEWEST = 8
_MOST = 10  # fields: many writers leave out the last fields, which are <NA>
_SPEAKER = 7  # the place of the field with the name
_SPACE = "does a name have a space?"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Document:
    """The whole content of an RTTM file: also comments, lines of other types, spacing.

    Attributes:
        text: the whole content.
        name: the name of the file in error messages.

    >>> document = Document(";; by hand\\nSPEAKER call 1 0.50 1.250 <NA> <NA> A 0.9 <NA>\\n")
    >>> document.recordings()
    {'call': [Turn(start=0.5, end=1.75, speaker='A')]}
    >>> print(document.renamed({"A": "ann"}).text)
    ;; by hand
    SPEAKER call 1 0.50 1.250 <NA> <NA> ann 0.9 <NA>
    """

    text: str
    name: str = "RTTM"

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Document":
        """The document in a file.

        Raises:
            InputError: the file is not UTF-8; the message names file and line.
            OSError: the file cannot be read.
        """
        return cls(read_text(path, "an RTTM file"), os.fsdecode(path))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the document to a file, in one step; an unchanged document gives the bytes that were read.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(path, self.text.encode("utf-8"))

    def channels(self) -> dict[Channel, list[Turn]]:
        """The turns of each channel of each file id, both in their order.

        Raises:
            InputError: a line is not RTTM; the message names the line.
        """
        channels: dict[Channel, list[Turn]] = {}
        confidences: dict[tuple[str, str], str] = {}
        for where, fields in fields_of(self.text, self.name):
            if fields[0] not in _TYPES:
                raise InputError(
                    f"{where}: must begin with SPEAKER or another type of RTTM, but begins with {fields[0]!r:.80}"
                )
            if fields[0] == "SPEAKER":
                _require_fields(fields, where)
                _require_confidence(fields, confidences, where)
                turn = Turn(*start_and_duration(fields[3], fields[4], where), fields[_SPEAKER])
                channels.setdefault(Channel(fields[1], fields[2]), []).append(turn)
        return channels

    def recordings(self, channel: str | int | None = None) -> dict[str, list[Turn]]:
        """The turns of each file id, both in their order.

        Args:
            channel: the channel whose turns are read; None: each file id has turns on a single channel.

        Raises:
            InputError: a line is not RTTM, a file id has turns on two channels, or none on the given channel.
        """
        return by_recording(self.channels(), self.name, channel=channel)

    def renamed(self, names: Mapping[str, str]) -> "Document":
        """The same document with other names of speakers, in lines of all types.

        Args:
            names: new names by old names; other names stay.

        Raises:
            InputError: a name is empty, has a space, or is `<NA>`.
        """
        for new in names.values():
            _require_word(new, f"{self.name}: the name of a speaker")
        return Document("\n".join(_with_speaker(line, names) for line in self.text.split("\n")), self.name)


def read(path: str | os.PathLike[str], *, channel: str | int | None = None) -> dict[str, list[Turn]]:
    """Read the speaker turns of an RTTM file.

    Args:
        path: the file, UTF-8. Lines that begin with `SPEAKER` are read, other lines of RTTM are skipped:
            `SPEAKER <file id> <channel> <start> <duration> <NA> <NA> <speaker> <confidence> <look-ahead>`. The last two
            fields are numbers or `<NA>`, and may be missing.
        channel: the channel whose turns are read; None: each file id has turns on a single channel.

    Returns:
        The turns of each file id, both in the order of the file.

    Raises:
        InputError: a line is not RTTM, a turn starts before 0, a file id has turns on two channels, or no file id has
            turns on the given channel; the message names the file, and the line if a line is wrong.
        OSError: the file cannot be read.
    """
    return Document.read(path).recordings(channel)


def read_channels(path: str | os.PathLike[str]) -> dict[Channel, list[Turn]]:
    """Read the speaker turns of each channel of an RTTM file; see `read`.

    Raises:
        InputError: a line is not RTTM; the message names file and line.
        OSError: the file cannot be read.
    """
    return Document.read(path).channels()


def write(path: str | os.PathLike[str], recordings: Mapping[str, Any], *, decimals: int | None = None) -> None:
    """Write the speaker turns of recordings to an RTTM file, in one step.

    Args:
        path: the file.
        recordings: for each file id its turns, a list of (start seconds, end seconds, speaker) or a pyannote
            `Annotation`. Integers become text. A recording without turns leaves no trace in an RTTM file.
        decimals: of the seconds; None: as few as give the same numbers back when the file is read.

    Raises:
        InputError: a name is empty, has a space or is `<NA>`, a turn starts before 0, or two speakers would have the
            same name.
        InputTypeError: `recordings` is not a dict, or a value is not a list of turns.
        ArgumentError: `decimals` is not an integer from 0 to 17.
        OSError: the file cannot be written.
    """
    write_atomically(path, text_of(recordings, decimals=decimals).encode("utf-8"))


def text_of(recordings: Mapping[str, Any], *, decimals: int | None = None) -> str:
    """The text that `write` writes, with the same arguments and errors.

    >>> print(text_of({"call": [(0.1, 0.3, "ann"), (0.5, 2, "bob")]}), end="")
    SPEAKER call 1 0.1 0.2 <NA> <NA> ann <NA> <NA>
    SPEAKER call 1 0.5 1.5 <NA> <NA> bob <NA> <NA>
    """
    if not isinstance(recordings, Mapping):
        raise InputTypeError(f"recordings must be a dict of turns, but is {type(recordings).__name__}")
    if decimals is not None and (isinstance(decimals, bool) or decimals not in range(18)):
        raise ArgumentError(f"decimals must be an integer from 0 to 17 or None, but is {decimals!r:.80}")
    return "".join(line for name, turns in recordings.items() for line in _written(name, turns, decimals))


def _require_fields(fields: list[str], where: str) -> None:
    if not _FEWEST <= len(fields) <= _MOST:
        hint = f"; {_SPACE}" if len(fields) > _MOST else ""
        raise InputError(f"{where}: SPEAKER needs {_FEWEST} to {_MOST} fields, but has {len(fields)}{hint}")
    if any(field.upper() != NOT_AVAILABLE for field in fields[5:_SPEAKER]):
        raise InputError(
            f"{where}: fields 6 and 7 of SPEAKER must be {NOT_AVAILABLE}, but are {fields[5]:.40} and {fields[6]:.40}; "
            f"{_SPACE}"
        )
    for name, value in (("file id", fields[1]), ("speaker", fields[_SPEAKER])):
        if value.upper() == NOT_AVAILABLE:
            raise InputError(f"{where}: the {name} must be a name, but is {value}")
    for field, value in zip(("confidence", "look-ahead time"), fields[_SPEAKER + 1 :], strict=False):
        if value.upper() != NOT_AVAILABLE and not _NUMBER.fullmatch(value):
            raise InputError(
                f"{where}: the {field} must be a number or {NOT_AVAILABLE}, but is {value!r:.80}; {_SPACE}"
            )


def _require_confidence(fields: list[str], confidences: dict[tuple[str, str], str], where: str) -> None:
    """Refuse names such as `speaker 2` in lines without the last field: the number would pass as the confidence.

    An integer passes as the confidence of a speaker if it is 0 or 1, and the same in all lines of the speaker.

    Args:
        fields: of a line.
        confidences: the integer confidence of each file id and speaker in the lines before; the line is added.
        where: the words with which an error message begins.
    """
    key = (fields[1], fields[_SPEAKER])
    text = "".join(fields[_SPEAKER + 1 : _SPEAKER + 2])
    if text.isdecimal() and (int(text) > 1 or confidences.setdefault(key, text) != text):
        raise InputError(f"{where}: {text} after the speaker {key[1]} looks like a part of the name; {_SPACE}")


def _with_speaker(line: str, names: Mapping[str, str]) -> str:
    spans = [word.span() for word in re.finditer(r"\S+", line)]
    if len(spans) <= _SPEAKER or is_comment(line):
        return line
    start, end = spans[_SPEAKER]
    return line[:start] + names.get(line[start:end], line[start:end]) + line[end:]


def _written(name: Any, turns: Any, decimals: int | None) -> Iterator[str]:
    _require_word(name, "the name of a recording")
    speakers: dict[str, Label] = {}
    for number, turn in enumerate(turns_of(turns, f"recording {name}")):
        where = f"recording {name}, turn {number}"
        speaker = str(turn.speaker)
        _require_word(speaker, f"{where}: the speaker")
        if speakers.setdefault(speaker, turn.speaker) != turn.speaker:
            raise InputError(
                f"{where}: the speakers {speaker!r} and {int(speaker)} would have the same name in the file"
            )
        if turn.start < 0:
            raise InputError(f"{where}: the start must be >= 0 seconds, but is {turn.start}")
        start, duration = _times(turn, decimals)
        yield f"SPEAKER {name} 1 {start} {duration} <NA> <NA> {speaker} <NA> <NA>\n"


def _times(turn: Turn, decimals: int | None) -> tuple[str, str]:
    """Start and duration as text."""
    start, end = (Decimal(repr(time) if decimals is None else f"{time:.{decimals}f}") for time in turn[:2])
    return f"{start:f}", f"{EXACT.subtract(end, start):f}"


def _require_word(text: Any, subject: str) -> None:
    if not isinstance(text, str):
        raise InputTypeError(f"{subject} must be a string, but is {text!r:.80}")
    if text.split() != [text]:
        raise InputError(f"{subject} must be a word without spaces, but is {text!r:.80}")
    if not text.isprintable():
        raise InputError(f"{subject} must be of printable characters, but is {text!r:.80}")
    if text.upper() == NOT_AVAILABLE:
        raise InputError(f"{subject} must not be {text}, which RTTM reads as no name")


def is_rttm(path: str | os.PathLike[str]) -> bool:
    """Whether a path or URL has the suffix of RTTM.

    >>> is_rttm("calls.RTTM"), is_rttm("calls")
    (True, False)
    """
    return PurePosixPath(path).suffix.lower() == ".rttm"
