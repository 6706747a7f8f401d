"""The text files of a Kaldi folder, but for `segments`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import TypeVar

from uisrnn.errors import InputError
from uisrnn.formats.text import line_of, numbered_lines
from uisrnn.sequences.labels import Label

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry:
    """The place of a vector or matrix.

    Attributes:
        key: of the utterance.
        path: of the file.
        offset: in bytes.
        source: the scp file or archive that names the place.
        line: of the scp file, None for an archive.
    """

    key: str
    path: Path
    offset: int
    source: Path
    line: int | None = None

    @property
    def where(self) -> str:
        """The place of the entry itself, for error messages."""
        return f"{self.source}, {self.key}" if self.line is None else line_of(self.source, self.line)


def text_file(folder: Path, name: str) -> Path | None:
    """The path of a text file, or of the same file packed by gzip; None if there is neither."""
    paths = (folder / name, folder / f"{name}.gz")
    return next((path for path in paths if path.exists()), None)


def read_scp(path: Path) -> Iterator[Entry]:
    """Read the entries of an scp file. Its paths count from its folder, or from the working folder.

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
            name = place
            offset = "0"
        if name not in files:
            beside = (path.parent / name, path.parent / f"{name}.gz")
            files[name] = next((file for file in beside if file.exists()), Path(name))
        yield Entry(intern(key), files[name], int(offset), path, number)


def words_of(path: Path, *lengths: int) -> Iterator[tuple[str, list[str]]]:
    """The words of each line, with the place of the line.

    Args:
        path: of a text file.
        lengths: the accepted numbers of words.

    Raises:
        InputError: a line has another number of words.
    """
    for number, line in numbered_lines(path):
        where = line_of(path, number)
        words = line.split()
        if len(words) not in lengths:
            raise InputError(f"{where}: must have {' or '.join(map(str, lengths))} words, but has {len(words)}")
        yield where, [intern(word) for word in words]  # they stand in many lines and files


def read_speakers(path: Path, label_of: Callable[[str], Label]) -> dict[str, Label]:
    """Read the labels of `utt2spk` by utterance.

    Args:
        path: of the file.
        label_of: gives the label for a word.

    Raises:
        InputError: a line is not `<utterance> <speaker>`, or an utterance is there twice.
    """
    return table_of((where, key, label_of(speaker)) for where, (key, speaker) in words_of(path, 2))


def table_of(lines: Iterator[tuple[str, str, _T]]) -> dict[str, _T]:
    """Values by keys, from lines with their places.

    Raises:
        InputError: a key is there twice.
    """
    table: dict[str, _T] = {}
    for where, key, value in lines:
        if key in table:
            raise InputError(f"{where}: {key!r:.80} must be there once, but is there again")
        table[key] = value
    return table
