"""Labels as a tree: beams that share a history share its nodes; nodes that no beam holds are freed."""

from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Integers, compiled

NONE = -1
"""Stands for no node."""


class LabelTree(NamedTuple):
    """A node for each observation and distinct history; arrays with an entry for each node.

    A beam is a leaf: its labels stand on the path from the root. Work and memory of a step do not grow with the
    length of the sequence, except for a node an observation on the path that all beams share.

    Attributes:
        parent: the node of the observation before, or `NONE`.
        label: the label of the observation.
        holds: number of children and of beams that end here.
        free: numbers of unused nodes, a stack.
        left: (1,) number of unused nodes.
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
        """Number of nodes in use."""
        return len(self.holds) - int(self.left[0])

    def with_room(self, number: int) -> "LabelTree":
        """This tree, or a larger copy if it has fewer than `number` free nodes."""
        if self.left[0] >= number:
            return self
        old = len(self.holds)
        left = int(self.left[0])
        larger = LabelTree.empty(max(2 * old, old + number))
        for values, copy in zip(self[:3], larger[:3], strict=True):
            copy[:old] = values
        more = len(larger.free) - old  # the new numbers, then the numbers that were free before
        larger.free[:more] = np.arange(old, old + more, dtype=np.int32)[::-1]
        larger.free[more : more + left] = self.free[:left]
        larger.left[0] = more + left
        return larger

    def path(self, leaf: int, above: int = NONE) -> Integers:
        """Labels on the path to a node, oldest first.

        Args:
            leaf: the node.
            above: an ancestor, whose own label is left out; `NONE` for the whole path.
        """
        return path_labels(self, leaf, above)


@compiled
def add_node(tree: LabelTree, parent: int, label: int) -> int:
    """A new node, which no beam holds yet. The tree must have a free node."""
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
    """Add labels to label sequences; label sequences that begin alike share nodes.

    Args:
        tree: with room for all labels.
        leaves: (n,) the nodes of the last labels; on return the nodes of the new last labels, each held once more.
        labels: (n, time) the labels to add.
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
    """Mark a node as unused."""
    tree.free[tree.left[0]] = node
    tree.left[0] += 1


@compiled
def release_node(tree: LabelTree, node: int) -> None:
    """Release a node; free it and its ancestors if nothing holds them any more."""
    while node >= 0:
        tree.holds[node] -= 1
        if tree.holds[node] > 0:
            return
        free_node(tree, node)
        node = tree.parent[node]


@compiled
def path_labels(tree: LabelTree, leaf: int, above: int) -> Integers:
    """The loop of `LabelTree.path`."""
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
    """The child of `above` on the path to `leaf`, which must be a descendant of `above`."""
    node = leaf
    while tree.parent[node] != above:
        node = tree.parent[node]
    return int(node)
