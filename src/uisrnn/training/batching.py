"""Batches of cluster sequences; which entries are observations is known from lengths, never from values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.data.labels import Codes, runs
from uisrnn.data.observations import Observations
from uisrnn.data.sequences import CodedSequence

Indexes = NDArray[np.int64]


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


def permute_blocks(indexes: Indexes, number: int, generator: np.random.Generator) -> list[Indexes]:
    """Shuffle the blocks (runs of consecutive indexes) of one cluster, each block kept as it is.

    Args:
        indexes: where the cluster's observations are.
        number: of shuffles.
        generator: source of randomness.

    Returns:
        `number` arrays with the same indexes.

    >>> permute_blocks(np.array([4, 5, 6]), 1, np.random.default_rng(0))
    [array([4, 5, 6])]
    """
    blocks = runs(indexes)
    return [np.concatenate([blocks[i] for i in generator.permutation(len(blocks))]) for _ in range(number)]


def join(sequences: Sequence[CodedSequence], unique: bool) -> tuple[Observations, Codes]:
    """Put labelled sequences one after another.

    Args:
        sequences: with labels.
        unique: whether equal codes in two sequences are two clusters. If not, a block that ends a sequence and a block
            of the same cluster that begins the next become one, as in 0.1.2.

    Returns:
        (N, D) all observations, and (N,) the cluster of each.
    """
    codes, offset = [], 0
    for one in sequences:
        assert one.labels is not None
        codes.append(one.labels + offset)
        offset += int(one.labels.max()) + 1 if unique else 0
    return np.concatenate([one.observations for one in sequences]), np.concatenate(codes)


def cluster_orders(codes: Codes, num_permutations: int | None, generator: np.random.Generator) -> list[Indexes]:
    """Where each cluster's observations are, in several orders.

    Args:
        codes: (N,) the cluster of each observation.
        num_permutations: orders of blocks for each cluster; 0, 1 or None: only that of the data.
        generator: source of randomness.

    Returns:
        Arrays of indexes, cluster by cluster, all orders of one after another.

    >>> cluster_orders(np.array([0, 1, 0]), None, np.random.default_rng(0))
    [array([0, 2]), array([1])]
    """
    by_cluster = np.argsort(codes, kind="stable")
    clusters = np.split(by_cluster, np.flatnonzero(np.diff(codes[by_cluster])) + 1)
    if num_permutations is None or num_permutations <= 1:
        return clusters
    return [order for indexes in clusters for order in permute_blocks(indexes, num_permutations, generator)]


class ClusterSequences:
    """What the GRU learns from: every cluster's observations in several orders, as indexes into one array.

    Args:
        observations: (N, D) all of them.
        codes: (N,) the cluster of each.
        num_permutations: see `cluster_orders`.
        max_length: longer sequences are cut into pieces; None: never.
        generator: source of randomness.
    """

    def __init__(
        self,
        observations: Observations,
        codes: Codes,
        num_permutations: int | None,
        max_length: int | None,
        generator: np.random.Generator,
    ) -> None:
        self._observations = observations
        self._generator = generator
        orders = cluster_orders(codes, num_permutations, generator)
        self.indexes = [piece for order in orders for piece in _pieces(order, max_length)]

    def batches(self, batch_size: int | None) -> Iterator[Batch]:
        """Batches without end: `batch_size` sequences drawn with replacement, or, for None, always all of them."""
        if batch_size is None:
            everything = pad([self._observations[index] for index in self.indexes])
            while True:
                yield everything
        while True:
            drawn = self._generator.integers(len(self.indexes), size=batch_size)
            yield pad([self._observations[self.indexes[i]] for i in drawn])


def _pieces(indexes: Indexes, max_length: int | None) -> list[Indexes]:
    """Pieces of nearly equal length, none longer than `max_length`."""
    number = 1 if max_length is None else -(-len(indexes) // max_length)
    return np.array_split(indexes, number)
