"""Where the observations of each cluster lie in a corpus: the index that training draws from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uisrnn.corpus.corpus import Corpus, Indexes, Rows
from uisrnn.sequences.observations import Observations

Span = tuple[int, int]
"""Rows from one to before another."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The blocks of a corpus, cluster by cluster, within one in the order of the corpus.

    Attributes:
        rows: the observations.
        starts: (B,) the first row of each block.
        lengths: (B,) its number of rows.
        cuts: (K + 1,) the blocks of cluster k are those from cuts[k] to before cuts[k + 1].
        counts: (K,) the number of observations of each cluster.
        of_block: (blocks of the corpus,) the cluster of each block of the corpus.
    """

    rows: Rows
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
            unique: whether equal labels in two sequences are two clusters. If not, a block that ends a sequence and a
                block of the same cluster that begins the next one become one, as in 0.1.2.
        """
        blocks = corpus.blocks
        keys = blocks.codes
        if unique:
            sequence = np.repeat(np.arange(len(corpus)), np.diff(blocks.cuts))
            keys = sequence * (int(keys.max()) + 1) + keys
        _values, of_block = np.unique(keys, return_inverse=True)
        order = np.argsort(of_block, kind="stable")
        clusters, starts, lengths = of_block[order], blocks.starts[order], blocks.lengths[order]
        counts = np.bincount(clusters, weights=lengths).astype(np.int64)
        begins = np.append(True, (clusters[1:] != clusters[:-1]) | (starts[1:] != starts[:-1] + lengths[:-1]))
        firsts = np.flatnonzero(begins)
        sizes = np.add.reduceat(lengths, firsts)
        cuts = np.searchsorted(clusters[firsts], np.arange(len(counts) + 1))
        return Clusters(corpus.rows, starts[firsts], sizes, cuts, counts, of_block)

    def __len__(self) -> int:
        """K, how many there are."""
        return len(self.counts)

    def spans(self, cluster: int, order: np.random.Generator | None = None) -> list[Span]:
        """The rows of one cluster.

        Args:
            cluster: which.
            order: shuffles its blocks; None: they stay in their order.
        """
        part = slice(int(self.cuts[cluster]), int(self.cuts[cluster + 1]))
        starts, stops = self.starts[part], self.starts[part] + self.lengths[part]
        if order is not None:
            shuffled = order.permutation(len(starts))
            starts, stops = starts[shuffled], stops[shuffled]
        return list(zip(starts.tolist(), stops.tolist(), strict=True))

    def read(self, spans: Sequence[Span]) -> Observations:
        """The observations of these rows, one after another."""
        return np.concatenate([self.rows.read(start, stop) for start, stop in spans])


def part_of(spans: Sequence[Span], first: int, last: int) -> list[Span]:
    """What is left of spans where only their rows from the `first` to before the `last` are wanted.

    >>> part_of([(10, 14), (20, 23)], 3, 5)
    [(13, 14), (20, 21)]
    """
    found, before = [], 0
    for start, stop in spans:
        low, high = max(first - before, 0), min(last - before, stop - start)
        if low < high:
            found.append((start + low, start + high))
        before += stop - start
    return found
