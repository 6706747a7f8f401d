"""Batches of cluster sequences. Padding is recognised by lengths, never by values."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters, Span, part_of
from uisrnn.corpus.corpus import Indexes
from uisrnn.parallel import become_worker
from uisrnn.sequences.observations import Observations
from uisrnn.training.draws import Draws, Purpose

T = TypeVar("T")


@dataclass(frozen=True)
class ClusterBatch:
    """Sequences side by side, each of a single cluster.

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


def pad(sequences: Sequence[Observations]) -> ClusterBatch:
    """Put sequences side by side, longest first.

    Args:
        sequences: (T_i, D) each; not empty.
    """
    ordered = sorted(sequences, key=len, reverse=True)
    lengths = torch.tensor([len(sequence) for sequence in ordered])
    padded = np.zeros((len(ordered[0]), len(ordered), ordered[0].shape[1]), dtype=np.float32)
    for column, sequence in enumerate(ordered):
        padded[: len(sequence), column] = sequence
    return ClusterBatch(torch.from_numpy(padded), lengths)


class ClusterSequences:
    """The training sequences of the GRU: each cluster's observations in several orders of blocks, cut into pieces.

    They are numbered by cluster, then order, then piece. Only their places are in memory. The order of blocks is drawn
    again, with the same result, whenever it is needed.

    Args:
        clusters: places of the observations of each cluster.
        args: `num_permutations` orders of the blocks of each cluster (0, 1 or None: the order in the data), pieces of
            at most `max_length` observations, and `batch_size` and `bucket_size` for `batch`.
        draws: source of randomness.
    """

    def __init__(self, clusters: Clusters, args: TrainingArguments, draws: Draws) -> None:
        self._clusters = clusters
        self._args = args
        self._draws = draws
        self._is_permuted = args.num_permutations is not None and args.num_permutations > 1
        orders = args.num_permutations if self._is_permuted and args.num_permutations else 1
        longest = args.max_length or np.iinfo(np.int64).max
        self._pieces = -(-clusters.counts // longest)  # of each order of a cluster
        self._ends = np.cumsum(self._pieces * orders)
        self._starts = self._ends - self._pieces * orders

    def __len__(self) -> int:
        return int(self._ends[-1])

    def _places(self, numbers: Indexes) -> tuple[Indexes, Indexes, Indexes]:
        """Cluster, order and piece of each sequence."""
        clusters = np.searchsorted(self._ends, numbers, side="right")
        orders, pieces = np.divmod(numbers - self._starts[clusters], self._pieces[clusters])
        return clusters, orders, pieces

    def lengths(self, numbers: Indexes) -> Indexes:
        """The numbers of observations of some sequences."""
        clusters, _orders, pieces = self._places(numbers)
        each, longer = np.divmod(self._clusters.counts[clusters], self._pieces[clusters])
        lengths: Indexes = each + (pieces < longer)
        return lengths

    def spans(self, number: int) -> list[Span]:
        """The rows of a sequence, in its order of blocks."""
        cluster, order, piece = (int(place[0]) for place in self._places(np.array([number])))
        shuffle = self._draws.generator(Purpose.ORDERS, cluster, order) if self._is_permuted else None
        spans = self._clusters.spans(cluster, shuffle)
        each, longer = divmod(int(self._clusters.counts[cluster]), int(self._pieces[cluster]))
        first = piece * each + min(piece, longer)
        return part_of(spans, first, first + each + (piece < longer))

    def read(self, numbers: Indexes) -> ClusterBatch:
        """Some sequences side by side."""
        return pad([self._clusters.read(self.spans(number)) for number in numbers.tolist()])

    @cached_property
    def _everything(self) -> ClusterBatch:
        return self.read(np.arange(len(self)))

    def batch(self, iteration: int) -> ClusterBatch:
        """The batch of an iteration: `batch_size` sequences drawn with replacement; with None, all sequences."""
        if self._args.batch_size is None:
            return self._everything
        return self.read(self.drawn(iteration, self._args.batch_size))

    def drawn(self, iteration: int, batch_size: int) -> Indexes:
        """The numbers of the sequences in the batch of an iteration.

        The sequences of `bucket_size` batches are drawn together and distributed by length, so each batch has sequences
        of similar length. The batches have a random order.
        """
        together, place = divmod(iteration, self._args.bucket_size)
        generator = self._draws.generator(Purpose.BATCHES, together)
        drawn = generator.integers(len(self), size=(self._args.bucket_size, batch_size))
        if self._args.bucket_size > 1:
            by_length = drawn.ravel()[np.argsort(self.lengths(drawn.ravel()), kind="stable")]
            drawn = by_length.reshape(drawn.shape)[generator.permutation(len(drawn))]
        chosen: Indexes = drawn[place]
        return chosen


class Prefetched(Generic[T]):
    """Calls a function of numbers ahead of time, in a thread; a context manager.

    Args:
        make: the function; its result must not depend on other calls.
        ahead: number of calls ahead of time; 0: none, and no thread.
        end: no number from `end` on will be asked for.

    >>> with Prefetched(str, ahead=2, end=5) as texts:
    ...     [texts(number) for number in range(5)]
    ['0', '1', '2', '3', '4']
    """

    def __init__(self, make: Callable[[int], T], ahead: int, end: int) -> None:
        self._make = make
        self._ahead = ahead
        self._end = end
        self._pending: dict[int, Future[T]] = {}
        self._pool = ThreadPoolExecutor(1, "prefetch", become_worker) if ahead else None

    def __enter__(self) -> "Prefetched[T]":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, number: int) -> T:
        """The result for a number; the calls for the next numbers begin."""
        if self._pool is None:
            return self._make(number)
        for coming in range(number, min(number + self._ahead + 1, self._end)):
            if coming not in self._pending:
                self._pending[coming] = self._pool.submit(self._make, coming)
        return self._pending.pop(number).result()
