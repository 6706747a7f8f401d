"""The cut of the beam: survivors go back into the table, and what nobody holds any more is freed."""

from uisrnn.compiled import RowNumbers, compiled
from uisrnn.decoding.beams import Beams, drop_beam
from uisrnn.decoding.frontier import Frontier
from uisrnn.decoding.pool import RowIndex, free_row
from uisrnn.decoding.tree import LabelTree, grow


@compiled
def store(frontier: Frontier, beams: Beams, slots: RowNumbers, tree: LabelTree, index: RowIndex) -> None:
    """Replace the beams in slots by those of a frontier, which has at most `beam_size` for each.

    Args:
        frontier: the survivors, one sequence a slot.
        beams: the table, with room for their clusters.
        slots: (sequences,) where they belong.
        tree: with room for a node for each survivor and pending label.
        index: who holds which row.
    """
    for sequence in range(len(slots)):
        slot = slots[sequence]
        first, after = frontier.start[sequence], frontier.start[sequence + 1]
        leaves = beams.leaf[slot][frontier.origin[first:after]]
        grow(tree, leaves, frontier.pending[first:after])
        for child in range(first, after):
            for cluster in range(frontier.clusters[child]):
                row = frontier.rows[child, cluster]
                if row >= index.shared[0]:
                    index.holds[row] += 1
        for beam in range(beams.number[slot]):
            drop_beam(beams, slot, beam, tree, index)
        beams.number[slot] = after - first
        for child in range(first, after):
            _copy_beam(frontier, child, beams, slot, child - first)
            beams.leaf[slot, child - first] = leaves[child - first]


@compiled
def _copy_beam(source: Frontier, child: int, target: Beams, slot: int, beam: int) -> None:
    target.score[slot, beam] = source.score[child]
    target.clusters[slot, beam] = source.clusters[child]
    target.last[slot, beam] = source.last[child]
    target.visited[slot, beam] = source.visited[child]
    for cluster in range(source.clusters[child]):
        target.rows[slot, beam, cluster] = source.rows[child, cluster]
        target.counts[slot, beam, cluster] = source.counts[child, cluster]
        target.seen[slot, beam, cluster] = source.seen[child, cluster]


@compiled
def free_unheld(rows: RowNumbers, index: RowIndex) -> None:
    """Free those of these new rows that no survivor holds."""
    for row in rows:
        if index.holds[row] == 0:
            free_row(index, row)
