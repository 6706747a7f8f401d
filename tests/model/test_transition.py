import itertools

import numpy as np
import pytest
from scipy import stats

import uisrnn
from uisrnn.model.assignment import PAPER_ASSIGNMENT
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition, estimate_transition_bias

LAST = np.array([2], dtype=np.uint8), np.array([1], dtype=np.uint8)  # two blocks of cluster 0, whose turn it is


def probabilities(transition: Transition, stays: int, changes: int) -> np.ndarray:
    """Of staying, and of a change to a new cluster."""
    counts, marks = LAST
    return np.exp(LabelPrior(transition, PAPER_ASSIGNMENT, 1.0).log_prob(counts, marks, False, stays, changes))


def test_without_spread_p0_is_the_same_after_any_changes():
    assert probabilities(Transition(0.2), 7, 30) == pytest.approx([0.8, 0.2], rel=1e-15)


@pytest.mark.parametrize(("stays", "changes"), [(0, 0), (5, 0), (0, 5), (3, 4)])
def test_the_change_rate_is_the_posterior_mean_of_its_beta_distribution(stays, changes):
    a, b = 0.2 / 0.1, 0.8 / 0.1
    mean = stats.beta(a + changes, b + stays).mean()
    assert probabilities(Transition(0.2, 0.1), stays, changes) == pytest.approx([1 - mean, mean])


def test_after_many_observations_the_change_rate_is_their_share_of_changes():
    assert probabilities(Transition(0.2, 0.1), 600_000, 400_000)[1] == pytest.approx(0.4, rel=1e-4)


def test_the_order_of_changes_does_not_matter():
    def probability(events: tuple[int, ...]) -> float:
        before = [events[:time] for time in range(len(events))]
        steps = [probabilities(Transition(0.3, 0.2), past.count(0), past.count(1)) for past in before]
        return float(np.prod([step[event] for step, event in zip(steps, events, strict=True)]))

    orders = {probability(order) for order in itertools.permutations([0, 0, 0, 1, 1])}
    assert max(orders) == pytest.approx(min(orders), rel=1e-12)


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
