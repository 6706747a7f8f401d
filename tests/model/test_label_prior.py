"""The label prior: Eqs. (6) and (7), and what 0.1.2 makes of them."""

import numpy as np
import pytest

from uisrnn.model.conventions import ASSIGNMENTS
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition

COUNTS = np.array([3, 1, 2, 0], dtype=np.int32)


def prior(assignment: str) -> LabelPrior:
    return LabelPrior(Transition(0.3), ASSIGNMENTS[assignment], 0.7)


def test_the_paper_s_probabilities_are_those_of_the_equations():
    probabilities = np.exp(prior("paper").log_prob(COUNTS, last=2, clusters=3))
    others = 3 + 1 + 0.7
    assert probabilities == pytest.approx([0.3 * 3 / others, 0.3 * 1 / others, 0.7, 0.3 * 0.7 / others])
    assert probabilities.sum() == pytest.approx(1)


def test_0_1_2_counts_the_current_cluster_too():
    probabilities = np.exp(prior("v0").log_prob(COUNTS, last=2, clusters=3))
    everything = 3 + 1 + 2 + 0.7
    assert probabilities == pytest.approx([0.3 * 3 / everything, 0.3 / everything, 0.7, 0.3 * 0.7 / everything])


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_first_observation_starts_a_cluster(assignment):
    start = prior(assignment).log_prob(np.zeros(3, dtype=np.int32), last=-1, clusters=0)
    assert start.tolist() == [0.0]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_where_clusters_are_known_the_first_observation_takes_one_or_starts_one(assignment):
    start = prior(assignment).log_prob(np.ones(4, dtype=np.int32), last=-1, clusters=2)
    assert np.exp(start) == pytest.approx([1 / 2.7, 1 / 2.7, 0.7 / 2.7])


def test_the_smallest_alpha_loses_no_digits():
    for alpha in (1e-300, 1e-16, 1e-8):
        one = LabelPrior(Transition(0.3), ASSIGNMENTS["paper"], alpha).log_prob(np.array([7], dtype=np.int32), 0, 1)
        assert np.exp(one) == pytest.approx([0.7, 0.3])
