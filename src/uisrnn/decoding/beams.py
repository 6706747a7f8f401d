"""The table of beams: the label sequences under consideration, for many sequences at once."""

from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Integers, RowNumbers, compiled
from uisrnn.decoding.labelings import CLUSTER, LABELING, Records
from uisrnn.decoding.pool import RowIndex, release_row, take_row
from uisrnn.decoding.tree import NONE, LabelTree, add_node, grow, release_node


class Beams(NamedTuple):
    """A table with a slot for each sequence. A slot holds the beams after the last cut, best first.

    Attributes:
        number: (slots,) number of beams; 0 if the slot is not in use.
        root: (slots,) the node of the label tree before the first label that is not final.
        leaf: (slots, beam) the node of the label tree of a beam's last label.
        labelings: (slots x beam,) of `LABELING`, slot after slot; see `entry`.
        clusters: (slots x beam, cluster) of `CLUSTER`.
    """

    number: Integers
    root: Integers
    leaf: Integers
    labelings: Records
    clusters: Records

    @staticmethod
    def empty(slots: int, beam_size: int, clusters: int = 8) -> "Beams":
        """A table without a slot in use."""
        return Beams(
            number=np.zeros(slots, dtype=np.int32),
            root=np.full(slots, NONE, dtype=np.int32),
            leaf=np.zeros((slots, beam_size), dtype=np.int32),
            labelings=np.zeros(slots * beam_size, dtype=LABELING),
            clusters=np.zeros((slots * beam_size, clusters), dtype=CLUSTER),
        )

    def of_slot(self, slot: int) -> tuple[Records, Records]:
        """Views of `labelings` and `clusters` for the beams of a slot."""
        first = slot * self.leaf.shape[1]
        used = slice(first, first + int(self.number[slot]))
        return self.labelings[used], self.clusters[used]

    def with_room(self, slots: int, clusters: int) -> "Beams":
        """This table, or a larger copy if it has fewer than `slots` slots or `clusters` columns."""
        have_slots, beam_size = self.leaf.shape
        have_clusters = self.clusters.shape[1]
        if have_slots >= slots and have_clusters >= clusters:
            return self
        larger = Beams.empty(
            have_slots if have_slots >= slots else max(slots, 2 * have_slots),
            beam_size,
            have_clusters if have_clusters >= clusters else max(clusters, 2 * have_clusters),
        )
        for old, new in zip(self, larger, strict=True):
            new[tuple(slice(size) for size in old.shape)] = old
        return larger


@compiled
def entry(beams: Beams, slot: int, beam: int) -> int:
    """The position of a beam in `labelings` and `clusters`."""
    return slot * int(beams.leaf.shape[1]) + beam


@compiled
def open_slot(beams: Beams, slot: int, enrolled: int, tree: LabelTree) -> None:
    """Put the beam before the first observation into a slot. Each known cluster has one block."""
    root = add_node(tree, NONE, NONE)
    tree.holds[root] += 1
    beams.number[slot] = 1
    beams.root[slot] = root
    beams.leaf[slot, 0] = root
    beam = entry(beams, slot, 0)
    beams.labelings[beam] = np.zeros(1, dtype=LABELING)[0]
    beams.labelings[beam]["clusters"] = enrolled
    for cluster in range(enrolled):
        beams.clusters[beam, cluster] = np.zeros(1, dtype=CLUSTER)[0]
        beams.clusters[beam, cluster]["row"] = 1 + cluster
        beams.clusters[beam, cluster]["count"] = 1


@compiled
def drop_beam(beams: Beams, slot: int, beam: int, tree: LabelTree, index: RowIndex) -> None:
    """Release the rows and the node that a beam holds. Its entries in the table stay as they are."""
    position = entry(beams, slot, beam)
    for cluster in range(beams.labelings[position]["clusters"]):
        release_row(index, beams.clusters[position, cluster]["row"])
    release_node(tree, beams.leaf[slot, beam])


@compiled
def close_slot(beams: Beams, slot: int, tree: LabelTree, index: RowIndex) -> None:
    """Drop all beams of a slot, which can then be opened again."""
    for beam in range(beams.number[slot]):
        drop_beam(beams, slot, beam, tree, index)
    beams.number[slot] = 0


@compiled
def replant(beams: Beams, slot: int, labels: Integers, states: int, tree: LabelTree, index: RowIndex) -> RowNumbers:
    """Give pool rows and tree nodes to beams that were copied from a snapshot into an open slot.

    Args:
        beams: in this slot, a row number r that is not shared stands for state r - shared of the snapshot.
        slot: just opened.
        labels: (beams, time) labels that are not final.
        states: number of states in the snapshot.
        tree: with room for all labels.
        index: with room for all states.

    Returns:
        (states,) the pool rows for the states.
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
        position = entry(beams, slot, beam)
        for cluster in range(beams.labelings[position]["clusters"]):
            row = beams.clusters[position, cluster]["row"]
            if row >= shared:
                beams.clusters[position, cluster]["row"] = rows[row - shared]
                index.holds[rows[row - shared]] += 1
        beams.leaf[slot, beam] = leaves[beam]
    tree.holds[root] -= 1  # `open_slot` put a beam there
    beams.number[slot] = number
    return rows
