"""Observations of the same time: the labels that are left for the next observation, and the labels that go on.

Observations at one time are a group. Their labels differ. An observation joins if it is in the group of the
observation before it; without joins, each observation is a group of its own.

With P = labels of the observation's own group so far and R = labels of the whole group before it, without P:

- a label in P is impossible,
- a label in R goes on: it has z = 0, and all labels in R are equally likely, p = (1 - p0) / |R|,
- any other label is a change: it has z = 1, and p = p0 times Eq. (7) over the labels outside P and R.

If R is empty, no label can go on, so there is no z, and p is Eq. (7) alone over the labels outside P. This also holds
for the first observation of a sequence.
"""

import numpy as np
from numpy.typing import NDArray

from uisrnn.compiled import Flags, Integers, Reals, compiled
from uisrnn.sequences.labels import Codes

PRESENT = 1
BEFORE = 2
"""Bits of a mark: the label is in the group of the last observation; it is in the whole group before that group."""

TAKEN = 0
GOES_ON = 1
CHANGES = 2
"""The meaning of a label for an observation: the label is in P, it is in R, or it is a change."""

Marks = NDArray[np.uint8]


@compiled
def meaning(mark: int, joins: bool) -> int:
    """The meaning of a label with a mark for the next observation: `TAKEN`, `GOES_ON` or `CHANGES`."""
    if joins and mark & PRESENT:
        return TAKEN
    return GOES_ON if mark & (BEFORE if joins else PRESENT) else CHANGES


@compiled
def mark_next(marks: Marks, clusters: int, label: int, joins: bool) -> None:
    """Change the marks of all labels after the next observation got a label.

    Args:
        marks: (clusters + 1 or more,).
        clusters: number of clusters before the observation.
        label: the label of the observation.
        joins: whether the observation is in the group of the observation before it.
    """
    if not joins:
        for cluster in range(clusters):
            marks[cluster] = BEFORE if marks[cluster] & PRESENT else 0
    marks[label] |= PRESENT


@compiled
def denominator(
    start: float, block_counts: Integers, marks: Marks, clusters: int, joins: bool, current_share: float
) -> tuple[float, int]:
    """The denominator of Eq. (7), and |R|.

    Args:
        start: alpha; or 0 for the denominator without alpha.
        block_counts: (clusters or more,) N_k.
        marks: (clusters or more,).
        clusters: number of clusters so far.
        joins: whether the next observation joins.
        current_share: c of `Assignment`, the share with which labels in R count.
    """
    total = start
    going_on = 0
    for cluster in range(clusters):
        means = meaning(marks[cluster], joins)
        if means == GOES_ON:
            going_on += 1
            total += block_counts[cluster] * current_share
        elif means == CHANGES:
            total += block_counts[cluster]
    return total, going_on


@compiled
def events(codes: Codes, joins: Flags, current_share: float, counts: Reals, totals: Reals) -> None:
    """Counts of the events in a label sequence after its first observation; log p(y, z) is a sum over them.

    Args:
        codes: (T,) labels, numbered by first appearance.
        joins: (T,).
        current_share: c of `Assignment`.
        counts: (4,) to be filled: observations that go on, changes, new clusters, and the sum of log N_k over other
            labels by Eq. (7) less the sum of log |R| over observations that go on.
        totals: (T or more,) to be filled at each use of Eq. (7): its denominator without alpha.
    """
    blocks = np.zeros(len(codes) + 1, dtype=np.int32)
    marks = np.zeros(len(codes) + 1, dtype=np.uint8)
    clusters = 0
    counts[:] = 0.0
    for time in range(len(codes)):
        label = codes[time]
        goes_on = meaning(marks[label], joins[time]) == GOES_ON
        if time > 0:
            total, going_on = denominator(0.0, blocks, marks, clusters, joins[time], current_share)
            if goes_on:
                counts[0] += 1
                counts[3] -= np.log(going_on)
            else:
                totals[time] = total
                counts[1] += going_on > 0
                if label == clusters:
                    counts[2] += 1
                else:
                    counts[3] += np.log(blocks[label])
        blocks[label] += not goes_on
        mark_next(marks, clusters, label, joins[time])
        clusters = max(clusters, label + 1)


def events_of(codes: Codes, joins: Flags, current_share: float = 0.0) -> tuple[Reals, Reals]:
    """The counts (4,) and totals (T,) of `events`; a total is -1 if Eq. (7) is not used."""
    counts = np.empty(4)
    totals = np.full(len(codes), -1.0)
    events(codes, joins, current_share, counts, totals)
    return counts, totals


@compiled
def goes_on(codes: Codes, joins: Flags) -> Flags:
    """(T,) whether each observation continues a block of its label; otherwise it starts a block.

    Args:
        codes: (T,) labels from 0, not necessarily numbered by first appearance.
        joins: (T,).
    """
    marks = np.zeros(codes.max() + 1, dtype=np.uint8)
    result = np.zeros(len(codes), dtype=np.bool_)
    for time in range(len(codes)):
        result[time] = meaning(marks[codes[time]], joins[time]) == GOES_ON
        mark_next(marks, len(marks), codes[time], joins[time])
    return result


def no_joins(length: int) -> Flags:
    """(length,) joins of observations of which each has a time of its own."""
    return np.zeros(length, dtype=np.bool_)
