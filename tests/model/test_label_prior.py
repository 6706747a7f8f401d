"""The label prior: Eqs. (6) and (7), and what 0.1.2 makes of them."""

import itertools

import numpy as np
import pytest

from uisrnn.model.conventions import ASSIGNMENTS
from uisrnn.model.groups import BEFORE, PRESENT
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition


def marks(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.uint8)


COUNTS = np.array([3, 1, 2, 0], dtype=np.int32)
LAST_IS_2 = marks(0, 0, PRESENT)


def prior(assignment: str) -> LabelPrior:
    return LabelPrior(Transition(0.3), ASSIGNMENTS[assignment], 0.7)


def test_the_paper_s_probabilities_are_those_of_the_equations():
    probabilities = np.exp(prior("paper").log_prob(COUNTS, LAST_IS_2))
    others = 3 + 1 + 0.7
    assert probabilities == pytest.approx([0.3 * 3 / others, 0.3 * 1 / others, 0.7, 0.3 * 0.7 / others])
    assert probabilities.sum() == pytest.approx(1)


def test_0_1_2_counts_the_current_cluster_too():
    probabilities = np.exp(prior("v0").log_prob(COUNTS, LAST_IS_2))
    everything = 3 + 1 + 2 + 0.7
    assert probabilities == pytest.approx([0.3 * 3 / everything, 0.3 / everything, 0.7, 0.3 * 0.7 / everything])


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_first_observation_starts_a_cluster(assignment):
    start = prior(assignment).log_prob(np.zeros(3, dtype=np.int32), marks())
    assert start.tolist() == [0.0]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_where_clusters_are_known_the_first_observation_takes_one_or_starts_one(assignment):
    start = prior(assignment).log_prob(np.ones(4, dtype=np.int32), marks(0, 0))
    assert np.exp(start) == pytest.approx([1 / 2.7, 1 / 2.7, 0.7 / 2.7])


def test_the_smallest_alpha_loses_no_digits():
    for alpha in (1e-300, 1e-16, 1e-8):
        weak = LabelPrior(Transition(0.3), ASSIGNMENTS["paper"], alpha)
        one = weak.log_prob(np.array([7], dtype=np.int32), marks(PRESENT))
        assert np.exp(one) == pytest.approx([0.7, 0.3])


def test_two_labels_of_one_time_share_what_is_left_to_going_on():
    probabilities = np.exp(prior("paper").log_prob(COUNTS, marks(PRESENT, 0, PRESENT)))
    others = 1 + 0.7
    assert probabilities == pytest.approx([0.7 / 2, 0.3 * 1 / others, 0.7 / 2, 0.3 * 0.7 / others])


def test_a_label_that_is_taken_is_impossible_and_out_of_the_denominator():
    probabilities = np.exp(prior("v0").log_prob(COUNTS, marks(PRESENT, BEFORE, 0), joins=True))
    others = 1 + 2 + 0.7
    assert probabilities == pytest.approx([0, 0.7, 0.3 * 2 / others, 0.3 * 0.7 / others])


def test_if_nothing_can_go_on_equation_7_is_alone():
    probabilities = np.exp(prior("paper").log_prob(COUNTS, marks(PRESENT | BEFORE, 0, 0), joins=True))
    assert probabilities == pytest.approx([0, 1 / 3.7, 2 / 3.7, 0.7 / 3.7])


@pytest.mark.parametrize("joins", [False, True])
def test_the_paper_s_probabilities_add_up_to_one_whatever_the_marks(joins):
    for values in itertools.product(range(4), repeat=3):
        assert np.exp(prior("paper").log_prob(COUNTS, marks(*values), joins)).sum() == pytest.approx(1)
