"""Between two cuts of the beam: the label sequences, and what the next observation costs with each of their states."""

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
    """How many clusters a copy of the sequence may have.

    Attributes:
        at_most: this many; `UNLIMITED` for any number.
        exactly: this many at its end; 0 for any number.
        allow_new: whether an observation may start a cluster.
    """

    at_most: int = UNLIMITED
    exactly: int = 0
    allow_new: bool = True


class Rules(NamedTuple):
    """What labels cost, and which are allowed.

    Attributes:
        prior: weights of the label prior.
        limits: on the number of clusters.
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
        rows: (n,) pool rows.
        new: (n,) the rows for the results, which nobody holds yet.
        which: (n,) numbers of the observations' views; see `view`.
    """

    rows: RowNumbers
    new: RowNumbers
    which: RowNumbers


class Position(NamedTuple):
    """What is known of the observations that all sequences take next, one each.

    Attributes:
        which: (sequences,) numbers of the observations.
        starts_copy: (sequences,) whether it is the first of a copy of the sequence.
        joins: (sequences,) whether it is at the time of the observation before it; see `uisrnn.model.groups`.
        remaining: (sequences,) how many observations come after it in which clusters may still be visited.
    """

    which: RowNumbers
    starts_copy: Flags
    joins: Flags
    remaining: Integers


class Frontier(NamedTuple):
    """Label sequences since the last cut, those of one sequence after those of another.

    Attributes:
        start: (sequences + 1,) where those of each sequence begin.
        origin: (n,) the beam after the last cut that each descends from.
        pending: (n, observations) the labels since then.
        labelings: (n,) of `LABELING`.
        clusters: (n, cluster) of `CLUSTER`, with an entry for a new cluster.
    """

    start: Integers
    origin: Integers
    pending: Integers
    labelings: Records
    clusters: Records


class Memo(NamedTuple):
    """What was found out at one position, so that it is done once; see `key`.

    Attributes:
        cost: (keys,) -log p(x | state) times the likelihood scale, NaN where it is not known yet.
        moved: (keys,) the row of the state that took x, or -1.
    """

    cost: Reals
    moved: Integers

    @staticmethod
    def empty(keys: int) -> "Memo":
        """Nothing known yet."""
        return Memo(np.full(keys, nan), np.full(keys, -1, dtype=np.int32))

    def with_room(self, keys: int) -> "Memo":
        """This memo, or a larger copy where it has less than so many keys."""
        if len(self.cost) >= keys:
            return self
        larger = Memo.empty(keys)
        larger.cost[: len(self.cost)], larger.moved[: len(self.moved)] = self
        return larger


@compiled
def view(means: int, views: int) -> int:
    """Which view of an observation a label takes: the first if it goes on with a block, the last if it starts a block.

    The views of all observations stand one after another: view v of observation i has number i V + v.
    """
    return 0 if means == GOES_ON else views - 1


@compiled
def key(row: int, sequence: int, sequences: int, shared: int) -> int:
    """A number for a state and the observation of one sequence: shared states take those of all.

    In a memo, each of these has V entries, one a view.
    """
    return sequence * shared + row if row < shared else sequences * shared + row


@compiled
def allocate(sequences: int, number: int, pending: int, columns: int) -> Frontier:
    """A frontier to be filled, without clusters."""
    return Frontier(
        np.zeros(sequences + 1, dtype=np.int32),
        np.empty(number, dtype=np.int32),
        np.empty((number, pending), dtype=np.int32),
        np.zeros(number, dtype=LABELING),
        np.zeros((number, columns), dtype=CLUSTER),  # `FRESH`
    )


@compiled
def frontier_of(beams: Beams, slots: RowNumbers) -> Frontier:
    """The beams in these slots."""
    number, clusters = 0, 0
    for slot in slots:
        number += beams.number[slot]
        for beam in range(beams.number[slot]):
            clusters = max(clusters, beams.labelings[entry(beams, slot, beam)]["clusters"])
    result = allocate(len(slots), number, 0, clusters + 1)
    at = 0
    for sequence in range(len(slots)):
        slot = slots[sequence]
        for beam in range(beams.number[slot]):
            result.origin[at] = beam
            copy_labeling(beams, entry(beams, slot, beam), result, at)
            at += 1
        result.start[sequence + 1] = at
    return result


@compiled
def unpriced(
    frontier: Frontier, memo: Memo, shared: int, position: Position, views: int
) -> tuple[RowNumbers, RowNumbers, RowNumbers]:
    """The distinct pairs of a state and a view of the observation of a sequence whose cost is not known yet.

    Returns:
        (n,) each: memo entry, pool row, number of the view.
    """
    sequences = len(frontier.start) - 1
    keys = np.empty(frontier.clusters.size, dtype=np.int64)
    rows, viewed = np.empty_like(keys), np.empty_like(keys)
    number = 0
    for sequence in range(sequences):
        for beam in range(frontier.start[sequence], frontier.start[sequence + 1]):
            for cluster in range(frontier.labelings[beam]["clusters"] + 1):
                means = meaning(frontier.clusters[beam, cluster]["mark"], position.joins[sequence])
                if means == TAKEN:
                    continue
                row = frontier.clusters[beam, cluster]["row"]
                seen_as = view(means, views)
                one = key(row, sequence, sequences, shared) * views + seen_as
                if isnan(memo.cost[one]):
                    memo.cost[one] = inf  # listed; its cost comes next
                    keys[number], rows[number] = one, row
                    viewed[number] = position.which[sequence] * views + seen_as
                    number += 1
    return keys[:number], rows[:number], viewed[:number]


@compiled
def price(
    frontier: Frontier, memo: Memo, shared: int, gaussians: Gaussians, x: Reals, position: Position, rules: Rules
) -> int:
    """Compute the costs of pairs for which they are not known yet, on a CPU; how many they are."""
    keys, rows, viewed = unpriced(frontier, memo, shared, position, rules.views)
    for pair in range(len(keys)):
        memo.cost[keys[pair]] = rules.scale * gaussian_cost(gaussians, rows[pair], x, viewed[pair])
    return len(keys)
