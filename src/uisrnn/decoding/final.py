"""Labels of a stream become final."""

import numpy as np

from uisrnn.compiled import Integers, RowNumbers, compiled
from uisrnn.decoding.beams import Beams, drop_beam, entry
from uisrnn.decoding.labelings import copy_labeling
from uisrnn.decoding.pool import RowIndex
from uisrnn.decoding.tree import NONE, LabelTree, child_towards, free_node


@compiled
def settle(
    beams: Beams, slots: RowNumbers, tails: RowNumbers, keep: RowNumbers, tree: LabelTree, index: RowIndex
) -> tuple[Integers, RowNumbers]:
    """Commit the labels on which all beams agree; beyond the allowed lag, commit the labels of the best beam.

    Beams that contradict a final label are dropped. Final labels leave the label tree.

    Args:
        beams: the table.
        slots: (streams,) the slots of the streams.
        tails: (streams,) number of labels up to the last cut that are not final.
        keep: (streams,) number of these labels that may stay so.
        tree: the labels.
        index: reference counts of the pool.

    Returns:
        The new final labels, oldest first, stream after stream; (streams,) the number of them.
    """
    final = np.empty(tails.sum(), dtype=np.int32)
    numbers = np.zeros_like(slots)
    first = 0
    for stream in range(len(slots)):
        numbers[stream] = _settle_stream(beams, slots[stream], tails[stream], keep[stream], tree, index, final[first:])
        first += numbers[stream]
    return final[:first], numbers


@compiled
def _settle_stream(
    beams: Beams, slot: int, tail: int, keep: int, tree: LabelTree, index: RowIndex, final: Integers
) -> int:
    root = beams.root[slot]
    if tail == 0 or (tree.holds[root] > 1 and tail <= keep):
        return 0
    path = np.empty(tail, dtype=np.int32)
    node = beams.leaf[slot, 0]
    for time in range(tail - 1, -1, -1):
        path[time] = node
        node = tree.parent[node]
    number = 0
    while number < tail and (tree.holds[root] == 1 or tail - number > keep):
        if tree.holds[root] > 1:
            _drop_others(beams, slot, root, path[number], tree, index)
        final[number] = tree.label[path[number]]
        free_node(tree, root)
        root = path[number]
        tree.parent[root] = NONE
        number += 1
    beams.root[slot] = root
    return number


@compiled
def _drop_others(beams: Beams, slot: int, root: int, child: int, tree: LabelTree, index: RowIndex) -> None:
    """Drop the beams that do not descend from this child of the root, and close the gaps."""
    kept = 0
    for beam in range(beams.number[slot]):
        if child_towards(tree, root, beams.leaf[slot, beam]) != child:
            drop_beam(beams, slot, beam, tree, index)
            continue
        if kept < beam:
            beams.leaf[slot, kept] = beams.leaf[slot, beam]
            copy_labeling(beams, entry(beams, slot, beam), beams, entry(beams, slot, kept))
        kept += 1
    beams.number[slot] = kept
