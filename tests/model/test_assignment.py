"""The estimate of alpha."""

import itertools
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from uisrnn.model.assignment import PAPER_ASSIGNMENT, AlphaEvidence, block_clusters, estimate_crp_alpha
from uisrnn.model.groups import PRESENT, mark_next
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition
from uisrnn.sequences.labels import encode

label_sequences = st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=4)
priors = st.tuples(st.floats(1.01, 5), st.floats(0.05, 5))


def log_posterior(sequences, alpha, prior):
    """By the prior that decoding uses, up to what does not depend on alpha."""
    label_prior, total = LabelPrior(Transition(0.5), PAPER_ASSIGNMENT, alpha), 0.0
    for labels in sequences:
        counts, marks = np.zeros(len(labels) + 1, dtype=np.int64), np.zeros(len(labels) + 1, dtype=np.uint8)
        for code in encode(labels).tolist():
            clusters = int(np.count_nonzero(counts))
            total += label_prior.log_prob(counts, marks[:clusters])[code]
            counts[code] += not marks[code] & PRESENT
            mark_next(marks, clusters, code, False)
    return total + (prior[0] - 1) * log(alpha) - prior[1] * alpha


def sample(alpha, changes, generator):
    """Labels whose changes follow Eq. (7), each block one observation long."""
    labels, counts = [0], [1]
    for _ in range(changes):
        weights = np.array([*counts, alpha], dtype=float)
        weights[labels[-1]] = 0
        labels.append(int(generator.choice(len(weights), p=weights / weights.sum())))
        counts += [0] * (labels[-1] == len(counts))
        counts[labels[-1]] += 1
    return labels


@pytest.mark.parametrize(
    ("cluster_ids", "expected"),
    [
        ([["a", "a", "b", "a"]], (1 + 1) / (2 + 2)),
        ([["a", "b", "c"], [1, 2], [3, 3]], (3 + 1) / (3 + 2)),
        (["a", "b", "a", "b", "c"], (2 + 1) / (4 + 2)),
        (np.array([0, 0, 1, 0]), (1 + 1) / (2 + 2)),
        ([np.array(["x", "y"]), ("z", "z")], (1 + 1) / (1 + 2)),
        ([["a", "a"]], 0.5),
        ([["a"], []], 0.5),
        ([], 0.5),
    ],
)
def test_without_a_prior_it_is_the_smoothed_share_of_new_clusters_among_changes(cluster_ids, expected):
    assert estimate_crp_alpha(cluster_ids) == pytest.approx(expected)


@given(label_sequences, priors)
@settings(deadline=None)  # the first takes as long as scipy takes to load
def test_no_alpha_of_a_grid_is_more_probable(sequences, prior):
    best = estimate_crp_alpha(sequences, prior)
    highest = log_posterior(sequences, best, prior)
    assert all(log_posterior(sequences, alpha, prior) <= highest + 1e-9 for alpha in np.geomspace(1e-4, 1e3, 60))


@given(label_sequences, priors)
@settings(deadline=None)
def test_near_the_maximum_the_posterior_falls_to_both_sides(sequences, prior):
    best = estimate_crp_alpha(sequences, prior)
    highest = log_posterior(sequences, best, prior)
    assert max(log_posterior(sequences, best * factor, prior) for factor in (0.98, 1.02)) < highest


def evidence_of(sequences):
    return AlphaEvidence.of([block_clusters(encode(one)) for one in sequences])


def test_evidence_counts_new_clusters_and_the_blocks_of_others():
    """The first change of each is left out: it has no others, and leads to a new cluster whatever alpha is."""
    found = evidence_of([list("aabca"), list("bb"), list("ddedf")])
    assert found.new == 2
    assert found.others.tolist() == [0, 3, 1]  # at c, a; at the second a, a and b; at the second d, d; at f, e


@given(label_sequences, label_sequences, priors)
@settings(deadline=None)
def test_evidence_of_parts_adds_up(some, others, prior):
    parts = [evidence_of(some), evidence_of(others)]
    counts = np.zeros(max(len(one.others) for one in parts), dtype=np.int64)
    for one in parts:
        counts[: len(one.others)] += one.others
    both = AlphaEvidence(sum(one.new for one in parts), counts)
    whole = evidence_of(some + others)
    assert (both.new, both.others.tolist()) == (whole.new, whole.others.tolist())
    assert both.posterior_maximum(*prior) == estimate_crp_alpha(some + others, prior)


@given(label_sequences)
@settings(deadline=None)
def test_evidence_knows_clusters_by_any_numbers(sequences):
    plain = [block_clusters(encode(one)) for one in sequences]
    one, other = AlphaEvidence.of(plain), AlphaEvidence.of([100 - 7 * codes for codes in plain])
    assert (one.new, one.others.tolist()) == (other.new, other.others.tolist())


@pytest.mark.parametrize("alpha", [0.3, 1.0, 5.0])
def test_it_recovers_the_alpha_that_labels_were_drawn_with(alpha, generator):
    sequences = [sample(alpha, 100, generator) for _ in range(200)]
    assert estimate_crp_alpha(sequences, prior=(1.01, 0.01)) == pytest.approx(alpha, rel=0.1)


@pytest.mark.parametrize("prior", [None, (2, 1)])
@given(sequences=label_sequences)
def test_names_do_not_matter(prior, sequences):
    renamed = [[f"speaker {7 - label}" for label in one] for one in sequences]
    assert estimate_crp_alpha(renamed, prior) == estimate_crp_alpha(sequences, prior)


@pytest.mark.parametrize("prior", [None, (2, 1)])
def test_lengths_of_blocks_do_not_matter(prior):
    short, long = ["a", "b", "c", "a"], ["a", "a", "b", "c", "c", "c", "a"]
    assert estimate_crp_alpha([long], prior) == estimate_crp_alpha([short], prior)


def test_sequences_are_told_apart():
    one = ["a", "b", "a", "c", "b"]
    assert estimate_crp_alpha([one, one], (2, 1)) != pytest.approx(estimate_crp_alpha(one + one, (2, 1)))


@pytest.mark.parametrize("cluster_ids", [[], [[]], [["a", "a"], ["b"]], ["a", "b"]])
def test_labels_without_evidence_leave_the_mode_of_the_prior(cluster_ids):
    """The first change leads to a new cluster whatever alpha is."""
    assert estimate_crp_alpha(cluster_ids, (3, 4)) == pytest.approx(0.5)


@pytest.mark.parametrize("cluster_ids", [list(range(2000)), ["a", "b"] * 1000])
@pytest.mark.parametrize("prior", list(itertools.product((1 + 1e-9, 2, 1e6), (1e-9, 1, 1e6))))
def test_whatever_the_labels_it_is_positive_and_finite(cluster_ids, prior):
    assert 0 < estimate_crp_alpha(cluster_ids, prior) < float("inf")


@pytest.mark.parametrize(
    "prior",
    [(1, 1), (0.5, 1), (2, 0), (2, -1), (float("nan"), 1), (2, float("inf")), (2,), (2, 1, 1), ("2", "1"), "21", 2],
)
def test_a_bad_prior_is_refused(prior):
    with pytest.raises(uisrnn.ArgumentError, match=r"shape > 1 and rate > 0, or None, but is "):
        estimate_crp_alpha([["a", "b"]], prior)


@pytest.mark.parametrize("wrong", [None, "abc", 3])
def test_it_needs_lists(wrong):
    with pytest.raises(uisrnn.InputTypeError):
        estimate_crp_alpha(wrong)


def test_it_needs_labels():
    with pytest.raises(uisrnn.InputError, match=r"sequence 1: labels must be strings or integers"):
        estimate_crp_alpha([["a"], [0.5]])
