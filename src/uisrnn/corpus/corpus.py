"""All labelled sequences of a training; any part of them can be read, from memory or from disk."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.compiled import Flags
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import Codes, Label
from uisrnn.sequences.observations import Observations

Indexes = NDArray[np.int64]


class RowReader(Protocol):
    """Reads rows of an array with the observations of all sequences."""

    @property
    def ahead(self) -> int:
        """Number of batches to read in advance; 0 if reading takes no time."""

    def read(self, start: int, stop: int) -> Observations:
        """Rows `start` to `stop` - 1, (stop - start, D)."""


@dataclass(frozen=True)
class InMemory:
    """Rows (N, D) of an array in memory."""

    observations: Observations
    ahead: int = 0

    def read(self, start: int, stop: int) -> Observations:
        return self.observations[start:stop]


@dataclass(frozen=True)
class Blocks:
    """The blocks of all sequences: runs of equal labels within a sequence.

    Among observations of the same time, each observation is a block, though its label may go on from time to time.

    Attributes:
        starts: (B,) the first row of each block.
        lengths: (B,) the number of rows of each block.
        codes: (B,) the label of each block; equal codes mean equal labels, in all sequences.
        cuts: (n + 1,) sequence i has the blocks cuts[i] to cuts[i + 1] - 1.
    """

    starts: Indexes
    lengths: Indexes
    codes: Codes
    cuts: Indexes


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled sequences. Labels are in memory, a number for each block; observations are read when needed.

    Attributes:
        rows: the observations, perhaps also of other sequences.
        starts: (n,) the first row of each sequence.
        lengths: (n,) the number of observations of each sequence.
        blocks: of the sequences.
        names: of the sequences.
        joins: of the sequences, see `CodedSequence`.
        known: the labels in the order of their codes; empty if unknown.
    """

    rows: RowReader
    starts: Indexes
    lengths: Indexes
    blocks: Blocks
    names: Sequence[str]
    joins: Sequence[Flags | None]
    known: tuple[Label, ...] = ()

    @staticmethod
    def of(sequences: Sequence[CodedSequence]) -> "Corpus":
        """A corpus in memory, of sequences with labels.

        >>> x = np.zeros((3, 2), np.float32)
        >>> corpus = Corpus.of([CodedSequence(x, np.array([0, 0, 1])), CodedSequence(x[:1], np.array([1]))])
        >>> corpus.blocks.starts, corpus.blocks.codes
        (array([0, 2, 3]), array([0, 1, 1]))
        """
        catalogue = Catalogue()
        for sequence in sequences:
            catalogue.add(sequence)
        return catalogue.corpus(InMemory(np.concatenate([sequence.observations for sequence in sequences])))

    def __len__(self) -> int:
        """n, the number of sequences."""
        return len(self.lengths)

    def block_codes(self, number: int) -> Codes:
        """The labels of the blocks of a sequence."""
        return self.blocks.codes[self.blocks.cuts[number] : self.blocks.cuts[number + 1]]

    def labels(self, number: int) -> Codes:
        """The labels (T,) of a sequence."""
        part = slice(self.blocks.cuts[number], self.blocks.cuts[number + 1])
        return np.repeat(self.blocks.codes[part], self.blocks.lengths[part])

    def read(self, number: int, start: int = 0, stop: int | None = None) -> CodedSequence:
        """Read a sequence, or a stretch of it. The first observation of a stretch joins no other.

        Args:
            number: of the sequence.
            start: the first observation.
            stop: the observation after the last; None, or a number beyond the end: to the end.
        """
        length = int(self.lengths[number])
        stop = length if stop is None else min(stop, length)
        first = int(self.starts[number])
        joins = self.joins[number]
        if joins is not None:
            joins = joins[start:stop].copy()
            joins[:1] = False
        return CodedSequence(
            self.rows.read(first + start, first + stop), self.labels(number)[start:stop], self.names[number], joins
        )

    def __iter__(self) -> Iterator[CodedSequence]:
        """Read all sequences."""
        return map(self.read, range(len(self)))

    def subset(self, numbers: Sequence[int] | Indexes) -> "Corpus":
        """A corpus of some of the sequences, in the given order, with the same rows."""
        chosen = np.asarray(numbers, dtype=np.int64)
        cuts = self.blocks.cuts
        sizes = cuts[chosen + 1] - cuts[chosen]
        new_cuts = np.concatenate([[0], np.cumsum(sizes)])
        numbers_of_blocks = np.repeat(cuts[chosen] - new_cuts[:-1], sizes) + np.arange(new_cuts[-1])
        blocks = Blocks(
            self.blocks.starts[numbers_of_blocks],
            self.blocks.lengths[numbers_of_blocks],
            self.blocks.codes[numbers_of_blocks],
            new_cuts,
        )
        names = [self.names[number] for number in chosen.tolist()]
        joins = [self.joins[number] for number in chosen.tolist()]
        return Corpus(self.rows, self.starts[chosen], self.lengths[chosen], blocks, names, joins, self.known)

    def recoded(self, labels: Mapping[Label, int]) -> "Corpus":
        """The same sequences with the given codes for the known labels."""
        table = np.array([labels[label] for label in self.known], dtype=np.int64)
        return replace(self, blocks=replace(self.blocks, codes=table[self.blocks.codes]), known=tuple(labels))

    def fingerprint(self) -> str:
        """A digest of observations and codes of labels; reads all sequences."""
        digest = hashlib.blake2b(digest_size=16)
        for number, sequence in enumerate(self):
            assert sequence.labels is not None
            x = sequence.observations
            digest.update(f"{number} {x.shape}".encode() + x.tobytes())
            digest.update(sequence.labels.tobytes() + (b"" if sequence.joins is None else sequence.joins.tobytes()))
        return digest.hexdigest()


class Catalogue:
    """Collects the starts, lengths and blocks of sequences while they come."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._lengths: list[int] = []
        self._codes: list[Codes] = []
        self._block_lengths: list[Indexes] = []
        self._joins: list[Flags | None] = []

    def add(self, sequence: CodedSequence) -> None:
        """Add the next sequence, which has labels."""
        assert sequence.labels is not None
        edges = np.flatnonzero(np.diff(sequence.labels, prepend=-1))
        self._names.append(sequence.name)
        self._joins.append(sequence.joins)
        self._lengths.append(len(sequence.labels))
        self._codes.append(sequence.labels[edges])
        self._block_lengths.append(np.diff(edges, append=len(sequence.labels)))

    def __len__(self) -> int:
        """The number of sequences so far."""
        return len(self._names)

    def corpus(self, rows: RowReader, known: tuple[Label, ...] = ()) -> Corpus:
        """The corpus of all sequences; at least one sequence was added.

        Args:
            rows: the observations of all sequences.
            known: the labels in the order of their codes.
        """
        lengths = np.array(self._lengths, dtype=np.int64)
        block_lengths = np.concatenate(self._block_lengths)
        cuts = np.concatenate([[0], np.cumsum(list(map(len, self._codes)))])
        blocks = Blocks(np.cumsum(block_lengths) - block_lengths, block_lengths, np.concatenate(self._codes), cuts)
        return Corpus(rows, np.cumsum(lengths) - lengths, lengths, blocks, self._names, self._joins, known)
