"""Batches of cluster sequences; which entries are observations is known from lengths, never from values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters, Span, part_of
from uisrnn.corpus.corpus import Indexes
from uisrnn.sequences.observations import Observations
from uisrnn.training.draws import Draws, Purpose


@dataclass(frozen=True)
class Batch:
    """Sequences of one cluster each, side by side.

    Attributes:
        observations: (time, batch, D), zero after the end of each sequence.
        lengths: (batch,) true lengths, longest first.
    """

    observations: Tensor
    lengths: Tensor

    @property
    def mask(self) -> Tensor:
        """(time, batch) whether there is an observation."""
        times = torch.arange(len(self.observations), device=self.lengths.device)
        return times[:, None] < self.lengths


def pad(sequences: Sequence[Observations]) -> Batch:
    """Lay sequences side by side, longest first.

    Args:
        sequences: (T_i, D) each, at least one.

    Returns:
        The longest first, padded with zeros.
    """
    ordered = sorted(sequences, key=len, reverse=True)
    lengths = torch.tensor([len(one) for one in ordered])
    padded = np.zeros((len(ordered[0]), len(ordered), ordered[0].shape[1]), dtype=np.float32)
    for column, one in enumerate(ordered):
        padded[: len(one), column] = one
    return Batch(torch.from_numpy(padded), lengths)


class ClusterSequences:
    """What the GRU learns from: every cluster's observations in several orders of its blocks, long ones in pieces.

    They are numbered: cluster by cluster, all orders of one after another, all pieces of an order after another. Only
    where they lie is in memory; the order of blocks is drawn anew, and the same, whenever it is needed.

    Args:
        clusters: where the observations of each lie.
        args: `num_permutations` orders of the blocks of each cluster (0, 1 or None: that of the data), pieces of at
            most `max_length` observations, and `batch_size` and `bucket_size` for `batch`.
        draws: source of randomness.
    """

    def __init__(self, clusters: Clusters, args: TrainingArguments, draws: Draws) -> None:
        self._clusters, self._args, self._draws = clusters, args, draws
        self._is_permuted = args.num_permutations is not None and args.num_permutations > 1
        orders = args.num_permutations if self._is_permuted and args.num_permutations else 1
        longest = args.max_length or np.iinfo(np.int64).max
        self._pieces = -(-clusters.counts // longest)  # of each order of a cluster
        self._ends = np.cumsum(self._pieces * orders)
        self._starts = self._ends - self._pieces * orders

    def __len__(self) -> int:
        """How many there are."""
        return int(self._ends[-1])

    def _places(self, numbers: Indexes) -> tuple[Indexes, Indexes, Indexes]:
        """Cluster, order and piece of each."""
        clusters = np.searchsorted(self._ends, numbers, side="right")
        orders, pieces = np.divmod(numbers - self._starts[clusters], self._pieces[clusters])
        return clusters, orders, pieces

    def lengths(self, numbers: Indexes) -> Indexes:
        """The numbers of observations of some of them."""
        clusters, _orders, pieces = self._places(numbers)
        each, longer = np.divmod(self._clusters.counts[clusters], self._pieces[clusters])
        lengths: Indexes = each + (pieces < longer)
        return lengths

    def spans(self, number: int) -> list[Span]:
        """The rows of one of them, in its order of blocks."""
        cluster, order, piece = (int(one[0]) for one in self._places(np.array([number])))
        shuffle = self._draws.generator(Purpose.ORDERS, cluster, order) if self._is_permuted else None
        spans = self._clusters.spans(cluster, shuffle)
        each, longer = divmod(int(self._clusters.counts[cluster]), int(self._pieces[cluster]))
        first = piece * each + min(piece, longer)
        return part_of(spans, first, first + each + (piece < longer))

    def read(self, numbers: Indexes) -> Batch:
        """Some of them side by side."""
        return pad([self._clusters.read(self.spans(number)) for number in numbers.tolist()])

    @cached_property
    def _everything(self) -> Batch:
        return self.read(np.arange(len(self)))

    def batch(self, iteration: int) -> Batch:
        """The batch of an iteration: `batch_size` of them drawn with replacement, or, for None, always all."""
        if self._args.batch_size is None:
            return self._everything
        return self.read(self.drawn(iteration, self._args.batch_size))

    def drawn(self, iteration: int, batch_size: int) -> Indexes:
        """Which ones are in the batch of an iteration.

        Those of `bucket_size` batches are drawn together and dealt out by length, so that those of one batch are of
        nearly the same; the batches come in random order.
        """
        together, place = divmod(iteration, self._args.bucket_size)
        generator = self._draws.generator(Purpose.BATCHES, together)
        drawn = generator.integers(len(self), size=(self._args.bucket_size, batch_size))
        if self._args.bucket_size > 1:
            by_length = drawn.ravel()[np.argsort(self.lengths(drawn.ravel()), kind="stable")]
            drawn = by_length.reshape(drawn.shape)[generator.permutation(len(drawn))]
        chosen: Indexes = drawn[place]
        return chosen
