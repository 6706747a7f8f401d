"""RTTM files: the speaker turns of recordings."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from pathlib import Path, PurePosixPath
from typing import Any

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.files import write_atomically
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import FARTHEST, Turn, turns_of

# NIST RT-09 evaluation plan, appendix A; all but SPEAKER are read over.
_TYPES = frozenset(
    "SPEAKER SPKR-INFO SEGMENT NOSCORE NO_RT_METADATA LEXEME NON-LEX NON-SPEECH FILLER EDIT IP SU CB A/P".split()
)
_FEWEST, _MOST = 8, 10  # fields: writers leave out the last ones, which are <NA>
_SPEAKER = 7  # the field with the name
_EXACT = Context(prec=400)  # so that 0.1 and 0.2 are 0.3, and what is written is read as the same numbers


@dataclass(frozen=True)
class Document:
    """An RTTM file with all that stands in it: comments, lines of other types, fields nobody reads, spacing.

    Attributes:
        text: the whole content.
        name: how error messages call it.

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
            InputError: it is not UTF-8; the message tells file and line.
            OSError: there is no such file, or it cannot be read.
        """
        name, content = os.fsdecode(path), Path(path).read_bytes()
        try:
            return cls(content.decode("utf-8"), name)
        except UnicodeDecodeError as error:
            number = content.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"{name}, line {number}: an RTTM file must be UTF-8, but byte {error.start} is not"
            ) from error

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in one step; what was read and not changed gives the same bytes.

        Raises:
            OSError: the file cannot be written.
        """
        write_atomically(path, self.text.encode("utf-8"))

    def recordings(self) -> dict[str, list[Turn]]:
        """The turns of each file id, both in their order.

        Raises:
            InputError: a line is not RTTM; the message tells which.
        """
        recordings: dict[str, list[Turn]] = {}
        for where, line in self._lines():
            fields = line.split()
            if fields[0] not in _TYPES:
                raise InputError(
                    f"{where}: must begin with SPEAKER or another type of RTTM, but begins with {fields[0]!r:.80}"
                )
            if fields[0] == "SPEAKER":
                recording, turn = _speaker(fields, where)
                recordings.setdefault(recording, []).append(turn)
        return recordings

    def renamed(self, names: Mapping[str, str]) -> "Document":
        """The same document with other names of speakers, wherever they stand, and all else as it is.

        Args:
            names: the new name for each old one; those not in it stay.

        Raises:
            InputError: a name is empty or has a space.
        """
        for new in names.values():
            _require_word(new, f"{self.name}: the name of a speaker")
        return Document("\n".join(_with_speaker(line, names) for line in self.text.split("\n")), self.name)

    def _lines(self) -> Iterator[tuple[str, str]]:
        """What is neither blank nor a comment, with the words that say where it is."""
        for number, line in enumerate(self.text.removeprefix("\ufeff").split("\n"), 1):
            if line.strip() and not line.lstrip().startswith(";;"):
                yield f"{self.name}, line {number}", line


def read(path: str | os.PathLike[str]) -> dict[str, list[Turn]]:
    """Read the speaker turns of an RTTM file.

    Args:
        path: the file, UTF-8. Of its lines those with `SPEAKER` are read:
            `SPEAKER <file id> <channel> <start> <duration> <NA> <NA> <speaker> <NA> <NA>`.

    Returns:
        The turns of each file id, both in the order of the file.

    Raises:
        InputError: a line is not RTTM, or a turn starts before 0; the message tells file and line.
        OSError: there is no such file, or it cannot be read.
    """
    return Document.read(path).recordings()


def write(path: str | os.PathLike[str], recordings: Mapping[str, Any], *, decimals: int | None = None) -> None:
    """Write the speaker turns of recordings to an RTTM file, in one step.

    Args:
        path: the file.
        recordings: for each file id its turns, a list of (start seconds, end seconds, speaker) or a pyannote
            `Annotation`. Integers become text. A recording without turns leaves no trace in an RTTM file.
        decimals: of the seconds; None: as few as give the same numbers back when the file is read.

    Raises:
        InputError: a name is empty or has a space, a turn starts before 0, two speakers would have one name.
        InputTypeError: something is not what could hold turns.
        ArgumentError: `decimals` is not an integer from 0 to 17.
        OSError: the file cannot be written.
    """
    write_atomically(path, text_of(recordings, decimals=decimals).encode("utf-8"))


def text_of(recordings: Mapping[str, Any], *, decimals: int | None = None) -> str:
    """What `write` writes, with the same arguments and errors.

    >>> print(text_of({"call": [(0.1, 0.3, "ann"), (0.5, 2, "bob")]}), end="")
    SPEAKER call 1 0.1 0.2 <NA> <NA> ann <NA> <NA>
    SPEAKER call 1 0.5 1.5 <NA> <NA> bob <NA> <NA>
    """
    if not isinstance(recordings, Mapping):
        raise InputTypeError(f"recordings must be a dict of turns, but is {type(recordings).__name__}")
    if decimals is not None and (isinstance(decimals, bool) or decimals not in range(18)):
        raise ArgumentError(f"decimals must be an integer from 0 to 17 or None, but is {decimals!r:.80}")
    return "".join(line for name, turns in recordings.items() for line in _written(name, turns, decimals))


def _speaker(fields: list[str], where: str) -> tuple[str, Turn]:
    if not _FEWEST <= len(fields) <= _MOST:
        raise InputError(f"{where}: SPEAKER needs {_FEWEST} to {_MOST} fields, but has {len(fields)}")
    start, duration = _seconds(fields[3], "start", where), _seconds(fields[4], "duration", where)
    return fields[1], Turn(float(start), float(_EXACT.add(start, duration)), fields[_SPEAKER])


def _seconds(text: str, what: str, where: str) -> Decimal:
    try:
        value = _EXACT.create_decimal(text)
    except DecimalException:
        value = Decimal("nan")
    if not (value.is_finite() and abs(value) < FARTHEST):
        raise InputError(f"{where}: the {what} must be a number of seconds, but is {text!r:.80}")
    if value < 0:
        raise InputError(f"{where}: the {what} must be >= 0 seconds, but is {text:.80}")
    return value


def _with_speaker(line: str, names: Mapping[str, str]) -> str:
    spans = [word.span() for word in re.finditer(r"\S+", line)]
    if len(spans) <= _SPEAKER or line.lstrip().startswith(";;"):
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
    return f"{start:f}", f"{_EXACT.subtract(end, start):f}"


def _require_word(text: Any, what: str) -> None:
    if not isinstance(text, str):
        raise InputTypeError(f"{what} must be a string, but is {text!r:.80}")
    if text.split() != [text]:
        raise InputError(f"{what} must be a word without spaces, but is {text!r:.80}")
    if not text.isprintable():
        raise InputError(f"{what} must be of printable characters, but is {text!r:.80}")


def is_rttm(path: str | os.PathLike[str]) -> bool:
    """Whether this is a file of turns, by the suffix of its path or URL.

    >>> is_rttm("calls.RTTM"), is_rttm("calls")
    (True, False)
    """
    return PurePosixPath(path).suffix.lower() == ".rttm"
