"""Observations of one time: from times, from callers, and with labels."""

import numpy as np
import pytest

import uisrnn
from uisrnn.corpus.corpus import Corpus
from uisrnn.sequences.coded import coded, labeled, unlabeled

X = np.zeros((5, 2), dtype=np.float32)
TIMES = [0.5, 1.0, 1.0, 1.5, 1.5]
JOINS = [False, False, True, False, True]


def call(labels=None, times=TIMES) -> uisrnn.LabeledSequence:
    return uisrnn.LabeledSequence(X, labels, times, name="call")


def test_equal_times_are_one_time():
    assert unlabeled([call()])[0][0].joining.tolist() == JOINS
    assert coded(call(list("aabab")), {}).joining.tolist() == JOINS


@pytest.mark.parametrize("times", [None, [1, 2, 3, 4, 5]])
def test_without_equal_times_no_observation_joins(times):
    assert unlabeled(call(times=times))[0][0].joins is None


def test_arrays_join_where_the_caller_says_so():
    sequences, _single = unlabeled([X, X], joins=[JOINS, None])
    assert sequences[0].joining.tolist() == JOINS
    assert sequences[1].joins is None


@pytest.mark.parametrize(
    ("values", "joins", "why"),
    [
        (X, [True] * 5, r"sequence: joins\[0\] must be False"),
        (X, [False], r"sequence: 5 observations need joins of shape \(5,\)"),
        ([X, X], [JOINS], "joins must be a list with an array or None for each of 2 sequences"),
        ([X], np.array([JOINS]), "joins must be a list"),
        (call(), JOINS, "call: joins must be None, because the sequence has times"),
    ],
)
def test_joins_that_do_not_fit_are_refused(values, joins, why):
    with pytest.raises(uisrnn.InputError, match=why):
        unlabeled(values, joins=joins)


WHY = (
    "call: observations 3 and 4 have the same time 1.5 s and the same label 'ann'; observations of the same time need "
)


def test_one_label_twice_at_one_time_is_refused():
    labels = ["ann", "ann", "bob", "ann", "ann"]
    with pytest.raises(uisrnn.InputError, match=WHY):
        coded(call(labels), {})
    with pytest.raises(uisrnn.InputError, match=WHY):
        labeled([call()], [labels])


def test_a_label_that_comes_back_at_the_next_time_is_fine():
    assert coded(call(["bob", "ann", "bob", "bob", "ann"]), {}).labels.tolist() == [0, 1, 0, 0, 1]


def test_a_corpus_keeps_joins_and_a_stretch_begins_with_none():
    corpus = Corpus.of([coded(call(list("aabab")), {}), coded(call(list("aaaaa"), None), {})])
    assert [one.joining.tolist() for one in corpus] == [JOINS, [False] * 5]
    assert corpus.read(0, 2, 5).joining.tolist() == [False, False, True]
    assert corpus.subset([1, 0]).read(1).joining.tolist() == JOINS


def test_a_corpus_with_joins_has_another_fingerprint():
    with_joins, without = (Corpus.of([coded(call(list("aabab"), times), {})]) for times in (TIMES, None))
    assert with_joins.fingerprint() != without.fingerprint()
