"""The cut of the beam: survivors go back into the table; rows and nodes that no beam holds are freed."""

from uisrnn.compiled import RowNumbers, compiled
from uisrnn.decoding.beams import Beams, drop_beam, entry
from uisrnn.decoding.frontier import Frontier
from uisrnn.decoding.labelings import copy_labeling
from uisrnn.decoding.pool import RowIndex, free_row
from uisrnn.decoding.tree import LabelTree, grow


@compiled
def store(frontier: Frontier, beams: Beams, slots: RowNumbers, tree: LabelTree, index: RowIndex) -> None:
    """Replace the beams in slots by the label sequences of a frontier, at most `beam_size` a slot.

    Args:
        frontier: the survivors.
        beams: the table, with room for the clusters of the survivors.
        slots: (sequences,) the slot of each sequence of the frontier.
        tree: with room for a node for each pending label of each survivor.
        index: reference counts of the pool.
    """
    for sequence in range(len(slots)):
        slot = slots[sequence]
        first = frontier.start[sequence]
        after = frontier.start[sequence + 1]
        leaves = beams.leaf[slot][frontier.origin[first:after]]
        grow(tree, leaves, frontier.pending[first:after])
        for child in range(first, after):
            for cluster in range(frontier.labelings[child]["clusters"]):
                row = frontier.clusters[child, cluster]["row"]
                if row >= index.shared[0]:
                    index.holds[row] += 1
        for beam in range(beams.number[slot]):
            drop_beam(beams, slot, beam, tree, index)
        beams.number[slot] = after - first
        for child in range(first, after):
            copy_labeling(frontier, child, beams, entry(beams, slot, child - first))
            beams.leaf[slot, child - first] = leaves[child - first]


@compiled
def free_unheld(rows: RowNumbers, index: RowIndex) -> None:
    """Free the rows that no beam holds."""
    for row in rows:
        if index.holds[row] == 0:
            free_row(index, row)
