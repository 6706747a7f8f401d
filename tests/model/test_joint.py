"""The label prior."""

import numpy as np
import pytest

from uisrnn.model.conventions import ASSIGNMENTS
from uisrnn.model.joint import LabelPrior
from uisrnn.model.transition import Transition

COUNTS = np.array([[3, 1, 2, 0], [1, 0, 0, 0]])
LAST, CLUSTERS = np.array([2, 0]), np.array([3, 1])


def test_the_paper_s_probabilities_add_up_to_one():
    prior = LabelPrior(Transition(0.3), ASSIGNMENTS["paper"], 0.7)
    probabilities = np.exp(prior.log_prob(COUNTS, LAST, CLUSTERS))
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert probabilities[[0, 1], LAST] == pytest.approx(0.7)
    assert probabilities[0, 3] == pytest.approx(0.3 * 0.7 / (3 + 1 + 0.7))


def test_those_of_0_1_2_do_not():
    prior = LabelPrior(Transition(0.3), ASSIGNMENTS["v0"], 0.7)
    assert (np.exp(prior.log_prob(COUNTS, LAST, CLUSTERS)).sum(axis=1) < 0.99).all()


def test_the_first_observation_starts_a_cluster():
    prior = LabelPrior(Transition(0.3), ASSIGNMENTS["paper"], 0.7)
    start = prior.log_prob(np.zeros((1, 3), dtype=int), np.array([-1]), np.array([0]))
    assert start.tolist() == [[0.0, -np.inf, -np.inf]]
