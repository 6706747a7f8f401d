"""Labelled sequences that do not fit into memory: read once, from files or from an iterable."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from typing import Any

from uisrnn.corpus.corpus import Catalogue, Corpus
from uisrnn.corpus.spool import Spool
from uisrnn.errors import ArgumentError
from uisrnn.formats.format import errors_at
from uisrnn.formats.reader import SequenceReader
from uisrnn.formats.reading import Reading, Skipped, Skipping, Stopping
from uisrnn.formats.sequence_sources import Files, are_paths, is_stream, source_of
from uisrnn.progress import Progress, Silent
from uisrnn.sequences.coded import CodedSequence, coded
from uisrnn.sequences.labeled import FRONT_END, LabeledSequence

_Path = str | os.PathLike[str]
_ON_ERROR: Mapping[str, Callable[[int | None], Reading]] = {"stop": Stopping, "skip": Skipping}


class Dataset:
    """Sequences for `fit` that need not fit into memory.

    A dataset reads sequences one at a time (npz files: one file at a time) and copies their observations to a
    temporary file, from which training reads the rows that it needs. It reads shards of a folder in the order of
    their names.

    Args:
        source: the path of a file or a folder that `load_sequences` reads, a list of such paths, or an iterable of
            `LabeledSequence`s. An iterator, for example a generator, can be read once.
        format: of the files, see `load_sequences`.
        rttm: an RTTM file that labels the observations, see `load_sequences`.
        silence: with `rttm`, see `label_by_turns`.
        overlap: with `rttm`, see `label_by_turns`.
        on_error: `"stop"` at the first error, or `"skip"` bad input and note it in `skipped`. Shards that are
            damaged, cannot be read or have another dimension are skipped as a whole; to find them, files are read
            twice. Sequences that have no labels are skipped alone. Shards that contradict each other always stop.
        scratch: folder for the temporary file, on a disk with room for all observations, 4 bytes a number; None: the
            system's folder for temporary files.

    Attributes:
        skipped: the shards and sequences that the last pass left out, with reasons.
        staged_sizes: the numbers of sequences and observations of the last `staged`.

    Raises:
        ArgumentError: an argument has a value that it cannot have.
        InputTypeError: `source` is neither a path nor an iterable.

    >>> calls = Dataset(LabeledSequence([[number, 1]], ["ann"], name=f"call {number}") for number in range(3))
    >>> with calls.staged() as corpus:
    ...     [call.name for call in corpus]
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
        if not isinstance(on_error, str) or on_error not in _ON_ERROR:
            raise ArgumentError(f"on_error must be one of {', '.join(_ON_ERROR)}, but is {on_error!r:.80}")
        if scratch is not None and not (isinstance(scratch, (str, os.PathLike)) and os.path.isdir(scratch)):
            raise ArgumentError(f"scratch must be a folder that is there, but is {scratch!r:.80}")
        self._reader = SequenceReader(source_of(source, format), rttm, silence, overlap)
        self._on_error = on_error
        self._scratch = scratch
        self.skipped: list[Skipped] = []
        self.front_ends: set[Any] = set()
        self.staged_sizes = (0, 0)

    @property
    def is_of_files(self) -> bool:
        """Whether other processes can read the dataset too."""
        return isinstance(self._reader.source, Files)

    def located(self) -> "Dataset":
        """The same dataset with absolute paths, for processes that work in another folder."""
        dataset = copy(self)
        dataset._reader = self._reader.located()
        dataset._scratch = None if self._scratch is None else os.path.abspath(self._scratch)
        return dataset

    @staticmethod
    def of(value: Any) -> "Dataset | None":
        """The dataset that the first argument of `fit` means.

        Args:
            value: anything.

        Returns:
            `value` itself if it is a dataset; a dataset of the files at a path or at several paths, or of an
            iterable; None for sequences in memory (lists, arrays) and for all other objects.

        >>> Dataset.of([[[0.5, 1]]]) is None, Dataset.of(iter([])) is None, Dataset.of("calls") is None
        (True, False, False)
        """
        if isinstance(value, Dataset):
            return value
        if isinstance(value, (str, os.PathLike)) or is_stream(value) or are_paths(value):
            return Dataset(value)
        return None

    def sequences(self, dim: int | None = None) -> Iterator[LabeledSequence]:
        """One pass over all sequences, of equal dimensions, with or without labels.

        Args:
            dim: the required D, None for any.

        Raises:
            InputError: the input is wrong, or there is no sequence; the message names the file or sequence.
            InputTypeError: an object is not a `LabeledSequence`.
            MissingExtraError: the package that reads the format is not installed.
            OSError: a file is missing or cannot be read.
        """
        return (sequence for _place, sequence in self._pass(self._reader, self._reading(dim)))

    @contextmanager
    def staged(
        self, dim: int | None = None, share: tuple[int, int] = (0, 1), progress: Progress | None = None
    ) -> Iterator[Corpus]:
        """One pass over all sequences; then any part of them can be read, until the context ends.

        Args:
            dim: the required D, None for any.
            share: (rank, n): read part `rank` of n parts. With at least n shards, each part is a run of consecutive
                shards, and only these are read. A sequence that spans two parts becomes two sequences. With fewer
                shards, a part is every n-th sequence.
            progress: receives the number of observations that were read; None: no progress is shown.

        Raises:
            UISRNNError, OSError: as `sequences`; also if a sequence has no labels, a share has no sequence, or the
                disk for the temporary file is full.
        """
        reader = self._reader.part(*share)
        reading = self._reading(dim)
        catalogue = Catalogue()
        codes: dict[Any, int] = {}
        with ExitStack() as stack:
            spool = None
            with progress or Silent() as bar:
                for sequence in self._coded(reader, reading, codes):
                    if spool is None:
                        spool = stack.enter_context(Spool(self._scratch, sequence.observations.shape[1]))
                    spool.write(sequence.observations)
                    catalogue.add(sequence)
                    bar.advance(len(sequence.observations))
            if spool is None:
                raise reader.nothing(reading)
            self.staged_sizes = (len(catalogue), len(spool))
            yield catalogue.corpus(spool, tuple(codes))

    def _reading(self, dim: int | None) -> Reading:
        reading = _ON_ERROR[self._on_error](dim)
        self.skipped = reading.skipped
        self.front_ends = set()
        return reading

    def _coded(self, reader: SequenceReader, reading: Reading, codes: dict[Any, int]) -> Iterator[CodedSequence]:
        """Sequences with numbers for their labels."""
        for place, sequence in self._pass(reader, reading):
            numbered = reading.attempt(f"{place}: {sequence.name}", _coded, place, sequence, codes)
            if numbered is not None:
                yield numbered

    def _pass(self, reader: SequenceReader, reading: Reading) -> Iterator[tuple[object, LabeledSequence]]:
        """One pass that notes the front ends of the sequences."""
        return (self._noted(place, sequence) for place, sequence in reader.read(reading))

    def _noted(self, place: object, sequence: LabeledSequence) -> tuple[object, LabeledSequence]:
        self.front_ends.add(sequence.info.get(FRONT_END))
        return place, sequence


def _coded(place: object, sequence: LabeledSequence, codes: dict[Any, int]) -> CodedSequence:
    with errors_at(place):
        return coded(sequence, codes)
