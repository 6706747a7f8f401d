"""The text files of a Kaldi folder."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import TypeVar

from uisrnn.errors import InputError
from uisrnn.formats.text import line_of, numbered_lines
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import FARTHEST

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a vector or matrix is; there are many of them.

    Attributes:
        key: of the utterance.
        path: of the file.
        offset: in bytes.
        source: the scp file that says so, or the archive.
        line: of the scp file, None of an archive.
    """

    key: str
    path: Path
    offset: int
    source: Path
    line: int | None = None

    @property
    def where(self) -> str:
        """The words that say where this is written."""
        return f"{self.source}, {self.key}" if self.line is None else line_of(self.source, self.line)


@dataclass(frozen=True, slots=True)
class Segment:
    """A line of `segments`: what part of a recording an utterance is, in seconds."""

    recording: str
    start: float
    end: float

    @property
    def center(self) -> float:
        """Half way from start to end."""
        return self.start + (self.end - self.start) / 2


def read_scp(path: Path) -> Iterator[Entry]:
    """The entries of an scp file; paths in it count from its folder, or from the working folder.

    Raises:
        InputError: a line is not a key and a place in a file; commands are refused.
    """
    files: dict[str, Path] = {}
    for number, line in numbered_lines(path):
        key, place = (*line.strip().split(None, 1), "")[:2]
        where = line_of(path, number)
        if place.startswith("|") or place.endswith("|"):
            raise InputError(f"{where}: must be a key and a file, but is a command, and nothing is run: {place!r:.80}")
        if not place or place == "-" or place.endswith("]") or "\0" in place:
            raise InputError(f"{where}: must be a key and a file, as in 'call call.ark:5', but is {line.strip()!r:.80}")
        name, colon, offset = place.rpartition(":")
        if not colon or not (offset.isascii() and offset.isdecimal()) or len(offset) > 18:
            name, offset = place, "0"
        if name not in files:
            beside = path.parent / name
            files[name] = beside if beside.exists() else Path(name)
        yield Entry(intern(key), files[name], int(offset), path, number)


def _words(path: Path, length: int) -> Iterator[tuple[str, list[str]]]:
    """The words of each line, and those that say where it is."""
    for number, line in numbered_lines(path):
        where, words = line_of(path, number), line.split()
        if len(words) != length:
            raise InputError(f"{where}: must have {length} words, but has {len(words)}")
        yield where, [intern(word) for word in words]  # they stand in many lines and files


def read_segments(path: Path) -> dict[str, Segment]:
    """The segments by utterance.

    Raises:
        InputError: a line is not `<utterance> <recording> <start seconds> <end seconds>`, or an utterance is twice.
    """
    return _table((where, key, _segment(rest, where)) for where, (key, *rest) in _words(path, 4))


def read_speakers(path: Path, label_of: Callable[[str], Label]) -> dict[str, Label]:
    """The labels of `utt2spk` by utterance.

    Args:
        path: of the file.
        label_of: the label that a word stands for.

    Raises:
        InputError: a line is not `<utterance> <speaker>`, or an utterance is twice.
    """
    return _table((where, key, label_of(speaker)) for where, (key, speaker) in _words(path, 2))


def _table(lines: Iterator[tuple[str, str, _T]]) -> dict[str, _T]:
    table: dict[str, _T] = {}
    for where, key, value in lines:
        if key in table:
            raise InputError(f"{where}: {key!r:.80} must be there once, but is there again")
        table[key] = value
    return table


def _segment(words: list[str], where: str) -> Segment:
    times = []
    for text in words[1:]:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value < FARTHEST:
            raise InputError(f"{where}: start and end must be seconds from 0 on, but there is {text!r:.80}")
        times.append(value)
    if times[1] < times[0]:
        raise InputError(f"{where}: must not end before it starts, but is from {times[0]} to {times[1]} seconds")
    return Segment(words[0], *times)
