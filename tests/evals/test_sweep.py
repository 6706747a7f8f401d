"""Errors in time, as pictures show them, against the figures of an evaluation."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uisrnn.evals import evaluate
from uisrnn.evals.speaker_times import match_speakers
from uisrnn.evals.sweep import ERRORS, find_errors, pieces, united
from uisrnn.turns.turn import Turn

times = st.floats(-5, 100, allow_nan=False)
turn = st.tuples(times, times, st.sampled_from(["ann", "bob", 1, "1"]))
conversations = st.lists(turn.map(lambda drawn: Turn(min(drawn[:2]), max(drawn[:2]), drawn[2])), max_size=8)


@settings(max_examples=60, deadline=None)
@given(conversations, conversations)
def test_seconds_of_errors_are_those_that_are_evaluated(reference, hypothesis):
    matched = match_speakers(reference, hypothesis)
    seconds = dict.fromkeys(ERRORS, 0.0)
    for start, end, told, found in pieces(reference, hypothesis):
        same = len(told & {matched[name] for name in found if name in matched})
        seconds["missed"] += (end - start) * max(0, len(told) - len(found))
        seconds["false alarm"] += (end - start) * max(0, len(found) - len(told))
        seconds["confusion"] += (end - start) * (min(len(told), len(found)) - same)
    sums = evaluate({"a": reference}, {"a": hypothesis}).total.sums
    assert list(seconds.values()) == pytest.approx([sums["missed"], sums["false_alarm"], sums["confusion"]], abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(conversations, conversations)
def test_errors_are_where_the_pieces_say(reference, hypothesis):
    matched = match_speakers(reference, hypothesis)
    errors = find_errors(reference, hypothesis, matched)
    for start, end, told, found in pieces(reference, hypothesis):
        same = len(told & {matched.get(name) for name in found if name in matched})
        expected = {
            "missed": len(told) > len(found),
            "false alarm": len(found) > len(told),
            "confusion": same < min(len(told), len(found)),
        }
        inside = {kind: any(begin <= start and end <= finish for begin, finish in errors[kind]) for kind in ERRORS}
        assert inside == expected


@given(conversations)
def test_nobody_speaks_twice_at_a_time(turns):
    once = united(turns)
    for speaker in {turn.speaker for turn in turns}:
        own = [turn for turn in once if turn.speaker == speaker]
        assert all(before.end <= after.start for before, after in itertools.pairwise(own))
    assert all(turn.end > turn.start for turn in once)


def test_turns_that_touch_stay_two_even_after_rounding():
    assert united([Turn(0.3, 1, "ann"), Turn(0, 0.1 + 0.2, "ann")]) == [(0, 0.1 + 0.2, "ann"), (0.1 + 0.2, 1, "ann")]
