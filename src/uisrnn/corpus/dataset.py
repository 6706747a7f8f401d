"""Labelled sequences that are never all in memory: read once, from files or from whoever brings them."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from copy import copy
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from uisrnn.corpus.corpus import Catalogue, Corpus
from uisrnn.corpus.spool import Spool
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.formats import registry
from uisrnn.formats.format import Format, within
from uisrnn.formats.reading import Reading, Recordings, Skipped, Skipping, Stopping, checked, place_of, read
from uisrnn.progress import Progress, Silent
from uisrnn.sequences.coded import CodedSequence, coded
from uisrnn.sequences.labeled import FRONT_END, LabeledSequence
from uisrnn.turns.turn_labels import require_choices

_Path = str | os.PathLike[str]
_ON_ERROR: Mapping[str, Callable[[int | None, list[Skipped]], Reading]] = {
    "stop": lambda dim, _skipped: Stopping(dim),
    "skip": Skipping,
}


class Dataset:
    """What `fit` trains on without having it in memory.

    Sequences are read one at a time (of npz files, one file) and their observations copied to a temporary file, from
    where training reads what it needs. Shards of a folder are read in the order of their names.

    Args:
        source: the path of a file or a folder that `load_sequences` reads, a list of such paths, or anything that
            `LabeledSequence`s can be taken from one after another; from an iterator, as generators are, only once.
        format: of the files, see `load_sequences`.
        rttm: an RTTM file that labels the observations, see `load_sequences`.
        silence: with `rttm`, see `label_by_turns`.
        overlap: with `rttm`, see `label_by_turns`.
        on_error: what is wrong stops the reading, `"stop"`, or is left out, `"skip"`, and noted in `skipped`: shards
            that are damaged, cannot be read or have another dimension as a whole, for which files are read twice;
            sequences that have no labels, or cannot get them. Shards that only contradict each other stop it always.
        scratch: folder for the temporary file, on a disk with room for all observations, 4 bytes a number; None: that
            of the system for temporary files.

    Attributes:
        skipped: what the last pass left out, and why.
        staged_sizes: how many sequences and observations the last `staged` has.

    Raises:
        ArgumentError: an argument has a value that it cannot have.
        InputTypeError: the source is nothing of the kind.

    >>> calls = Dataset(LabeledSequence([[number, 1]], ["ann"], name=f"call {number}") for number in range(3))
    >>> with calls.staged() as corpus:
    ...     [one.name for one in corpus]
    ['call 0', 'call 1', 'call 2']
    """

    def __init__(
        self,
        source: Any,
        *,
        format: str | None = None,
        rttm: _Path | None = None,
        silence: str = "drop",
        overlap: str = "drop",
        on_error: str = "stop",
        scratch: _Path | None = None,
    ) -> None:
        require_choices(silence, overlap)
        if not isinstance(on_error, str) or on_error not in _ON_ERROR:
            raise ArgumentError(f"on_error must be one of {', '.join(_ON_ERROR)}, but is {on_error!r:.80}")
        if scratch is not None and not (isinstance(scratch, (str, os.PathLike)) and os.path.isdir(scratch)):
            raise ArgumentError(f"scratch must be a folder that is there, but is {scratch!r:.80}")
        if rttm is not None and not isinstance(rttm, (str, os.PathLike)):
            raise ArgumentError(f"rttm must be the path of a file, but is {rttm!r:.80}")
        self._source = _source_of(source, format)
        self._rttm, self._marks = rttm, (silence, overlap)
        self._on_error, self._scratch = on_error, scratch
        self.skipped: list[Skipped] = []
        self.front_ends: set[Any] = set()
        self.staged_sizes = (0, 0)

    @property
    def is_of_files(self) -> bool:
        """Whether it can be read again, by other processes too."""
        return isinstance(self._source, _Files)

    def located(self) -> "Dataset":
        """The same files by absolute paths, for processes that work in another folder."""
        found = copy(self)
        found._source = self._source.located()
        found._rttm = None if self._rttm is None else os.path.abspath(self._rttm)
        found._scratch = None if self._scratch is None else os.path.abspath(self._scratch)
        return found

    @staticmethod
    def of(value: Any) -> "Dataset | None":
        """What `fit` makes of its first argument.

        Args:
            value: anything.

        Returns:
            A dataset itself; one of the files at a path or at several, or of what brings sequences one after another;
            None for sequences that are in memory (lists, arrays), and for what cannot be any.

        >>> Dataset.of([[[0.5, 1]]]) is None, Dataset.of(iter([])) is None, Dataset.of("calls") is None
        (True, False, False)
        """
        if isinstance(value, Dataset):
            return value
        if isinstance(value, (str, os.PathLike)) or _is_stream(value) or _are_paths(value):
            return Dataset(value)
        return None

    def sequences(self, dim: int | None = None) -> Iterator[LabeledSequence]:
        """One pass over all sequences, of one dimension; nothing is checked of whether they have labels.

        Args:
            dim: the D that is needed, None for any.

        Raises:
            InputError: something is wrong, or there is none; the message tells file or sequence, and place.
            InputTypeError: something that came is not a `LabeledSequence`.
            MissingExtraError: the package that reads the format is not installed.
            OSError: there is no such file, or it cannot be read.
        """
        return (one for _where, one in self._pass(self._source, self._reading(dim)))

    @contextmanager
    def staged(
        self, dim: int | None = None, share: tuple[int, int] = (0, 1), progress: Progress | None = None
    ) -> Iterator[Corpus]:
        """One pass over all sequences, after which any part of them can be read, until the context ends.

        Args:
            dim: the D that is needed, None for any.
            share: (r, n): only the r-th of n parts. Where there are n shards, a part is the shards that follow each
                other in it, of which alone is read (and a sequence that goes on in the next part is two); else it is
                every n-th sequence.
            progress: told of each observation that was read; None: nobody is.

        Raises:
            UISRNNError, OSError: as `sequences`; also where a sequence has no labels, a share has no sequence, or the
                disk for the temporary file is full.
        """
        source = self._source.part(*share)
        catalogue, known = Catalogue(), dict[Any, int]()
        with ExitStack() as stack:
            spool = None
            with progress or Silent() as told:
                for one in self._coded(source, dim, known):
                    if spool is None:
                        spool = stack.enter_context(Spool(self._scratch, one.observations.shape[1]))
                    spool.write(one.observations)
                    catalogue.add(one)
                    told.advance(len(one.observations))
            if spool is None:
                raise self._nothing(source)
            self.staged_sizes = (len(catalogue), len(spool))
            yield catalogue.corpus(spool, tuple(known))

    def _reading(self, dim: int | None) -> Reading:
        self.skipped = []
        self.front_ends = set()
        return _ON_ERROR[self._on_error](dim, self.skipped)

    def _coded(self, source: "_Source", dim: int | None, known: dict[Any, int]) -> Iterator[CodedSequence]:
        """Sequences with numbers for their labels."""
        reading = self._reading(dim)
        for where, one in self._pass(source, reading):
            found = reading.attempt(f"{where}: {one.name}", _coded, where, one, known)
            if found is not None:
                yield found

    def _pass(self, source: "_Source", reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        recordings = None if self._rttm is None else Recordings(self._rttm, *self._marks)
        is_empty = True
        for where, one in source.read(recordings, reading):
            is_empty = False
            self.front_ends.add(one.info.get(FRONT_END))
            yield where, one
        if is_empty:
            raise self._nothing(source)

    def _nothing(self, source: "_Source") -> InputError:
        why = f"; {len(self.skipped)} skipped, the first because: {self.skipped[0].why}" if self.skipped else ""
        return InputError(f"{source}: at least one sequence is needed, but there is none{why}")


def _coded(where: object, one: LabeledSequence, known: dict[Any, int]) -> CodedSequence:
    with within(where):
        return coded(one, known)


class _Source(Protocol):
    """Where sequences come from; as text, how error messages call it."""

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """One pass over the sequences, each with the words that say where it is."""

    def part(self, rank: int, size: int) -> "_Source":
        """One of so many parts."""

    def located(self) -> "_Source":
        """The same by absolute paths, where there are paths."""


class _Files:
    """Paths of files and folders, or a part of their shards."""

    def __init__(self, paths: list[Path], format: str | None, part: tuple[int, int] = (0, 1)) -> None:
        self._paths, self._format, self._part = paths, format, part

    def __str__(self) -> str:
        return ", ".join(map(str, self._paths))

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """The sequences of one path after another."""
        rank, size = self._part
        places = self._places()
        total, before = sum(len(shards) for _path, _kind, shards in places), 0
        for path, kind, shards in places:
            first, last = (max(total * one // size - before, 0) for one in (rank, rank + 1))
            if shards[first:last] or size == 1:
                yield from read(path, kind, shards[first:last], recordings, reading)
            before += len(shards)

    def part(self, rank: int, size: int) -> "_Source":
        """Shards that follow each other; where there are too few, see `_EveryNth`."""
        if size > 1 and sum(len(shards) for _path, _kind, shards in self._places()) < size:
            return _EveryNth(self, rank, size)
        return _Files(self._paths, self._format, (rank, size))

    def located(self) -> "_Source":
        """The same by absolute paths."""
        return _Files([path.absolute() for path in self._paths], self._format, self._part)

    def _places(self) -> list[tuple[Path, Format, list[Path]]]:
        kinds = [registry.to_read(path, self._format) for path in self._paths]
        return [(path, kind, kind.shards(path)) for path, kind in zip(self._paths, kinds, strict=True)]


class _EveryNth:
    """One of every so many sequences; all of them are read."""

    def __init__(self, source: "_Source", rank: int, size: int) -> None:
        self._source, self._rank, self._size = source, rank, size

    def __str__(self) -> str:
        return f"{self._source} (share {self._rank} of {self._size})"

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """The sequences."""
        return islice(self._source.read(recordings, reading), self._rank, None, self._size)

    def part(self, rank: int, size: int) -> "_Source":
        """A part of a part."""
        return _EveryNth(self, rank, size)

    def located(self) -> "_Source":
        """The same part by absolute paths."""
        return _EveryNth(self._source.located(), self._rank, self._size)


class _Given:
    """Sequences that somebody brings."""

    def __init__(self, sequences: Iterable[Any]) -> None:
        self._sequences, self._is_used = sequences, False

    def __str__(self) -> str:
        return "sequences"

    def read(self, recordings: Recordings | None, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """The sequences."""
        coming = iter(self._sequences)
        if self._is_used and coming is self._sequences:
            raise InputError(
                "sequences: must be there again, but come from an iterator that was used; give a list or files"
            )
        self._is_used = True
        for number, one in enumerate(coming):
            where = f"sequence {number}"
            found = reading.attempt(where, checked, where, number, one, recordings, reading.dimension)
            if found is not None:
                yield where, found

    def part(self, rank: int, size: int) -> "_Source":
        """See `_EveryNth`."""
        return self if size == 1 else _EveryNth(self, rank, size)

    def located(self) -> "_Source":
        """There are no paths."""
        return self


def _source_of(source: Any, format: str | None) -> _Source:
    paths = [source] if isinstance(source, (str, os.PathLike)) else source
    if _are_paths(paths):
        if format is not None:
            registry.named(format)
        return _Files([place_of(one) for one in paths], format)
    if not isinstance(source, (list, tuple)) and not _is_stream(source):
        raise InputTypeError(
            f"source must be a path, a list of paths or LabeledSequences one after another, but is {source!r:.80}"
        )
    if format is not None:
        raise ArgumentError(f"format must be None where the source is no path, but is {format!r:.80}")
    return _Given(source)


def _are_paths(value: Any) -> bool:
    """Whether this is a list of paths."""
    is_list = isinstance(value, (list, tuple)) and len(value) > 0
    return is_list and all(isinstance(one, (str, os.PathLike)) for one in value)


def _is_stream(value: Any) -> bool:
    """Whether things can be taken from it one after another that are neither numbers, characters nor keys."""
    is_other = isinstance(value, (list, tuple, str, bytes, bytearray, memoryview, Mapping, Set))
    return isinstance(value, Iterable) and not is_other and not hasattr(value, "__array__")
