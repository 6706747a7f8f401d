"""Labels as a tree: beams that share a history share its nodes, and what no beam holds any more is freed."""

from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Integers, compiled

NONE = -1
"""In place of a node: there is none."""


class LabelTree(NamedTuple):
    """One node an observation and distinct history; arrays with one entry a node.

    A beam is a leaf: its labels are those on the way from the root. So memory and work a step do not grow with the
    length, but for one node an observation on the way that all beams share.

    Attributes:
        parent: the node of the observation before, or `NONE`.
        label: the cluster that the observation is given to.
        holds: children, and beams that end here.
        free: numbers of unused nodes, a stack.
        left: (1,) how many there are.
    """

    parent: Integers
    label: Integers
    holds: Integers
    free: Integers
    left: Integers

    @staticmethod
    def empty(capacity: int = 64) -> "LabelTree":
        """A tree without nodes."""
        free = np.arange(capacity, dtype=np.int32)[::-1].copy()
        parent, label, holds = (np.full(capacity, value, dtype=np.int32) for value in (NONE, NONE, 0))
        return LabelTree(parent, label, holds, free, np.array([capacity], dtype=np.int32))

    @property
    def used(self) -> int:
        """Nodes that are held."""
        return len(self.holds) - int(self.left[0])

    def with_room(self, number: int) -> "LabelTree":
        """This tree, or a larger copy where it has less than `number` free nodes."""
        if self.left[0] >= number:
            return self
        old, left = len(self.holds), int(self.left[0])
        larger = LabelTree.empty(max(2 * old, old + number))
        for mine, theirs in zip(self[:3], larger[:3], strict=True):
            theirs[:old] = mine
        more = len(larger.free) - old  # the new numbers, then those that were free before
        larger.free[:more] = np.arange(old, old + more, dtype=np.int32)[::-1]
        larger.free[more : more + left] = self.free[:left]
        larger.left[0] = more + left
        return larger

    def path(self, leaf: int, above: int = NONE) -> Integers:
        """Labels on the way to a node, oldest first.

        Args:
            leaf: the node.
            above: a node before it, whose own label does not count; `NONE`: the beginning.
        """
        return path_labels(self, leaf, above)


@compiled
def add_node(tree: LabelTree, parent: int, label: int) -> int:
    """A new node, which nobody holds yet; there must be a free one."""
    tree.left[0] -= 1
    node = tree.free[tree.left[0]]
    tree.parent[node] = parent
    tree.label[node] = label
    tree.holds[node] = 0
    if parent >= 0:
        tree.holds[parent] += 1
    return int(node)


@compiled
def grow(tree: LabelTree, leaves: Integers, labels: Integers) -> None:
    """Continue label sequences, with one node for those that begin alike.

    Args:
        tree: with room for all labels.
        leaves: (n,) where they are; on return where they come to, held once more each.
        labels: (n, time) how they go on.
    """
    for time in range(labels.shape[1]):
        parents = leaves.copy()
        for leaf in range(len(leaves)):
            twin = 0
            while parents[twin] != parents[leaf] or labels[twin, time] != labels[leaf, time]:
                twin += 1
            leaves[leaf] = leaves[twin] if twin < leaf else add_node(tree, parents[leaf], labels[leaf, time])
    for leaf in leaves:
        tree.holds[leaf] += 1


@compiled
def free_node(tree: LabelTree, node: int) -> None:
    """Let a node be used again."""
    tree.free[tree.left[0]] = node
    tree.left[0] += 1


@compiled
def release_node(tree: LabelTree, node: int) -> None:
    """Give up one hold, and free the node and those above it that nobody holds any more."""
    while node >= 0:
        tree.holds[node] -= 1
        if tree.holds[node] > 0:
            return
        free_node(tree, node)
        node = tree.parent[node]


@compiled
def path_labels(tree: LabelTree, leaf: int, above: int) -> Integers:
    """See `LabelTree.path`."""
    length = 0
    node = leaf
    while node != above:
        length += 1
        node = tree.parent[node]
    labels = np.empty(length, dtype=np.int32)
    node = leaf
    while node != above:
        length -= 1
        labels[length] = tree.label[node]
        node = tree.parent[node]
    return labels


@compiled
def child_towards(tree: LabelTree, above: int, leaf: int) -> int:
    """The node right after `above` on the way to `leaf`, which must lie below it."""
    node = leaf
    while tree.parent[node] != above:
        node = tree.parent[node]
    return int(node)
