import numpy as np

from uisrnn.decoding.tree import NONE, LabelTree, add_node, child_towards, release_node


def grown() -> tuple[LabelTree, list[int]]:
    """A root, a trunk 1 2, and on it the leaves 3 and 4 5."""
    tree = LabelTree.empty(8)
    nodes = [add_node(tree, NONE, NONE)]
    for parent, label in [(0, 1), (1, 2), (2, 3), (2, 4), (4, 5)]:
        nodes.append(add_node(tree, nodes[parent], label))
    for leaf in (nodes[3], nodes[5]):
        tree.holds[leaf] += 1
    return tree, nodes


def test_labels_are_those_on_the_way_from_the_root():
    tree, nodes = grown()
    assert tree.path(nodes[5], nodes[0]).tolist() == [1, 2, 4, 5]
    assert tree.path(nodes[3], nodes[1]).tolist() == [2, 3]
    assert tree.path(nodes[0], nodes[0]).tolist() == []


def test_releasing_a_leaf_frees_what_nobody_else_holds():
    tree, nodes = grown()
    release_node(tree, nodes[5])
    assert tree.used == 4
    assert tree.path(nodes[3], nodes[0]).tolist() == [1, 2, 3]
    release_node(tree, nodes[3])
    assert tree.used == 0


def test_freed_nodes_are_used_again_and_room_is_made_without_losing_any():
    tree, nodes = grown()
    release_node(tree, nodes[5])
    larger = tree.with_room(100)
    assert tree.with_room(4) is tree
    assert larger.used == tree.used
    new = [add_node(larger, nodes[2], label) for label in range(100)]
    assert len({*new, *nodes[:4]}) == 104
    assert larger.path(nodes[3], nodes[0]).tolist() == [1, 2, 3]
    assert larger.path(new[-1], nodes[0]).tolist() == [1, 2, 99]


def test_the_child_on_the_way_to_a_leaf():
    tree, nodes = grown()
    assert child_towards(tree, nodes[0], nodes[5]) == nodes[1]
    assert child_towards(tree, nodes[2], nodes[5]) == nodes[4]
    assert child_towards(tree, nodes[2], nodes[3]) == nodes[3]
    assert np.array_equal(tree.holds[nodes], [1, 1, 2, 1, 1, 1])
