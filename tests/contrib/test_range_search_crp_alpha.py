"""crp_alpha by trying a range."""

import itertools
from math import log

import numpy as np
import pytest

import uisrnn
from uisrnn.contrib import contrib_template, range_search_crp_alpha
from uisrnn.contrib.range_search_crp_alpha import estimate_crp_alpha

LABELS = [
    *("0_0", "0_0", "0_1", "0_1", "0_1", "0_0", "0_0"),
    *("1_0",) * 3,
    *("1_1",) * 3,
    *("1_0",) * 3,
    *("1_2",) * 3,
]


def probability(labels: list[str], alpha: float) -> float:
    """log p of one sequence, change by change."""
    blocks = [label for label, _run in itertools.groupby(labels)]
    total = 0.0
    for position in range(1, len(blocks)):
        before, label = blocks[:position], blocks[position]
        others = sum(one != before[-1] for one in before)
        total += log((before.count(label) or alpha) / (others + alpha))
    return total


@pytest.mark.parametrize("seed", range(5))
def test_it_maximises_the_probability_of_the_labels(seed):
    generator = np.random.default_rng(seed)
    sequences = [[f"{number}_{label}" for label in generator.integers(4, size=15)] for number in range(3)]
    best = max((k * 0.05 for k in range(1, 40)), key=lambda a: sum(probability(one, a) for one in sequences))
    assert estimate_crp_alpha(sum(sequences, []), search_range=2, search_step=0.05) == pytest.approx(best)


def test_the_example_of_0_1_2():
    assert estimate_crp_alpha(np.array(LABELS), 1, 0.01) == 0.5


def test_a_change_at_the_last_observation_counts():
    assert estimate_crp_alpha([*LABELS, "1_3"]) > estimate_crp_alpha(LABELS)


def test_labels_need_a_sequence():
    with pytest.raises(uisrnn.InputError, match="at position 1 is 'b'"):
        estimate_crp_alpha(["0_a", "b"])


@pytest.mark.parametrize(("search_range", "search_step"), [(0.01, 1), (1, 0), (1, float("nan")), (float("inf"), 1)])
def test_the_range_must_hold_a_value(search_range, search_step):
    with pytest.raises(uisrnn.InputError, match="search_range"):
        estimate_crp_alpha(LABELS, search_range, search_step)


def test_no_labels():
    with pytest.raises(uisrnn.InputError, match="at least one label"):
        estimate_crp_alpha([])


def test_its_parts():
    codes = np.array([0, 0, 1, 1, 0, 2])
    assert range_search_crp_alpha._get_k_t(codes).tolist() == [1, 1, 2, 2, 2, 3]
    assert range_search_crp_alpha._get_n_kt(codes)[:, 0].tolist() == [0, 1, 1, 1, 2, 2]
    assert range_search_crp_alpha._get_normalized_id(["1_a", "1_b", "1_a"]).tolist() == [0, 1, 0]
    assert contrib_template.example_function()
