"""Figures of overlapping turns, against a slow count over frames of 10 ms."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from uisrnn.evals import evaluate
from uisrnn.evals.speaker_times import match_speakers
from uisrnn.evals.sweep import pieces
from uisrnn.turns.turn import Turn

FRAMES = 300


def turns_of(speakers):
    span = st.tuples(st.integers(0, 200), st.integers(1, 99), st.sampled_from(speakers))
    return st.lists(span.map(lambda drawn: Turn(drawn[0] / 100, (drawn[0] + drawn[1]) / 100, drawn[2])), max_size=7)


REFERENCE, HYPOTHESIS = turns_of(["ann", "bob", "cat"]), turns_of([0, 1, 2])


def heard(turns):
    """(3, frame) whether each speaker is heard; speakers who are never heard have rows of False."""
    frames = np.zeros((3, FRAMES), dtype=bool)
    for start, end, speaker in turns:
        row = speaker if isinstance(speaker, int) else ["ann", "bob", "cat"].index(speaker)
        frames[row, round(100 * start) : round(100 * end)] = True
    return frames


def best_matches(reference, hypothesis):
    """All matches of reference rows to hypothesis rows with the most frames in common."""
    common = {order: int((reference & hypothesis[list(order)]).sum()) for order in permutations(range(3))}
    return [order for order, frames in common.items() if frames == max(common.values())]


def seconds(frames):
    return frames.sum() / 100


@settings(max_examples=80, deadline=None)
@given(REFERENCE, HYPOTHESIS)
def test_errors_are_counted_frame_by_frame(reference, hypothesis):
    sums = evaluate({"a": reference}, {"a": hypothesis}).total.sums
    told, found = heard(reference), heard(hypothesis)
    several, others = told.sum(axis=0), found.sum(axis=0)
    right = (told & found[list(best_matches(told, found)[0])]).sum(axis=0)
    assert sums["speech"] == pytest.approx(seconds(several))
    assert sums["missed"] == pytest.approx(seconds(np.maximum(several - others, 0)), abs=1e-6)
    assert sums["false_alarm"] == pytest.approx(seconds(np.maximum(others - several, 0)), abs=1e-6)
    assert sums["confusion"] == pytest.approx(seconds(np.minimum(several, others) - right), abs=1e-6)


def jaccard_error(told, found, order):
    """The sum over speakers of the reference of 1 - frames in common / frames of either."""
    errors = 0.0
    for row in np.flatnonzero(told.any(axis=1)):
        matched = found[order[row]] if (told[row] & found[order[row]]).any() else np.zeros(FRAMES, dtype=bool)
        errors += 1 - (told[row] & matched).sum() / (told[row] | matched).sum()
    return errors


@settings(max_examples=80, deadline=None)
@given(REFERENCE, HYPOTHESIS)
def test_the_jaccard_error_is_the_least_over_all_matches(reference, hypothesis):
    sums = evaluate({"a": reference}, {"a": hypothesis}).total.sums
    truth = heard(reference)
    output = heard(hypothesis)
    least = min(jaccard_error(truth, output, order) for order in permutations(range(3)))
    assert sums["jaccard_speakers"] == truth.any(axis=1).sum()
    assert sums["jaccard_error"] == pytest.approx(least, abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(REFERENCE, HYPOTHESIS)
def test_purity_and_coverage_take_the_best_speaker_of_each(reference, hypothesis):
    sums = evaluate({"a": reference}, {"a": hypothesis}).total.sums
    told, found = heard(reference), heard(hypothesis)
    common = told.astype(int) @ found.T / 100
    assert sums["hypothesis_speech"] == pytest.approx(seconds(found), abs=1e-6)
    assert sums["pure"] == pytest.approx(common.max(axis=0).sum(), abs=1e-6)
    assert sums["covered"] == pytest.approx(common.max(axis=1).sum(), abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(REFERENCE, HYPOTHESIS)
def test_pieces_name_all_who_are_heard(reference, hypothesis):
    frames = [(heard(reference), ["ann", "bob", "cat"]), (heard(hypothesis), [0, 1, 2])]
    for piece in pieces(reference, hypothesis):
        middle = int(100 * (piece.start + piece.end) / 2)
        told, found = ({names[row] for row in np.flatnonzero(rows[:, middle])} for rows, names in frames)
        assert (piece.reference, piece.hypothesis) == (told, found)


@settings(max_examples=80, deadline=None)
@given(REFERENCE, HYPOTHESIS)
def test_speakers_are_matched_by_the_most_frames(reference, hypothesis):
    told, found = heard(reference), heard(hypothesis)
    matched = match_speakers(reference, hypothesis)
    common = sum((told[["ann", "bob", "cat"].index(name)] & found[other]).sum() for other, name in matched.items())
    assert common == (told & found[list(best_matches(told, found)[0])]).sum()


def test_observations_of_one_time_are_evaluated_as_overlap():
    x, times = np.zeros((4, 1)), [0.5, 1.5, 1.5, 2.5]
    truth = uisrnn.LabeledSequence(x, ["ann", "ann", "bob", "bob"], times, "call")
    total = evaluate([truth], {"call": [(0, 2, 0), (2, 3, 1)]}).total
    assert (total.sums["speech"], total.sums["missed"], total.der) == (4.0, 1.0, 0.25)
    swapped = uisrnn.LabeledSequence(x, [0, 1, 0, 1], times, "call")
    assert evaluate([truth], [swapped]).total.der == 0
