"""Between two cuts of the beam: the label sequences, and the costs of the next observation."""

from collections.abc import Sequence
from math import inf, isnan, nan
from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Flags, Integers, Reals, RowNumbers, compiled
from uisrnn.decoding.beams import Beams, entry
from uisrnn.decoding.labelings import CLUSTER, LABELING, Records, copy_labeling
from uisrnn.decoding.pool import Gaussians, gaussian_cost
from uisrnn.model.groups import GOES_ON, TAKEN, meaning
from uisrnn.model.label_prior import PriorWeights

UNLIMITED = 2**31 - 1


class Limits(NamedTuple):
    """Limits on the number of clusters in a copy of the sequence.

    Attributes:
        at_most: the largest number; `UNLIMITED` for any number.
        exactly: the number at the end of the copy; 0 for any number.
        allow_new: whether an observation may start a cluster.
    """

    at_most: int = UNLIMITED
    exactly: int = 0
    allow_new: bool = True


class Rules(NamedTuple):
    """The parameters of a score, and the limits.

    Attributes:
        prior: weights of the label prior.
        limits: limits on the number of clusters.
        scale: the likelihood scale.
        views: V of the observation model.
    """

    prior: PriorWeights
    limits: Limits
    scale: float
    views: int = 1


class Moves(NamedTuple):
    """States that take an observation, each distinct pair once.

    Attributes:
        rows: (n,) pool rows of the states.
        new: (n,) pool rows for the states after the observation; no beam holds them yet.
        which: (n,) numbers of the views of the observations; see `view`.
    """

    rows: RowNumbers
    new: RowNumbers
    which: RowNumbers


class Position(NamedTuple):
    """The next observation of each sequence.

    Attributes:
        which: (sequences,) the number of the observation in the window.
        starts_copy: (sequences,) whether the observation is the first of a copy of the sequence.
        joins: (sequences,) whether it is at the time of the observation before it; see `uisrnn.model.groups`.
        remaining: (sequences,) number of later observations that may still visit a cluster.
    """

    which: RowNumbers
    starts_copy: Flags
    joins: Flags
    remaining: Integers


class Positions(NamedTuple):
    """The next observations of each sequence: the fields of `Position`, with a row for each observation.

    Attributes:
        which: (observations, sequences).
        starts_copy: (observations, sequences).
        joins: (observations, sequences).
        remaining: (observations, sequences).
    """

    which: RowNumbers
    starts_copy: Flags
    joins: Flags
    remaining: Integers

    @staticmethod
    def of(positions: Sequence[Position]) -> "Positions":
        """Positions in their order."""
        return Positions(*map(np.stack, zip(*positions, strict=True)))

    def part(self, first: int, after: int) -> "Positions":
        """The positions from a first position up to the position before `after`."""
        return Positions(
            self.which[first:after], self.starts_copy[first:after], self.joins[first:after], self.remaining[first:after]
        )

    def each(self) -> list[Position]:
        """A list with the position of each observation."""
        return list(map(Position, *self))


class Frontier(NamedTuple):
    """Label sequences since the last cut, sequence after sequence.

    Attributes:
        start: (sequences + 1,) the first label sequence of each sequence.
        origin: (n,) the beam after the last cut from which a label sequence descends.
        pending: (n, observations) the labels since the last cut.
        labelings: (n,) of `LABELING`.
        clusters: (n, cluster) of `CLUSTER`, with an entry for a new cluster.
    """

    start: Integers
    origin: Integers
    pending: Integers
    labelings: Records
    clusters: Records


class Memo(NamedTuple):
    """Results for pairs of a state and an observation at a position, so that each is computed once; see `key`.

    Attributes:
        cost: (keys,) -log p(x | state) times the likelihood scale; NaN before it is computed.
        moved: (keys,) the row of the state after x; -1 before it is computed.
    """

    cost: Reals
    moved: Integers

    def with_room(self, keys: int) -> "Memo":
        """This memo, or a larger copy if it has fewer keys."""
        if len(self.cost) >= keys:
            return self
        larger = empty_memo(keys)
        larger.cost[: len(self.cost)] = self.cost
        larger.moved[: len(self.moved)] = self.moved
        return larger


@compiled
def position_at(positions: Positions, number: int) -> Position:
    """The position with this number."""
    return Position(
        positions.which[number], positions.starts_copy[number], positions.joins[number], positions.remaining[number]
    )


@compiled
def empty_memo(keys: int) -> Memo:
    """A memo without results."""
    return Memo(np.full(keys, nan), np.full(keys, -1, np.int32))


@compiled
def forget(memo: Memo, keys: RowNumbers) -> None:
    """Remove the results of these keys."""
    for pair in keys:
        memo.cost[pair] = nan
        memo.moved[pair] = -1


@compiled
def keys_of(capacity: int, sequences: int, shared: int, views: int) -> int:
    """The number of keys of a memo; see `key`.

    Args:
        capacity: number of rows of the pool.
        sequences: number of sequences.
        shared: number of rows that belong to all sequences.
        views: V.
    """
    return (capacity + sequences * shared) * views


@compiled
def view(means: int, views: int) -> int:
    """The view of an observation that a label takes: the first to continue a block, the last to start a block.

    View v of observation i has number i V + v in a window.
    """
    return 0 if means == GOES_ON else views - 1


@compiled
def key(row: int, sequence: int, sequences: int, shared: int) -> int:
    """A number for a pair of a state and the observation of a sequence.

    A state that is not shared belongs to one sequence, so its row is enough. In a memo, each pair has V entries.
    """
    return sequence * shared + row if row < shared else sequences * shared + row


@compiled
def allocate(sequences: int, number: int, pending: int, columns: int) -> Frontier:
    """A frontier to be filled, whose label sequences have no clusters."""
    return Frontier(
        np.zeros(sequences + 1, dtype=np.int32),
        np.empty(number, dtype=np.int32),
        np.empty((number, pending), dtype=np.int32),
        np.zeros(number, dtype=LABELING),
        np.zeros((number, columns), dtype=CLUSTER),  # `FRESH`
    )


@compiled
def frontier_of(beams: Beams, slots: RowNumbers) -> Frontier:
    """The beams of these slots as a frontier."""
    number = 0
    clusters = 0
    for slot in slots:
        number += beams.number[slot]
        for beam in range(beams.number[slot]):
            clusters = max(clusters, beams.labelings[entry(beams, slot, beam)]["clusters"])
    result = allocate(len(slots), number, 0, clusters + 1)
    filled = 0
    for sequence in range(len(slots)):
        slot = slots[sequence]
        for beam in range(beams.number[slot]):
            result.origin[filled] = beam
            copy_labeling(beams, entry(beams, slot, beam), result, filled)
            filled += 1
        result.start[sequence + 1] = filled
    return result


@compiled
def sequence_without_beam(frontier: Frontier) -> int:
    """The first sequence of a frontier that has no label sequence; -1 if each sequence has a label sequence."""
    for sequence in range(len(frontier.start) - 1):
        if frontier.start[sequence] == frontier.start[sequence + 1]:
            return sequence
    return -1


@compiled
def unpriced(
    frontier: Frontier, memo: Memo, shared: int, position: Position, views: int
) -> tuple[RowNumbers, RowNumbers, RowNumbers]:
    """The distinct pairs of a state and a view of an observation whose cost is not in the memo; they are marked there.

    Returns:
        Memo entry, pool row, number of the view, each (n,).
    """
    sequences = len(frontier.start) - 1
    keys = np.empty(frontier.clusters.size, dtype=np.int64)
    rows = np.empty_like(keys)
    viewed = np.empty_like(keys)
    number = 0
    for sequence in range(sequences):
        for beam in range(frontier.start[sequence], frontier.start[sequence + 1]):
            for cluster in range(frontier.labelings[beam]["clusters"] + 1):
                means = meaning(frontier.clusters[beam, cluster]["mark"], position.joins[sequence])
                if means == TAKEN:
                    continue
                row = frontier.clusters[beam, cluster]["row"]
                seen_as = view(means, views)
                pair = key(row, sequence, sequences, shared) * views + seen_as
                if isnan(memo.cost[pair]):
                    memo.cost[pair] = inf  # listed; the caller computes the cost
                    keys[number] = pair
                    rows[number] = row
                    viewed[number] = position.which[sequence] * views + seen_as
                    number += 1
    return keys[:number], rows[:number], viewed[:number]


@compiled
def price(
    frontier: Frontier, memo: Memo, shared: int, gaussians: Gaussians, x: Reals, position: Position, rules: Rules
) -> RowNumbers:
    """Compute the costs that are not in the memo, on a CPU; returns their keys."""
    keys, rows, viewed = unpriced(frontier, memo, shared, position, rules.views)
    for pair in range(len(keys)):
        memo.cost[keys[pair]] = rules.scale * gaussian_cost(gaussians, rows[pair], x, viewed[pair])
    return keys
