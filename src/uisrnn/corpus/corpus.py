"""All labelled sequences that a model is trained on, of which any part can be read; they need not be in memory."""

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


class Rows(Protocol):
    """The observations of all sequences, one after another."""

    @property
    def ahead(self) -> int:
        """Batches that should be read before they are asked for; 0 where reading takes no time."""

    def read(self, start: int, stop: int) -> Observations:
        """Those from one row to before another, (stop - start, D)."""


@dataclass(frozen=True)
class InMemory:
    """Observations (N, D) in an array; see `Rows`."""

    observations: Observations
    ahead: int = 0

    def read(self, start: int, stop: int) -> Observations:
        """A view."""
        return self.observations[start:stop]


@dataclass(frozen=True)
class Blocks:
    """The blocks of all sequences: runs of equal labels, none longer than its sequence.

    Within observations of one time, a run is one observation, though its label may go on from time to time.

    Attributes:
        starts: (B,) the first row of each.
        lengths: (B,) how many rows it has.
        codes: (B,) its label; equal codes mean equal labels, in all sequences.
        cuts: (n + 1,) the blocks of sequence i are those from cuts[i] to before cuts[i + 1].
    """

    starts: Indexes
    lengths: Indexes
    codes: Codes
    cuts: Indexes


@dataclass(frozen=True, eq=False)
class Corpus:
    """Labelled sequences. What is known of labels is in memory, a number a block; observations are read when needed.

    Attributes:
        rows: the observations, possibly of more sequences than these.
        starts: (n,) the first row of each sequence.
        lengths: (n,) their numbers of observations.
        blocks: of these sequences.
        names: of these sequences.
        joins: of these sequences, see `CodedSequence`.
        known: the labels by their codes, as far as they are known.
    """

    rows: Rows
    starts: Indexes
    lengths: Indexes
    blocks: Blocks
    names: Sequence[str]
    joins: Sequence[Flags | None]
    known: tuple[Label, ...] = ()

    @staticmethod
    def of(sequences: Sequence[CodedSequence]) -> "Corpus":
        """Sequences that are in memory, with labels; one array is made of their observations.

        >>> x = np.zeros((3, 2), np.float32)
        >>> corpus = Corpus.of([CodedSequence(x, np.array([0, 0, 1])), CodedSequence(x[:1], np.array([1]))])
        >>> corpus.blocks.starts, corpus.blocks.codes
        (array([0, 2, 3]), array([0, 1, 1]))
        """
        catalogue = Catalogue()
        for one in sequences:
            catalogue.add(one)
        return catalogue.corpus(InMemory(np.concatenate([one.observations for one in sequences])))

    def __len__(self) -> int:
        """How many sequences there are."""
        return len(self.lengths)

    def block_codes(self, number: int) -> Codes:
        """The labels of the blocks of one sequence."""
        return self.blocks.codes[self.blocks.cuts[number] : self.blocks.cuts[number + 1]]

    def labels(self, number: int) -> Codes:
        """The labels (T,) of one sequence."""
        part = slice(self.blocks.cuts[number], self.blocks.cuts[number + 1])
        return np.repeat(self.blocks.codes[part], self.blocks.lengths[part])

    def read(self, number: int, start: int = 0, stop: int | None = None) -> CodedSequence:
        """One sequence, or a stretch of it, whose first observation joins nothing.

        Args:
            number: which.
            start: its first observation.
            stop: the one after its last; None: the end. Beyond the end is the end.
        """
        length = int(self.lengths[number])
        stop = length if stop is None else min(stop, length)
        first, joins = int(self.starts[number]), self.joins[number]
        if joins is not None:
            joins = joins[start:stop].copy()
            joins[:1] = False
        return CodedSequence(
            self.rows.read(first + start, first + stop), self.labels(number)[start:stop], self.names[number], joins
        )

    def __iter__(self) -> Iterator[CodedSequence]:
        """All sequences, one after another."""
        return map(self.read, range(len(self)))

    def subset(self, numbers: Sequence[int] | Indexes) -> "Corpus":
        """Some of the sequences, in this order; their observations stay where they are."""
        chosen = np.asarray(numbers, dtype=np.int64)
        cuts = self.blocks.cuts
        sizes = cuts[chosen + 1] - cuts[chosen]
        new_cuts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.repeat(cuts[chosen] - new_cuts[:-1], sizes) + np.arange(new_cuts[-1])
        blocks = Blocks(self.blocks.starts[at], self.blocks.lengths[at], self.blocks.codes[at], new_cuts)
        names = [self.names[number] for number in chosen.tolist()]
        joins = [self.joins[number] for number in chosen.tolist()]
        return Corpus(self.rows, self.starts[chosen], self.lengths[chosen], blocks, names, joins, self.known)

    def recoded(self, labels: Mapping[Label, int]) -> "Corpus":
        """The same sequences with other codes for the labels that are known."""
        table = np.array([labels[one] for one in self.known], dtype=np.int64)
        return replace(self, blocks=replace(self.blocks, codes=table[self.blocks.codes]), known=tuple(labels))

    def fingerprint(self) -> str:
        """A text that only equal sequences with equally grouped labels have in common; all of them are read."""
        digest = hashlib.blake2b(digest_size=16)
        for number, one in enumerate(self):
            assert one.labels is not None
            digest.update(f"{number} {one.observations.shape}".encode() + one.observations.tobytes())
            digest.update(one.labels.tobytes() + (b"" if one.joins is None else one.joins.tobytes()))
        return digest.hexdigest()


class Catalogue:
    """Where sequences and their blocks lie, noted while they come one after another."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._lengths: list[int] = []
        self._codes: list[Codes] = []
        self._block_lengths: list[Indexes] = []
        self._joins: list[Flags | None] = []

    def add(self, one: CodedSequence) -> None:
        """The next sequence, which has labels."""
        assert one.labels is not None
        edges = np.flatnonzero(np.diff(one.labels, prepend=-1))
        self._names.append(one.name)
        self._joins.append(one.joins)
        self._lengths.append(len(one.labels))
        self._codes.append(one.labels[edges])
        self._block_lengths.append(np.diff(edges, append=len(one.labels)))

    def __len__(self) -> int:
        """How many there are by now."""
        return len(self._names)

    def corpus(self, rows: Rows, known: tuple[Label, ...] = ()) -> Corpus:
        """All of them, at least one, with their observations and the labels by their codes."""
        lengths, block_lengths = np.array(self._lengths, dtype=np.int64), np.concatenate(self._block_lengths)
        cuts = np.concatenate([[0], np.cumsum([len(one) for one in self._codes])])
        blocks = Blocks(np.cumsum(block_lengths) - block_lengths, block_lengths, np.concatenate(self._codes), cuts)
        return Corpus(rows, np.cumsum(lengths) - lengths, lengths, blocks, self._names, self._joins, known)
