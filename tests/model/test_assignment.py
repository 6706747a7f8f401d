"""Eq. (7) and what 0.1.2 makes of it."""

from math import inf, log

import numpy as np
import pytest

from uisrnn.model.assignment import PaperAssignment, V0Assignment, log_weights

COUNTS = np.array([[3, 1, 2, 0], [1, 0, 0, 0]])
LAST, CLUSTERS = np.array([2, 0]), np.array([3, 1])


def test_weights_are_blocks_alpha_or_nothing():
    expected = [[log(3), log(1), -inf, log(0.5)], [-inf, log(0.5), -inf, -inf]]
    assert log_weights(COUNTS, LAST, CLUSTERS, 0.5) == pytest.approx(np.array(expected))


def test_the_paper_s_weights_add_up_to_one():
    total = np.exp(log_weights(COUNTS, LAST, CLUSTERS, 0.5)).sum(axis=1)
    assert np.log(total) == pytest.approx(PaperAssignment().log_denominator(COUNTS, LAST, 0.5))


def test_0_1_2_counts_the_current_cluster_too():
    assert V0Assignment().log_denominator(COUNTS, LAST, 0.5) == pytest.approx(np.log([6.5, 1.5]))
