"""The labels that are possible for the next observation, and the label sequences that are kept."""

from math import inf, isfinite

import numpy as np

from uisrnn.compiled import Integers, Reals, compiled
from uisrnn.decoding.frontier import Frontier, Memo, Moves, Position, Rules, allocate, key, view
from uisrnn.decoding.labelings import copy_labeling
from uisrnn.decoding.pool import RowIndex, take_row
from uisrnn.model.groups import GOES_ON, TAKEN, denominator, mark_next, meaning
from uisrnn.model.label_prior import label_log_probs


@compiled
def candidate_scores(frontier: Frontier, memo: Memo, shared: int, rules: Rules, position: Position) -> Reals:
    """(n, cluster) score of each beam with each label for the observation; infinite if a label is impossible."""
    sequences = len(frontier.start) - 1
    prior = rules.prior
    limits = rules.limits
    views = rules.views
    scores = np.full(frontier.clusters.shape, inf)
    log_probs = np.empty(frontier.clusters.shape[1])
    for sequence in range(sequences):
        for beam in range(frontier.start[sequence], frontier.start[sequence + 1]):
            labeling = frontier.labelings[beam]
            clusters = frontier.clusters[beam]
            number = labeling["clusters"]
            joins = position.joins[sequence]
            stays = labeling["stays"]
            changes = labeling["changes"]
            label_log_probs(clusters["count"], clusters["mark"], number, joins, stays, changes, prior, log_probs)
            for label in range(number + limits.allow_new):
                means = meaning(clusters[label]["mark"], joins)
                if means == TAKEN:
                    continue
                visited = _visited(frontier, beam, label, position.starts_copy[sequence])
                if visited <= limits.at_most and limits.exactly - visited <= position.remaining[sequence]:
                    pair = key(clusters[label]["row"], sequence, sequences, shared) * views
                    pair += view(means, views)
                    scores[beam, label] = labeling["score"] - log_probs[label] + memo.cost[pair]
    return scores


@compiled
def _visited(frontier: Frontier, beam: int, label: int, starts_copy: bool) -> int:
    """Number of distinct labels of the current copy if the next observation gets this label."""
    if starts_copy:
        return 1
    return int(frontier.labelings[beam]["visited"]) + (0 if frontier.clusters[beam, label]["seen"] else 1)


@compiled
def best(scores: Reals, start: Integers, beam_size: int) -> tuple[Integers, Integers, Integers]:
    """The candidates with the smallest finite scores of each sequence, best first. Equal scores keep their order.

    Returns:
        (children,) the beam that a child continues, (children,) its label, (sequences + 1,) the first child of each
        sequence.
    """
    sequences = len(start) - 1
    parents = np.empty(min(scores.size, sequences * beam_size), dtype=np.int32)
    labels = np.empty_like(parents)
    child_start = np.zeros_like(start)
    number = 0
    for sequence in range(sequences):
        first = number
        for beam in range(start[sequence], start[sequence + 1]):
            for label in range(scores.shape[1]):
                score = scores[beam, label]
                full = number - first == beam_size
                if not isfinite(score) or (full and score >= scores[parents[number - 1], labels[number - 1]]):
                    continue
                place = number - 1 if full else number
                number += not full
                while place > first and scores[parents[place - 1], labels[place - 1]] > score:
                    parents[place] = parents[place - 1]
                    labels[place] = labels[place - 1]
                    place -= 1
                parents[place] = beam
                labels[place] = label
        child_start[sequence + 1] = number
    return parents[:number], labels[:number], child_start


@compiled
def within(scores: Reals, start: Integers, limit: Reals) -> tuple[Integers, Integers, Integers]:
    """All candidates with a finite score of at most the limit of their sequence; returns the same as `best`."""
    parents = np.empty(scores.size, dtype=np.int32)
    labels = np.empty_like(parents)
    child_start = np.zeros_like(start)
    number = 0
    for sequence in range(len(start) - 1):
        for beam in range(start[sequence], start[sequence + 1]):
            for label in range(scores.shape[1]):
                if isfinite(scores[beam, label]) and scores[beam, label] <= limit[sequence]:
                    parents[number] = beam
                    labels[number] = label
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
    """The best `beam_size` label sequences of each sequence, with the next observation; see `children`."""
    scores = candidate_scores(frontier, memo, index.shared[0], rules, position)
    return children(frontier, scores, best(scores, frontier.start, beam_size), memo, rules, position, index)


@compiled
def continue_within(
    frontier: Frontier, memo: Memo, rules: Rules, position: Position, index: RowIndex, limit: Reals
) -> tuple[Frontier, Moves]:
    """All label sequences whose score with the next observation is at most the limit of their sequence."""
    scores = candidate_scores(frontier, memo, index.shared[0], rules, position)
    return children(frontier, scores, within(scores, frontier.start, limit), memo, rules, position, index)


@compiled
def children(
    frontier: Frontier,
    scores: Reals,
    chosen: tuple[Integers, Integers, Integers],
    memo: Memo,
    rules: Rules,
    position: Position,
    index: RowIndex,
) -> tuple[Frontier, Moves]:
    """The label sequences that were chosen, and the states that have to take the observation.

    The pool must have a free row for each pair of a state and an observation.
    """
    parents, labels, start = chosen
    sequences = len(start) - 1
    shared = index.shared[0]
    views = rules.views
    clusters = 0
    for child in range(len(parents)):
        clusters = max(clusters, frontier.labelings[parents[child]]["clusters"], labels[child] + 1)
    result = allocate(sequences, len(parents), frontier.pending.shape[1] + 1, clusters + 1)
    result.start[:] = start
    old = np.empty(len(parents), dtype=np.int64)
    new = np.empty_like(old)
    which = np.empty_like(old)
    moves = 0
    for sequence in range(sequences):
        for child in range(start[sequence], start[sequence + 1]):
            parent = parents[child]
            label = labels[child]
            row = frontier.clusters[parent, label]["row"]
            means = meaning(frontier.clusters[parent, label]["mark"], position.joins[sequence])
            seen_as = view(means, views)
            pair = key(row, sequence, sequences, shared) * views + seen_as
            if memo.moved[pair] < 0:
                memo.moved[pair] = take_row(index)
                old[moves] = row
                new[moves] = memo.moved[pair]
                which[moves] = position.which[sequence] * views + seen_as
                moves += 1
            result.origin[child] = frontier.origin[parent]
            for time in range(frontier.pending.shape[1]):
                result.pending[child, time] = frontier.pending[parent, time]
            result.pending[child, -1] = label
            copy_labeling(frontier, parent, result, child)
            _take(result, child, label, position.starts_copy[sequence], position.joins[sequence])
            result.labelings[child]["score"] = scores[parent, label]
            result.clusters[child, label]["row"] = memo.moved[pair]
    return result, Moves(old[:moves], new[:moves], which[:moves])


@compiled
def _take(frontier: Frontier, child: int, label: int, starts_copy: bool, joins: bool) -> None:
    """Record the label of the next observation; the caller sets score and row."""
    labeling = frontier.labelings[child]
    labeling["visited"] = _visited(frontier, child, label, starts_copy)
    if starts_copy:
        for cluster in range(labeling["clusters"]):
            frontier.clusters[child, cluster]["seen"] = False
    frontier.clusters[child, label]["seen"] = True
    clusters = frontier.clusters[child]
    _total, going_on = denominator(0.0, clusters["count"], clusters["mark"], labeling["clusters"], joins, 0.0)
    goes_on = meaning(clusters[label]["mark"], joins) == GOES_ON
    labeling["stays"] += goes_on
    labeling["changes"] += not goes_on and going_on > 0
    frontier.clusters[child, label]["count"] += not goes_on
    mark_next(clusters["mark"], labeling["clusters"], label, joins)
    labeling["clusters"] = max(labeling["clusters"], label + 1)
