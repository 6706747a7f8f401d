"""Batches of cluster sequences, which are packed: no value stands for padding."""

import itertools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

import numpy as np
from torch import Tensor

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters, part_of, rows_of
from uisrnn.corpus.corpus import Indexes
from uisrnn.model.packing import Packing
from uisrnn.parallel import become_worker
from uisrnn.training.draws import Draws, Purpose

T = TypeVar("T")

_BLOCKS_IN_MEMORY = 2**22
_BLOCKS_OF_ORDER = 32
"""Most blocks in the orders that are kept, 16 bytes each; and the memory of an order beside its blocks, in blocks."""


@dataclass(frozen=True)
class ClusterBatch:
    """Sequences, each of a single cluster, packed; see `Packing`.

    Attributes:
        observations: (n, D).
        packing: their places in the sequences.
    """

    observations: Tensor
    packing: Packing


class ClusterSequences:
    """The training sequences of the GRU: each cluster's observations in several orders of blocks, cut into pieces.

    They are numbered by cluster, then order, then piece. Only the places of blocks are in memory. The order of blocks
    is drawn again, with the same result, if it is needed again and is not among the last orders.

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
        most_blocks = int(np.diff(clusters.cuts).max())
        self._blocks = lru_cache(maxsize=_BLOCKS_IN_MEMORY // (most_blocks + _BLOCKS_OF_ORDER))(self._ordered)

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

    def _ordered(self, cluster: int, order: int) -> tuple[Indexes, Indexes]:
        """The first rows and the lengths of the blocks of a cluster, in an order."""
        shuffle = self._draws.generator(Purpose.ORDERS, cluster, order) if self._is_permuted else None
        return self._clusters.blocks(cluster, shuffle)

    def rows(self, numbers: Indexes) -> Indexes:
        """The rows of some sequences, sequence after sequence, each in its order of blocks."""
        places = zip(*(place.tolist() for place in self._places(numbers)), strict=True)
        starts, lengths = zip(*itertools.starmap(self._parts, places), strict=True)
        return rows_of(np.concatenate(starts), np.concatenate(lengths))

    def _parts(self, cluster: int, order: int, piece: int) -> tuple[Indexes, Indexes]:
        """The first rows and the lengths of the parts of blocks that a sequence has."""
        starts, lengths = self._blocks(cluster, order)
        pieces = int(self._pieces[cluster])
        if pieces == 1:
            return starts, lengths
        each, longer = divmod(int(self._clusters.counts[cluster]), pieces)
        first = piece * each + min(piece, longer)
        return part_of(starts, lengths, first, first + each + (piece < longer))

    def draw(self, numbers: Indexes) -> tuple[Indexes, Packing]:
        """The rows of some sequences in packed order, and their packing."""
        lengths = self.lengths(numbers)
        packing = Packing.of(lengths)
        padded = np.zeros((packing.batch, len(packing.sizes)), dtype=np.int64)
        padded[np.arange(padded.shape[1]) < lengths[:, None]] = self.rows(numbers)
        return padded.T.ravel()[packing.places.numpy()], packing

    @cached_property
    def _everything(self) -> tuple[Indexes, Packing]:
        return self.draw(np.arange(len(self)))

    def batch(self, iteration: int) -> tuple[Indexes, Packing]:
        """The rows of the batch of an iteration, in packed order, and their packing.

        A batch has `batch_size` sequences, drawn with replacement; with None, it has all sequences.
        """
        if self._args.batch_size is None:
            return self._everything
        return self.draw(self.drawn(iteration, self._args.batch_size))

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
