"""DER under a collar, without overlap and within regions, against a brute-force count of frames by the rule of md-eval.

Speakers are matched on all frames of the regions; then collar and overlap are cut out; then errors are counted.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationCoverage, DiarizationErrorRate, DiarizationPurity

from uisrnn.evals import evaluate
from uisrnn.turns.turn import to_annotation

FRAME = 0.01
FRAMES = 60
TRUE_NAMES = ["ann", "bob", "cat"]
FOUND_NAMES = [0, 1, 2]
PARTS = ("missed", "false_alarm", "confusion", "speech")
frame_spans = st.tuples(st.integers(0, 45), st.integers(1, 12)).map(lambda span: (span[0], span[0] + span[1]))


def conversations(names):
    """For each speaker, frames of turns that neither touch nor overlap."""
    return st.fixed_dictionaries({name: st.lists(frame_spans, max_size=4).map(apart) for name in names})


def apart(spans):
    kept = []
    for span in sorted(spans):
        if not kept or span[0] > kept[-1][1]:
            kept.append(span)
    return kept


def turns_of(conversation):
    return [(start * FRAME, end * FRAME, name) for name, spans in conversation.items() for start, end in spans]


def speaking(conversation):
    """(speakers, frames) whether a speaker speaks in a frame."""
    table = np.zeros((len(conversation), FRAMES), dtype=int)
    for row, spans in enumerate(conversation.values()):
        for start, end in spans:
            table[row, start:end] = 1
    return table


def frames_of(spans):
    """(frames,) whether a frame is within a span."""
    table = np.zeros(FRAMES, dtype=bool)
    for start, end in spans:
        table[max(start, 0) : end] = True
    return table


def possible_errors(reference, hypothesis, collar, skip_overlap, region):
    """The errors in frames for each matching with most frames in common."""
    truth = speaking(reference)
    found = speaking(hypothesis)
    within = np.ones(FRAMES, dtype=bool) if region is None else frames_of(region)
    edges = [edge for spans in reference.values() for span in spans for edge in span]
    scored = within & ~frames_of([(edge - collar, edge + collar) for edge in edges])
    if skip_overlap:
        scored &= truth.sum(axis=0) < 2
    common = [(truth * within) @ found[list(order)].T for order in itertools.permutations(range(3))]
    most = max(np.trace(table) for table in common)
    several = truth.sum(axis=0)[scored]
    others = found.sum(axis=0)[scored]
    errors = []
    for order, table in zip(itertools.permutations(range(3)), common, strict=True):
        if np.trace(table) == most:
            right = (truth * found[list(order)])[:, scored].sum()
            missed = np.maximum(several - others, 0).sum()
            false_alarm = np.maximum(others - several, 0).sum()
            errors.append((missed, false_alarm, np.minimum(several, others).sum() - right, several.sum()))
    return errors


@pytest.mark.parametrize("with_regions", [False, True])
@pytest.mark.parametrize("skip_overlap", [False, True])
@pytest.mark.parametrize("collar", [0, 1, 3])
@settings(max_examples=40, deadline=None)
@given(conversations(TRUE_NAMES), conversations(FOUND_NAMES), st.lists(frame_spans, min_size=1, max_size=3))
def test_speakers_are_matched_before_time_is_cut_out(collar, skip_overlap, with_regions, reference, hypothesis, region):
    uem = {"a": [(start * FRAME, end * FRAME) for start, end in region]} if with_regions else None
    sums = evaluate(
        {"a": turns_of(reference)},
        {"a": turns_of(hypothesis)},
        collar=collar * FRAME,
        skip_overlap=skip_overlap,
        uem=uem,
    ).total.sums
    errors = [sums[name] / FRAME for name in PARTS]
    possible = possible_errors(reference, hypothesis, collar, skip_overlap, region if with_regions else None)
    assert any(errors == pytest.approx(frames, abs=1e-4) for frames in possible)


def test_a_speaker_who_is_only_heard_in_overlap_is_still_matched():
    reference = {"a": [(0, 10, "ann"), (0, 10, "cat"), (10, 12, "bob")]}
    result = evaluate(reference, {"a": [(0, 12, 0)]}, skip_overlap=True)
    assert (result.total.der, result.total.confusion) == (1.0, 1.0)
    assert result["a"].matched[0] in ("ann", "cat")


def test_a_speaker_whose_turns_are_shorter_than_the_collar_is_still_matched():
    short = [(number, number + 0.4, "ann") for number in range(20)]
    result = evaluate({"a": [*short, (20, 25, "bob")]}, {"a": [(0, 25, 0)]}, collar=0.25)
    assert result["a"].matched == {0: "ann"}
    assert result.total.speech == pytest.approx(4.5)
    assert result.total.confusion == pytest.approx(1.0)


def test_only_the_regions_decide_who_is_who():
    reference = {"a": [(0, 10, "ann"), (10, 12, "bob")]}
    hypothesis = {"a": [(0, 12, 0)]}
    assert evaluate(reference, hypothesis)["a"].matched == {0: "ann"}
    within = evaluate(reference, hypothesis, uem={"a": [(9.5, 12)]})
    assert within["a"].matched == {0: "bob"}
    assert within.total.der == pytest.approx(0.5 / 2.5)


def test_the_collar_is_cut_from_both_sides_of_boundaries_outside_the_regions_too():
    total = evaluate({"a": [(0, 4, "ann")]}, {"a": [(0, 4, 0)]}, collar=0.5, uem={"a": [(0.2, 3)]}).total
    assert total.speech == pytest.approx(3 - 0.5)


# --- JER ---


def test_the_jaccard_error_has_a_matching_of_its_own():
    """The answer of dscore: x has more seconds in common with A than y has, but y is more like A."""
    total = evaluate({"b": [(0, 10, "A")]}, {"b": [(0, 6, "x"), (10, 34, "x"), (6, 10, "y")]}).total
    assert total.jer == pytest.approx(0.6)
    assert total.confusion == pytest.approx(0.4)


def test_the_jaccard_error_of_files_is_the_mean_over_all_speakers():
    reference = {"a": [(0, 1, "ann")], "b": [(0, 1, "ann"), (1, 2, "bob"), (2, 3, "cat")]}
    result = evaluate(reference, {"a": [(0, 1, 0)], "b": []})
    assert (result["a"].jer, result["b"].jer, result.total.jer) == (0, 1, 0.75)


@pytest.mark.parametrize("options", [{"collar": 0.5}, {"skip_overlap": True}])
def test_neither_collar_nor_overlap_changes_the_jaccard_error(options):
    reference = {"a": [(0, 4, "ann"), (3, 8, "bob")]}
    hypothesis = {"a": [(0, 3, 0), (3, 8.2, 1)]}
    without = evaluate(reference, hypothesis)
    changed = evaluate(reference, hypothesis, **options)
    assert changed.total.jer == without.total.jer
    assert changed.total.der != without.total.der


def test_the_jaccard_error_is_within_the_regions():
    total = evaluate({"a": [(0, 4, "ann")]}, {"a": [(0, 2, 0), (6, 9, 0)]}, uem={"a": [(0, 5)]}).total
    assert total.jer == 0.5


# --- pyannote.metrics ---

times = st.floats(0, 60, allow_nan=False)
some_turns = st.lists(
    st.tuples(times, times, st.sampled_from(["ann", "bob", "cat"])).map(lambda turn: (*sorted(turn[:2]), turn[2])),
    max_size=8,
)


@pytest.mark.parametrize("with_regions", [False, True])
@settings(max_examples=60, deadline=None)
@given(some_turns, some_turns, st.tuples(times, times).map(sorted))
def test_without_a_collar_and_with_overlap_the_figures_are_those_of_pyannote(
    with_regions, reference, hypothesis, region
):
    start, end = region if with_regions else (-1.0, 61.0)
    sums = evaluate({"a": reference}, {"a": hypothesis}, uem={"a": [(start, end)]}).total.sums
    truth = joined(reference).crop(Segment(start, end))
    found = joined(hypothesis).crop(Segment(start, end))
    errors = DiarizationErrorRate()(truth, found, detailed=True, uem=Timeline([Segment(start, end)]))
    pure = DiarizationPurity()(truth, found, detailed=True)
    covered = DiarizationCoverage()(truth, found, detailed=True)
    expected = [errors[name] for name in ("missed detection", "false alarm", "confusion", "total")]
    assert [sums[name] for name in PARTS] == pytest.approx(expected, abs=1e-4)
    assert (sums["pure"], sums["hypothesis_speech"]) == pytest.approx((pure["correct"], pure["total"]), abs=1e-4)
    assert sums["covered"] == pytest.approx(covered["correct"], abs=1e-4)


def joined(turns) -> Annotation:
    return to_annotation(turns).support()
