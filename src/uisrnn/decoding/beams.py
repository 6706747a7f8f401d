"""Label sequences under consideration, for many sequences at once: integers and scores only."""

from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Flags, Integers, Reals, RowNumbers, compiled
from uisrnn.decoding.pool import RowIndex, release_row, take_row
from uisrnn.decoding.tree import NONE, LabelTree, add_node, grow, release_node


class Beams(NamedTuple):
    """A table with a slot for each sequence; in a slot, the beams after its last cut, best first.

    Attributes:
        number: (slots,) beams in use, 0 where the slot is not.
        root: (slots,) the node of the label tree before the first label that is not final.
        score: (slots, beam) negative log joint so far.
        clusters: (slots, beam) number of clusters.
        last: (slots, beam) label of the last observation, -1 before the first.
        visited: (slots, beam) number of distinct labels in the current copy of the sequence.
        leaf: (slots, beam) node of the label tree.
        rows: (slots, beam, cluster) pool rows of the clusters.
        counts: (slots, beam, cluster) numbers of blocks N_k.
        seen: (slots, beam, cluster) whether the label occurs in the current copy.
    """

    number: Integers
    root: Integers
    score: Reals
    clusters: Integers
    last: Integers
    visited: Integers
    leaf: Integers
    rows: Integers
    counts: Integers
    seen: Flags

    @staticmethod
    def empty(slots: int, beam_size: int, clusters: int = 8) -> "Beams":
        """A table whose slots are not in use."""
        beam, cluster = (slots, beam_size), (slots, beam_size, clusters)
        return Beams(
            number=np.zeros(slots, dtype=np.int32),
            root=np.full(slots, NONE, dtype=np.int32),
            score=np.zeros(beam),
            clusters=np.zeros(beam, dtype=np.int32),
            last=np.zeros(beam, dtype=np.int32),
            visited=np.zeros(beam, dtype=np.int32),
            leaf=np.zeros(beam, dtype=np.int32),
            rows=np.zeros(cluster, dtype=np.int32),
            counts=np.zeros(cluster, dtype=np.int32),
            seen=np.zeros(cluster, dtype=np.bool_),
        )

    def with_room(self, slots: int, clusters: int) -> "Beams":
        """This table, or a larger copy where it has less than `slots` slots or columns for `clusters`."""
        have_slots, beam_size, have_clusters = self.rows.shape
        if have_slots >= slots and have_clusters >= clusters:
            return self
        larger = Beams.empty(
            have_slots if have_slots >= slots else max(slots, 2 * have_slots),
            beam_size,
            have_clusters if have_clusters >= clusters else max(clusters, 2 * have_clusters),
        )
        for mine, theirs in zip(self, larger, strict=True):
            theirs[tuple(slice(size) for size in mine.shape)] = mine
        return larger


@compiled
def open_slot(beams: Beams, slot: int, enrolled: int, tree: LabelTree) -> None:
    """Put the one beam before the first observation into a slot; its known clusters have one block each."""
    root = add_node(tree, NONE, NONE)
    tree.holds[root] += 1
    beams.number[slot] = 1
    beams.root[slot] = root
    beams.score[slot, 0] = 0.0
    beams.clusters[slot, 0] = enrolled
    beams.last[slot, 0] = -1
    beams.visited[slot, 0] = 0
    beams.leaf[slot, 0] = root
    for cluster in range(enrolled):
        beams.rows[slot, 0, cluster] = 1 + cluster
        beams.counts[slot, 0, cluster] = 1
        beams.seen[slot, 0, cluster] = False


@compiled
def drop_beam(beams: Beams, slot: int, beam: int, tree: LabelTree, index: RowIndex) -> None:
    """Give up what a beam holds; its entries in the table are left as they are."""
    for cluster in range(beams.clusters[slot, beam]):
        release_row(index, beams.rows[slot, beam, cluster])
    release_node(tree, beams.leaf[slot, beam])


@compiled
def close_slot(beams: Beams, slot: int, tree: LabelTree, index: RowIndex) -> None:
    """Give up what a slot holds; it can be opened again."""
    for beam in range(beams.number[slot]):
        drop_beam(beams, slot, beam, tree, index)
    beams.number[slot] = 0


@compiled
def replant(beams: Beams, slot: int, labels: Integers, states: int, tree: LabelTree, index: RowIndex) -> RowNumbers:
    """Hold again what the beams written into an open slot held elsewhere.

    Args:
        beams: the slot's rows after the shared ones are numbers of states.
        slot: just opened.
        labels: (beams, time) those that are not final.
        states: how many states come with it.
        tree: with room for all labels.
        index: with room for all states.

    Returns:
        (states,) the rows for them.
    """
    rows = np.empty(states, dtype=np.int64)
    for state in range(states):
        rows[state] = take_row(index)
    shared = index.shared[0]
    root = beams.root[slot]
    number = len(labels)
    leaves = np.full(number, root, dtype=np.int32)
    grow(tree, leaves, labels)
    for beam in range(number):
        for cluster in range(beams.clusters[slot, beam]):
            row = beams.rows[slot, beam, cluster]
            if row >= shared:
                beams.rows[slot, beam, cluster] = rows[row - shared]
                index.holds[rows[row - shared]] += 1
        beams.leaf[slot, beam] = leaves[beam]
    tree.holds[root] -= 1  # that of the one beam which `open_slot` put there
    beams.number[slot] = number
    return rows
