"""Figures of evaluation against slow and obvious computations, and what must not change them."""

import itertools
import json
import math
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyannote.core import Segment, Timeline

import uisrnn
from uisrnn.evals import evaluate
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.turn import to_annotation

FRAME = 0.01
few = settings(max_examples=40, deadline=None)


def turns(speakers):
    """Turns on a grid of 10 ms, in which a speaker may speak over others and over themselves."""
    times = st.integers(0, 40)
    turn = st.tuples(times, times, st.sampled_from(speakers))
    on_grid = turn.map(lambda drawn: (min(drawn[:2]) * FRAME, max(drawn[:2]) * FRAME, drawn[2]))
    return st.lists(on_grid, max_size=6)


references, hypotheses = turns(["ann", "bob", 3]), turns([0, 1, "1", 2])


def frames(conversation, length=60):
    """For each frame of 10 ms, who speaks in it."""
    middles = (np.arange(-10, length) + 0.5) * FRAME
    return [{speaker for start, end, speaker in conversation if start < time < end} for time in middles]


@few
@given(references, hypotheses)
def test_jaccard_errors_purity_and_coverage_are_those_counted_frame_by_frame(reference, hypothesis):
    row = evaluate({"a": reference}, {"a": hypothesis}).rows[0]
    truth = frames_by_speaker(reference)
    found = frames_by_speaker(hypothesis)
    pure = sum(max((len(found[name] & truth[speaker]) for speaker in truth), default=0) for name in found)
    covered = sum(max((len(found[name] & truth[speaker]) for name in found), default=0) for speaker in truth)
    assert row.purity == (pytest.approx(pure / sum(map(len, found.values()))) if found else None)
    assert row.coverage == (pytest.approx(covered / sum(map(len, truth.values()))) if truth else None)
    assert (row.reference_speakers, row.hypothesis_speakers) == (len(truth), len(found))
    orders = itertools.permutations([*found, *[None] * len(truth)], len(truth))
    errors = [sum(jaccard_error(truth[s], found.get(n, set())) for s, n in zip(truth, o, strict=True)) for o in orders]
    assert row.jer == (pytest.approx(min(errors) / len(truth)) if truth else None)


def frames_by_speaker(conversation):
    """The frames in which each speaker speaks."""
    heard = frames(conversation)
    names = dict.fromkeys(turn[2] for turn in conversation if turn[1] > turn[0])
    return {name: {frame for frame, speakers in enumerate(heard) if name in speakers} for name in names}


def jaccard_error(own, others):
    return 1 - len(own & others) / len(own | others)


@few
@given(references, hypotheses, st.permutations([0, 1, "1", 2]))
def test_names_and_order_of_turns_do_not_matter(reference, hypothesis, names):
    renamed = dict(zip([0, 1, "1", 2], names, strict=True))
    other = [(start, end, renamed[speaker]) for start, end, speaker in reversed(hypothesis)]
    first, second = (evaluate({"a": reference}, {"a": turns}).total for turns in (hypothesis, other))
    for name in ("der", "missed", "false_alarm", "confusion", "purity", "coverage"):
        assert first.value(name) == pytest.approx(second.value(name))


@few
@given(references)
def test_the_truth_itself_is_without_error(reference):
    row = evaluate({"a": reference}, {"a": to_annotation(reference)}).total
    perfect = 0.0 if row.speech else None
    assert row.der == perfect
    assert row.jer == pytest.approx(perfect, abs=1e-9)
    assert row.speaker_count_error == 0
    assert row.purity == pytest.approx(row.coverage)


@few
@given(references, hypotheses)
def test_the_other_way_round_misses_are_false_alarms(reference, hypothesis):
    sums = evaluate({"a": reference}, {"a": hypothesis}).total.sums
    other = evaluate({"a": hypothesis}, {"a": reference}).total.sums
    assert sums["missed"] == pytest.approx(other["false_alarm"], abs=1e-9)
    assert sums["confusion"] == pytest.approx(other["confusion"], abs=1e-9)
    assert sums["speech"] == pytest.approx(other["hypothesis_speech"], abs=1e-9)
    assert sums["covered"] == pytest.approx(other["pure"], abs=1e-9)


def test_the_collar_is_on_each_side_of_a_boundary():
    reference = {"a": [(0, 10, "ann"), (10, 20, "bob")]}
    late = {"a": [(0, 10.2, 0), (10.2, 20, 1)]}
    assert evaluate(reference, late).total.sums["confusion"] == pytest.approx(0.2)
    assert evaluate(reference, late, collar=0.1).total.sums["confusion"] == pytest.approx(0.1)
    assert evaluate(reference, late, collar=0.25).total.der == 0
    assert evaluate(reference, late, collar=0.25).total.speech == pytest.approx(20 - 4 * 0.25)


def test_a_speaker_who_speaks_over_themselves_is_heard_once():
    reference = {"a": [(0, 4, "ann"), (2, 6, "ann")]}
    row = evaluate(reference, {"a": [(0, 6, 0)]}, skip_overlap=True).total
    assert (row.speech, row.der) == (6, 0)


def test_overlap_can_be_left_out():
    reference = {"a": [(0, 6, "ann"), (4, 10, "bob")]}
    found = {"a": [(0, 5, 0), (5, 10, 1)]}
    assert evaluate(reference, found).total.sums["missed"] == pytest.approx(2)
    without = evaluate(reference, found, skip_overlap=True).total
    assert (without.speech, without.der) == (pytest.approx(8), 0)


@pytest.mark.parametrize("region", [[(2, 4), (6, 7)], ((2, 4), [6, 7]), Timeline([Segment(2, 4), Segment(6, 7)])])
def test_only_given_regions_count(region):
    reference = {"a": [(0, 10, "ann"), (20, 30, "bob")]}
    row = evaluate(reference, {"a": [(0, 6.5, 0)]}, uem={"a": region, "other": []}).rows[0]
    assert (row.speech, row.sums["missed"], row.reference_speakers) == (pytest.approx(3), pytest.approx(0.5), 1)


def test_a_file_without_speech_has_no_rate_but_counts_in_the_total():
    result = evaluate({"a": [], "b": [(0, 10, "ann")]}, {"a": [(3, 5, 0)], "b": [(0, 10, 0)]})
    assert (result["a"].der, result["a"].jer, result["a"].coverage) == (None, None, None)
    assert result["a"].sums["false_alarm"] == 2
    assert result.total.der == 0.2
    assert result.total.jer == 0


def test_silence_found_as_silence_is_no_figure_at_all():
    row = evaluate({"a": []}, {"a": []}).total
    assert (row.speech, row.der, row.purity, row.speaker_count_error) == (0, None, None, 0)


labels = st.integers(0, 3)
both = st.lists(st.tuples(labels, labels), min_size=1, max_size=12)


@given(both)
def test_clustering_figures_are_those_of_their_definitions(observations):
    told, found = zip(*observations, strict=True)
    row = evaluate({"a": list(told)}, {"a": [f"s{label}" for label in found]}).rows[0]
    assert row.accuracy == uisrnn.compute_sequence_match_accuracy(told, found)
    assert row.homogeneity == pytest.approx(slow_homogeneity(told, found))
    assert row.completeness == pytest.approx(slow_homogeneity(found, told))
    total = row.homogeneity + row.completeness
    assert row.v_measure == pytest.approx(2 * row.homogeneity * row.completeness / total if total else 0, abs=1e-12)
    assert row.adjusted_rand == pytest.approx(slow_adjusted_rand(told, found))


def slow_homogeneity(told, found):
    """1 - H(told | found) / H(told), observation by observation."""
    share = {key: found.count(key) for key in found}
    entropy = -np.mean([math.log(told.count(label) / len(told)) for label in told])
    pairs = list(zip(told, found, strict=True))
    left = -np.mean([math.log(pairs.count(pair) / share[pair[1]]) for pair in pairs])
    return 1 - left / entropy if entropy else 1.0


def slow_adjusted_rand(told, found):
    """Pairs of observations that are together, against the mean over all orders of a labelling (its closed form)."""
    pairs = list(itertools.combinations(range(len(told)), 2))
    together_in_truth = [told[i] == told[j] for i, j in pairs]
    together = [found[i] == found[j] for i, j in pairs]
    chance = sum(together_in_truth) * sum(together) / len(pairs) if pairs else 0
    most = (sum(together_in_truth) + sum(together)) / 2
    in_both = sum(map(lambda a, b: a and b, together_in_truth, together))
    return 1.0 if most == chance else (in_both - chance) / (most - chance)


@given(st.lists(both, min_size=1, max_size=4))
def test_the_total_of_labels_is_over_observations(files):
    told = {f"{number}": [label for label, _ in file] for number, file in enumerate(files)}
    found = {f"{number}": [label for _, label in file] for number, file in enumerate(files)}
    result = evaluate(told, found)
    lengths = [len(file) for file in files]
    assert result.total.accuracy == pytest.approx(np.average([row.accuracy for row in result.rows], weights=lengths))
    assert result.total.observations == sum(lengths)
    assert result.total.speaker_count_error == pytest.approx(np.mean([row.speaker_count_error for row in result.rows]))


def test_labels_with_times_have_figures_of_both_kinds():
    times = [0.5, 1.5, 2.5, 3.5]
    truth = LabeledSequence(np.zeros((4, 1)), ["ann", "ann", "bob", "bob"], times, "call")
    for found in ([0, 0, 0, 1], LabeledSequence(np.zeros((4, 1)), [0, 0, 0, 1], times, "call")):
        row = evaluate([truth], {"call": found}).total
        assert (row.accuracy, row.der, row.speech, row.observations) == (0.75, 0.25, 4, 4)


def test_labels_with_times_are_compared_with_turns():
    found = LabeledSequence(np.zeros((4, 1)), [0, 0, 1, 1], [0.5, 1.5, 2.5, 3.5], "call")
    row = evaluate({"call": [(0, 3, "ann"), (3, 4, "bob")]}, [found]).total
    assert (row.der, row.accuracy) == (0.25, None)


def test_an_evaluation_can_be_read_by_people_and_machines():
    result = evaluate(
        {"a": [(0, 8, "ann")], "long name": []}, {"a": [(0, 8, 0)], "long name": [(0, 2, 0)]}, collar=0.25
    )
    lines = str(result).splitlines()
    assert re.match(r"file +speech +DER +missed", lines[0])
    assert re.match(r"long name +0.0 s +- +- ", lines[2])
    assert lines[-2].startswith("TOTAL")
    assert lines[-1].startswith("collar 0.25 s on each side of boundaries of the reference, overlap evaluated, whole")
    assert lines[-1].endswith("JER leaves nothing out")
    assert len({len(line) for line in lines[:-1]}) == 1
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (plain["collar"], plain["skip_overlap"], plain["within_regions"]) == (0.25, False, False)
    assert [file["name"] for file in plain["files"]] == ["a", "long name"]
    assert plain["files"][1]["der"] is None
    assert "accuracy" not in plain["total"]
    assert plain["total"]["sums"]["false_alarm"] == pytest.approx(2)
    with pytest.raises(KeyError):
        result["none"]


CALL = [(0, 1, "ann")]
TIMED = LabeledSequence(np.zeros((2, 1)), [0, 0], [0, 1], "a")


@pytest.mark.parametrize(
    ("truth", "found", "options", "error", "message"),
    [
        ({"a": CALL, "b": CALL}, {"a": CALL}, {}, ValueError, "b is not among the hypotheses, which are: a"),
        ({"a": CALL}, {"a": CALL, "c": CALL}, {}, ValueError, "c is not among the references, which are: a"),
        ({"a": CALL}, {}, {}, ValueError, "a is not among the hypotheses, which are: none"),
        ({}, {}, {}, ValueError, "references must have at least one file"),
        (CALL, CALL, {}, TypeError, "references must be a dict from names of files, but are list"),
        ({3: CALL}, {3: CALL}, {}, TypeError, "names of files must be strings, but 3 is not"),
        (
            {"a": None},
            {"a": CALL},
            {},
            TypeError,
            "reference of a: labels must be a list or an array, but are NoneType",
        ),
        ({"a": CALL}, {"a": [(0, 1)]}, {}, TypeError, "hypothesis of a, turn 0: must be"),
        ({"a": CALL}, {"a": [(2, 1, 0)]}, {}, ValueError, "hypothesis of a, turn 0: must not end before it starts"),
        (
            {"a": [0, 1]},
            {"a": [0]},
            {},
            ValueError,
            "hypothesis of a: must have as many labels as the reference, 2, but",
        ),
        ({"a": [0, 1]}, {"a": []}, {}, ValueError, "as many labels as the reference, 2, but has 0"),
        (
            {"a": [0, 0.5]},
            {"a": [0, 1]},
            {},
            ValueError,
            "reference of a: labels must be strings or integers, but at pos",
        ),
        ({"a": CALL}, {"a": [0, 1]}, {}, ValueError, "hypothesis of a: labels without times cannot be compared with"),
        ({"a": CALL, "b": [0]}, {"a": CALL, "b": [0]}, {}, ValueError, "a has turns and b labels without times"),
        ([TIMED, TIMED], [TIMED], {}, ValueError, "references: 2 sequences have 1 names"),
        (
            [LabeledSequence([[1.0]], name="a")],
            {"a": [0]},
            {},
            ValueError,
            "reference of a: needs labels, but has none",
        ),
        (
            {"a": LabeledSequence([[1.0]], [0], [2.0])},
            {"a": [0]},
            {},
            ValueError,
            "reference of a: hop is needed if",
        ),
        (
            [TIMED],
            [LabeledSequence(np.zeros((2, 1)), [0, 0], [0, 2], "a")],
            {},
            ValueError,
            "hypothesis of a: must have the times of the reference, but time 1 is 2.0, there 1.0",
        ),
        ({"a": CALL}, {"a": CALL}, {"collar": -1}, ValueError, "collar must be a number of seconds >= 0, but is -1"),
        (
            {"a": CALL},
            {"a": CALL},
            {"collar": math.nan},
            ValueError,
            "collar must be a number of seconds >= 0, but is nan",
        ),
        ({"a": CALL}, {"a": CALL}, {"skip_overlap": 1}, ValueError, "skip_overlap must be True or False, but is 1"),
        ({"a": [0]}, {"a": [0]}, {"collar": 0.25}, ValueError, "collar, skip_overlap and uem need turns"),
        (
            {"a": CALL},
            {"a": CALL},
            {"uem": {"b": []}},
            ValueError,
            "uem must have regions of every file, but has none of a",
        ),
        ({"a": CALL}, {"a": CALL}, {"uem": []}, TypeError, "uem must be a dict from names of files, .* but is list"),
        ({"a": CALL}, {"a": CALL}, {"uem": {"a": [3]}}, TypeError, r"uem of a: must be a list of \(start seconds"),
        ({"a": CALL}, {"a": CALL}, {"uem": {"a": [(2, 1)]}}, ValueError, "uem of a, turn 0: must not end before"),
    ],
)
def test_what_cannot_be_evaluated_is_named(truth, found, options, error, message):
    with pytest.raises(error, match=message) as raised:
        evaluate(truth, found, **options)
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_too_many_clusters_or_speakers_at_a_time_are_refused():
    alone = list(range(6000))
    with pytest.raises(uisrnn.InputError, match="6000 clusters cannot be matched with 6000"):
        evaluate({"a": alone}, {"a": alone})
    one_each = [(number, number + 1, number) for number in alone]
    with pytest.raises(uisrnn.InputError, match="6000 clusters cannot be matched with 6000"):
        evaluate({"a": one_each}, {"a": one_each})
    crowd = [(number / 1000, 9, number) for number in range(1000)]
    with pytest.raises(uisrnn.InputError, match="too many speak at the same time"):
        evaluate({"a": crowd}, {"a": crowd})


def test_pyannote_is_not_needed(monkeypatch):
    for module in ("pyannote.core", "pyannote.metrics.diarization"):
        monkeypatch.setitem(sys.modules, module, None)
    assert evaluate({"a": CALL}, {"a": CALL}, collar=0.1, skip_overlap=True, uem={"a": [(0, 1)]}).total.der == 0
