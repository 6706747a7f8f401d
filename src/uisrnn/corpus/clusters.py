"""The rows of each cluster in a corpus: the index from which training draws."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uisrnn.corpus.corpus import Corpus, Indexes, RowReader
from uisrnn.sequences.observations import Observations

Span = tuple[int, int]
"""The first row of a run of rows, and the row after the last."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The blocks of a corpus, cluster by cluster; the blocks of a cluster are in the order of the corpus.

    Attributes:
        rows: the observations.
        starts: (B,) the first row of each block.
        lengths: (B,) the number of rows of each block.
        cuts: (K + 1,) cluster k has the blocks cuts[k] to cuts[k + 1] - 1.
        counts: (K,) the number of observations of each cluster.
        of_block: (blocks of the corpus,) the cluster of each block of the corpus.
    """

    rows: RowReader
    starts: Indexes
    lengths: Indexes
    cuts: Indexes
    counts: Indexes
    of_block: Indexes

    @staticmethod
    def of(corpus: Corpus, unique: bool) -> "Clusters":
        """The clusters of a corpus.

        Args:
            corpus: labelled sequences.
            unique: whether equal labels in two sequences are two clusters. If not, a block at the end of a sequence
                and a block of the same cluster at the start of the next sequence are joined, as in 0.1.2.
        """
        blocks = corpus.blocks
        keys = blocks.codes
        if unique:
            sequence = np.repeat(np.arange(len(corpus)), np.diff(blocks.cuts))
            keys = sequence * (int(keys.max()) + 1) + keys
        _values, of_block = np.unique(keys, return_inverse=True)
        order = np.argsort(of_block, kind="stable")
        clusters = of_block[order]
        starts = blocks.starts[order]
        lengths = blocks.lengths[order]
        counts = np.bincount(clusters, weights=lengths).astype(np.int64)
        begins = np.append(True, (clusters[1:] != clusters[:-1]) | (starts[1:] != starts[:-1] + lengths[:-1]))
        firsts = np.flatnonzero(begins)
        sizes = np.add.reduceat(lengths, firsts)
        cuts = np.searchsorted(clusters[firsts], np.arange(len(counts) + 1))
        return Clusters(corpus.rows, starts[firsts], sizes, cuts, counts, of_block)

    def __len__(self) -> int:
        """K, the number of clusters."""
        return len(self.counts)

    def blocks(self, cluster: int, order: np.random.Generator | None = None) -> tuple[Indexes, Indexes]:
        """The first rows and the lengths of the blocks of a cluster.

        Args:
            cluster: number of the cluster.
            order: shuffles the blocks; None: the blocks stay in their order.
        """
        part = slice(int(self.cuts[cluster]), int(self.cuts[cluster + 1]))
        starts = self.starts[part]
        lengths = self.lengths[part]
        if order is None:
            return starts, lengths
        shuffled = order.permutation(len(starts))
        return starts[shuffled], lengths[shuffled]

    def spans(self, cluster: int, order: np.random.Generator | None = None) -> list[Span]:
        """The rows of a cluster; see `blocks` for the arguments."""
        starts, lengths = self.blocks(cluster, order)
        return list(zip(starts.tolist(), (starts + lengths).tolist(), strict=True))

    def read(self, spans: Sequence[Span]) -> Observations:
        """The observations of spans, span after span."""
        return np.concatenate([self.rows.read(start, stop) for start, stop in spans])


def part_of(starts: Indexes, lengths: Indexes, first: int, last: int) -> tuple[Indexes, Indexes]:
    """The rows `first` to `last` - 1 of runs of rows, counted over all runs.

    Args:
        starts: the first row of each run.
        lengths: the number of rows of each run.
        first: the first row of the part.
        last: the row after the part.

    Returns:
        The first row and the number of rows of each run of the part.

    >>> part_of(np.array([10, 20]), np.array([4, 3]), 3, 5)
    (array([13, 20]), array([1, 1]))
    """
    before = np.cumsum(lengths) - lengths
    low = np.maximum(first - before, 0)
    high = np.minimum(last - before, lengths)
    is_part = low < high
    return (starts + low)[is_part], (high - low)[is_part]


def rows_of(starts: Indexes, lengths: Indexes) -> Indexes:
    """The rows of runs, run after run.

    >>> rows_of(np.array([10, 20]), np.array([2, 3]))
    array([10, 11, 20, 21, 22])
    """
    before = np.cumsum(lengths) - lengths
    rows: Indexes = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return rows
