"""Between two cuts of the beam: which labels are possible for the next observation, and what they cost."""

from math import inf, isfinite, isnan, nan
from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Flags, Integers, Reals, RowNumbers, compiled
from uisrnn.decoding.beams import Beams
from uisrnn.decoding.pool import Gaussians, RowIndex, gaussian_cost, take_row
from uisrnn.model.label_prior import PriorWeights, label_log_probs

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
    """

    prior: PriorWeights
    limits: Limits
    scale: float


class Moves(NamedTuple):
    """States that take an observation, each distinct pair once.

    Attributes:
        rows: (n,) pool rows.
        new: (n,) the rows for the results, which nobody holds yet.
        which: (n,) numbers of the observations.
    """

    rows: RowNumbers
    new: RowNumbers
    which: RowNumbers


class Position(NamedTuple):
    """What is known of the observations that all sequences take next, one each.

    Attributes:
        which: (sequences,) numbers of the observations.
        starts_copy: (sequences,) whether it is the first of a copy of the sequence.
        remaining: (sequences,) how many observations come after it in which clusters may still be visited.
    """

    which: RowNumbers
    starts_copy: Flags
    remaining: Integers


class Frontier(NamedTuple):
    """Label sequences since the last cut, those of one sequence after those of another.

    Attributes:
        start: (sequences + 1,) where those of each sequence begin.
        origin: (n,) the beam after the last cut that each descends from.
        pending: (n, observations) the labels since then.
        score, clusters, last, visited: (n,) as in `Beams`.
        rows, counts, seen: (n, cluster) as in `Beams`; `rows` has `FRESH` in the column of a new cluster.
    """

    start: Integers
    origin: Integers
    pending: Integers
    score: Reals
    clusters: Integers
    last: Integers
    visited: Integers
    rows: Integers
    counts: Integers
    seen: Flags


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
def key(row: int, sequence: int, sequences: int, shared: int) -> int:
    """A number for a state and the observation of one sequence: shared states take those of all."""
    return sequence * shared + row if row < shared else sequences * shared + row


@compiled
def _allocate(sequences: int, number: int, pending: int, columns: int) -> Frontier:
    return Frontier(
        np.zeros(sequences + 1, dtype=np.int32),
        np.empty(number, dtype=np.int32),
        np.empty((number, pending), dtype=np.int32),
        np.empty(number),
        np.empty(number, dtype=np.int32),
        np.empty(number, dtype=np.int32),
        np.empty(number, dtype=np.int32),
        np.zeros((number, columns), dtype=np.int32),  # `FRESH`
        np.zeros((number, columns), dtype=np.int32),
        np.zeros((number, columns), dtype=np.bool_),
    )


@compiled
def frontier_of(beams: Beams, slots: RowNumbers) -> Frontier:
    """The beams in these slots."""
    number, clusters = 0, 0
    for slot in slots:
        number += beams.number[slot]
        for beam in range(beams.number[slot]):
            clusters = max(clusters, beams.clusters[slot, beam])
    result = _allocate(len(slots), number, 0, clusters + 1)
    at = 0
    for sequence in range(len(slots)):
        slot = slots[sequence]
        for beam in range(beams.number[slot]):
            known = beams.clusters[slot, beam]
            result.origin[at] = beam
            result.score[at] = beams.score[slot, beam]
            result.clusters[at] = known
            result.last[at] = beams.last[slot, beam]
            result.visited[at] = beams.visited[slot, beam]
            for cluster in range(known):
                result.rows[at, cluster] = beams.rows[slot, beam, cluster]
                result.counts[at, cluster] = beams.counts[slot, beam, cluster]
                result.seen[at, cluster] = beams.seen[slot, beam, cluster]
            at += 1
        result.start[sequence + 1] = at
    return result


@compiled
def unpriced(frontier: Frontier, memo: Memo, shared: int) -> tuple[RowNumbers, RowNumbers, RowNumbers]:
    """The distinct pairs of a state and the observation of a sequence whose cost is not known yet.

    Returns:
        (n,) each: key, pool row, sequence.
    """
    sequences = len(frontier.start) - 1
    keys = np.empty(frontier.rows.size, dtype=np.int64)
    rows, owners = np.empty_like(keys), np.empty_like(keys)
    number = 0
    for sequence in range(sequences):
        for beam in range(frontier.start[sequence], frontier.start[sequence + 1]):
            for cluster in range(frontier.clusters[beam] + 1):
                row = frontier.rows[beam, cluster]
                one = key(row, sequence, sequences, shared)
                if isnan(memo.cost[one]):
                    memo.cost[one] = inf  # listed; its cost comes next
                    keys[number], rows[number], owners[number] = one, row, sequence
                    number += 1
    return keys[:number], rows[:number], owners[:number]


@compiled
def price(
    frontier: Frontier, memo: Memo, shared: int, gaussians: Gaussians, x: Reals, which: RowNumbers, scale: float
) -> int:
    """Compute the costs of pairs for which they are not known yet, on a CPU; how many they are."""
    keys, rows, owners = unpriced(frontier, memo, shared)
    for pair in range(len(keys)):
        memo.cost[keys[pair]] = scale * gaussian_cost(gaussians, rows[pair], x, which[owners[pair]])
    return len(keys)


@compiled
def candidate_scores(frontier: Frontier, memo: Memo, shared: int, rules: Rules, position: Position) -> Reals:
    """(n, cluster) score of each beam with each label for the observation; infinite where a label is impossible."""
    sequences, (prior, limits, _scale) = len(frontier.start) - 1, rules
    scores = np.full(frontier.rows.shape, inf)
    log_probs = np.empty(frontier.rows.shape[1])
    for sequence in range(sequences):
        for beam in range(frontier.start[sequence], frontier.start[sequence + 1]):
            clusters = frontier.clusters[beam]
            label_log_probs(frontier.counts[beam], frontier.last[beam], clusters, prior, log_probs)
            for label in range(clusters + limits.allow_new):
                visited = _visited(frontier, beam, label, position.starts_copy[sequence])
                if visited <= limits.at_most and limits.exactly - visited <= position.remaining[sequence]:
                    one = key(frontier.rows[beam, label], sequence, sequences, shared)
                    scores[beam, label] = frontier.score[beam] - log_probs[label] + memo.cost[one]
    return scores


@compiled
def _visited(frontier: Frontier, beam: int, label: int, starts_copy: bool) -> int:
    """Distinct labels of the current copy, with this one for the next observation."""
    if starts_copy:
        return 1
    return int(frontier.visited[beam]) + (0 if frontier.seen[beam, label] else 1)


@compiled
def best(scores: Reals, start: Integers, beam_size: int) -> tuple[Integers, Integers, Integers]:
    """The candidates with the smallest finite scores of each sequence, best first, equal ones in their order.

    Returns:
        (children,) the beam that each continues, (children,) its label, (sequences + 1,) where those of each begin.
    """
    sequences = len(start) - 1
    parents = np.empty(min(scores.size, sequences * beam_size), dtype=np.int32)
    labels, child_start = np.empty_like(parents), np.zeros_like(start)
    number = 0
    for sequence in range(sequences):
        first = number
        for beam in range(start[sequence], start[sequence + 1]):
            for label in range(scores.shape[1]):
                score = scores[beam, label]
                full = number - first == beam_size
                if not isfinite(score) or (full and score >= scores[parents[number - 1], labels[number - 1]]):
                    continue
                at = number - 1 if full else number
                number += not full
                while at > first and scores[parents[at - 1], labels[at - 1]] > score:
                    parents[at], labels[at] = parents[at - 1], labels[at - 1]
                    at -= 1
                parents[at], labels[at] = beam, label
        child_start[sequence + 1] = number
    return parents[:number], labels[:number], child_start


@compiled
def within(scores: Reals, start: Integers, limit: Reals) -> tuple[Integers, Integers, Integers]:
    """All candidates with a finite score up to the limit of their sequence; see `best`."""
    parents = np.empty(scores.size, dtype=np.int32)
    labels, child_start = np.empty_like(parents), np.zeros_like(start)
    number = 0
    for sequence in range(len(start) - 1):
        for beam in range(start[sequence], start[sequence + 1]):
            for label in range(scores.shape[1]):
                if isfinite(scores[beam, label]) and scores[beam, label] <= limit[sequence]:
                    parents[number], labels[number] = beam, label
                    number += 1
        child_start[sequence + 1] = number
    return parents[:number], labels[:number], child_start


@compiled
def continue_best(
    frontier: Frontier,
    memo: Memo,
    rules: Rules,
    position: Position,
    index: RowIndex,
    beam_size: int,
) -> tuple[Frontier, Moves]:
    """The best label sequences with one more observation, `beam_size` of each sequence; see `children`."""
    scores = candidate_scores(frontier, memo, index.shared[0], rules, position)
    return children(frontier, scores, best(scores, frontier.start, beam_size), memo, position, index)


@compiled
def continue_within(
    frontier: Frontier, memo: Memo, rules: Rules, position: Position, index: RowIndex, limit: Reals
) -> tuple[Frontier, Moves]:
    """All label sequences with one more observation up to a score for each sequence; see `children`."""
    scores = candidate_scores(frontier, memo, index.shared[0], rules, position)
    return children(frontier, scores, within(scores, frontier.start, limit), memo, position, index)


@compiled
def children(
    frontier: Frontier,
    scores: Reals,
    chosen: tuple[Integers, Integers, Integers],
    memo: Memo,
    position: Position,
    index: RowIndex,
) -> tuple[Frontier, Moves]:
    """The label sequences that were chosen, and what the network has to do for them.

    There must be a free row for each pair of a state and an observation.
    """
    parents, labels, start = chosen
    sequences, shared = len(start) - 1, index.shared[0]
    clusters = 0
    for child in range(len(parents)):
        clusters = max(clusters, frontier.clusters[parents[child]], labels[child] + 1)
    result = _allocate(sequences, len(parents), frontier.pending.shape[1] + 1, clusters + 1)
    result.start[:] = start
    old = np.empty(len(parents), dtype=np.int64)
    new, which = np.empty_like(old), np.empty_like(old)
    moves = 0
    for sequence in range(sequences):
        for child in range(start[sequence], start[sequence + 1]):
            parent, label = parents[child], labels[child]
            starts_copy = position.starts_copy[sequence]
            row = frontier.rows[parent, label]
            one = key(row, sequence, sequences, shared)
            if memo.moved[one] < 0:
                memo.moved[one] = take_row(index)
                old[moves], new[moves], which[moves] = row, memo.moved[one], position.which[sequence]
                moves += 1
            result.visited[child] = _visited(frontier, parent, label, starts_copy)
            _copy_beam(frontier, parent, result, child, starts_copy)
            result.score[child] = scores[parent, label]
            result.clusters[child] = max(frontier.clusters[parent], label + 1)
            result.pending[child, -1] = label
            result.counts[child, label] += label != frontier.last[parent]
            result.last[child] = label
            result.rows[child, label] = memo.moved[one]
            result.seen[child, label] = True
    return result, Moves(old[:moves], new[:moves], which[:moves])


@compiled
def _copy_beam(source: Frontier, beam: int, target: Frontier, child: int, starts_copy: bool) -> None:
    target.origin[child] = source.origin[beam]
    for time in range(source.pending.shape[1]):
        target.pending[child, time] = source.pending[beam, time]
    for cluster in range(source.clusters[beam]):
        target.rows[child, cluster] = source.rows[beam, cluster]
        target.counts[child, cluster] = source.counts[beam, cluster]
        target.seen[child, cluster] = source.seen[beam, cluster] and not starts_copy
