"""Sources of sequences: files, or any iterable; whole or a share of them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.formats import registry
from uisrnn.formats.format import Format
from uisrnn.formats.reading import Reading, Recordings, checked, place_of, read
from uisrnn.sequences.labeled import LabeledSequence


class SequenceSource(Protocol):
    """A source of sequences. `str(source)` is its name in error messages."""

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """One pass over the sequences, each with its place for error messages."""

    def part(self, rank: int, size: int) -> "SequenceSource":
        """Part `rank` of `size` parts."""

    def located(self) -> "SequenceSource":
        """The same source with absolute paths."""


@dataclass(frozen=True)
class Files:
    """Files and folders, or a run of their shards.

    Attributes:
        paths: of the files and folders.
        format: of all paths; None: found for each path.
        share: (rank, size) of the part that is read.
    """

    paths: tuple[Path, ...]
    format: str | None = None
    share: tuple[int, int] = (0, 1)

    def __str__(self) -> str:
        return ", ".join(map(str, self.paths))

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """Read path after path. A path that is missing or of no known format is an error before the first sequence."""
        return self._read(self._places(), recordings, reading)

    def _read(
        self, places: "list[tuple[Path, Format, list[Path]]]", recordings: Recordings | None, reading: Reading
    ) -> Iterator[tuple[object, LabeledSequence]]:
        rank, size = self.share
        total = sum(len(shards) for _path, _format, shards in places)
        before = 0
        for path, format, shards in places:
            first, last = (max(total * edge // size - before, 0) for edge in (rank, rank + 1))
            if shards[first:last] or size == 1:
                yield from read(path, format, shards[first:last], recordings, reading)
            before += len(shards)

    def part(self, rank: int, size: int) -> SequenceSource:
        """A run of consecutive shards, or, if there are fewer shards than parts, every `size`-th sequence."""
        if size > 1 and sum(len(shards) for _path, _format, shards in self._places()) < size:
            return EveryNth(self, rank, size)
        return Files(self.paths, self.format, (rank, size))

    def located(self) -> SequenceSource:
        return Files(tuple(path.absolute() for path in self.paths), self.format, self.share)

    def _places(self) -> list[tuple[Path, Format, list[Path]]]:
        formats = [registry.to_read(path, self.format) for path in self.paths]
        return [(path, format, format.shards(path)) for path, format in zip(self.paths, formats, strict=True)]


@dataclass(frozen=True)
class EveryNth:
    """Every `size`-th sequence of a source, from sequence `rank` on; a pass reads all of them."""

    source: SequenceSource
    rank: int
    size: int

    def __str__(self) -> str:
        return f"{self.source} (share {self.rank} of {self.size})"

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        return islice(self.source.read(recordings, reading), self.rank, None, self.size)

    def part(self, rank: int, size: int) -> SequenceSource:
        return EveryNth(self, rank, size)

    def located(self) -> SequenceSource:
        return EveryNth(self.source.located(), self.rank, self.size)


class Given:
    """Sequences that a caller hands over.

    Args:
        sequences: an iterable; an iterator can be read once.
    """

    def __init__(self, sequences: Iterable[Any]) -> None:
        self._sequences = sequences
        self._is_used = False

    def __str__(self) -> str:
        return "sequences"

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        coming = iter(self._sequences)
        if self._is_used and coming is self._sequences:
            raise InputError(
                "sequences: must be there again, but come from an iterator that was used; give a list or files"
            )
        self._is_used = True
        for number, given in enumerate(coming):
            place = f"sequence {number}"
            sequence = reading.attempt(place, checked, place, number, given, recordings, reading.dimension)
            if sequence is not None:
                yield place, sequence

    def part(self, rank: int, size: int) -> SequenceSource:
        return self if size == 1 else EveryNth(self, rank, size)

    def located(self) -> SequenceSource:
        return self


def source_of(value: Any, format: str | None) -> SequenceSource:
    """The source that a caller means.

    Args:
        value: a path, a list of paths, or an iterable of `LabeledSequence`s.
        format: of the files; None: found for each path.

    Raises:
        InputTypeError: `value` is none of these.
        ArgumentError: there is no such format, or a format though there are no paths.
    """
    paths = [value] if isinstance(value, (str, os.PathLike)) else value
    if are_paths(paths):
        if format is not None:
            registry.named(format)
        return Files(tuple(map(place_of, paths)), format)
    if not isinstance(value, (list, tuple)) and not is_stream(value):
        raise InputTypeError(
            f"source must be a path, a list of paths or an iterable of LabeledSequences, but is {value!r:.80}"
        )
    if format is not None:
        raise ArgumentError(f"format must be None if the source is not a path, but is {format!r:.80}")
    return Given(value)


def are_paths(value: Any) -> bool:
    """Whether `value` is a list of paths."""
    is_list = isinstance(value, (list, tuple)) and len(value) > 0
    return is_list and all(isinstance(path, (str, os.PathLike)) for path in value)


def is_stream(value: Any) -> bool:
    """Whether `value` is an iterable of objects, and neither a list, an array, a text nor a mapping."""
    is_other = isinstance(value, (list, tuple, str, bytes, bytearray, memoryview, Mapping, Set))
    return isinstance(value, Iterable) and not is_other and not hasattr(value, "__array__")
