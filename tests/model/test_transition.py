from math import log

import numpy as np
import pytest

import uisrnn
from uisrnn.model.transition import Transition, estimate_transition_bias


def test_logarithms():
    assert Transition(0.2).log_change == log(0.2)
    assert Transition(0.2).log_stay == log(0.8)


@pytest.mark.parametrize(
    ("cluster_ids", "expected"),
    [
        ([["a", "a", "b", "a"]], ((2 + 1) / (3 + 2), 5)),
        ([["a"]], (0.5, 2)),
        ([], (0.5, 2)),
        ([[1, 1], [2, 2, 2], [1, 2]], ((1 + 1) / (4 + 2), 6)),
        (["a", "a", "b", "a"], (3 / 5, 5)),
        (np.array([0, 0, 1, 0]), (3 / 5, 5)),
        ([np.array(["x", "y"]), ("z", "z")], (2 / 4, 4)),
    ],
)
def test_it_counts_changes_within_sequences(cluster_ids, expected):
    assert estimate_transition_bias(cluster_ids) == pytest.approx(expected)


def test_smoothing():
    assert estimate_transition_bias([["a", "b", "a"]], smooth=0.5) == pytest.approx((2.5 / 3, 3))


@pytest.mark.parametrize("wrong", [None, "abc", 3])
def test_it_needs_lists(wrong):
    with pytest.raises(uisrnn.InputTypeError):
        estimate_transition_bias(wrong)
