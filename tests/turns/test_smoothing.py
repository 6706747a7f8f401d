"""Turns after short pauses and short turns are gone."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uisrnn.turns.smoothing import smoothed
from uisrnn.turns.turn import Turn

TENTHS = st.tuples(st.integers(0, 40), st.integers(1, 15), st.sampled_from("abc"))
TURNS = st.lists(TENTHS.map(lambda drawn: Turn(drawn[0] / 10, (drawn[0] + drawn[1]) / 10, drawn[2])), max_size=9)
SECONDS = st.sampled_from([0.0, 0.25, 0.55, 1.05])


def heard(turns, speakers="abc"):
    """(frames of 10 ms,) whether somebody of these speakers is heard."""
    frames = np.zeros(600, dtype=bool)
    for turn in turns:
        if turn.speaker in speakers:
            frames[round(100 * turn.start) : round(100 * turn.end)] = True
    return frames


def test_a_pause_is_closed_while_others_speak_before_and_after_it():
    turns = [Turn(0, 1, "ann"), Turn(0.5, 1, "bob"), Turn(1.2, 2, "ann")]
    assert smoothed(turns, 0.3, 0) == [(0, 2, "ann"), (0.5, 1, "bob")]


@pytest.mark.parametrize("other", [Turn(1.05, 1.1, "bob"), Turn(0.5, 1.1, "bob"), Turn(0, 3, "bob")])
def test_a_pause_in_which_somebody_else_speaks_stays(other):
    turns = [Turn(0.1, 1, "ann"), other, Turn(1.2, 2, "bob"), Turn(1.2, 2, "ann")]
    assert [turn for turn in smoothed(turns, 0.3, 0) if turn.speaker == "ann"] == [turns[0], turns[3]]


def test_a_short_turn_within_another_turn_is_left_out():
    assert smoothed([Turn(0, 3, "ann"), Turn(1, 1.1, "bob")], 0, 0.5) == [(0, 3, "ann")]


def test_the_time_of_a_short_turn_goes_to_turns_that_overlap_it():
    turns = [Turn(0, 1, "ann"), Turn(0.9, 1.3, "bob"), Turn(1.2, 3, "cat")]
    assert smoothed(turns, 0, 0.5) == [(0, 1.1, "ann"), (1.1, 3, "cat")]


def test_a_turn_of_no_length_is_left_out():
    assert smoothed([Turn(1, 1, "ann"), Turn(2, 3, "bob")], 0, 0) == [(2, 3, "bob")]


def test_a_pause_is_closed_after_the_short_turn_in_it_was_left_out():
    turns = [Turn(0, 1, "ann"), Turn(1.1, 1.2, "bob"), Turn(1.3, 2, "ann")]
    assert smoothed(turns, 0.4, 0.5) == [(0, 2, "ann")]


@given(TURNS)
def test_without_limits_each_speaker_is_heard_as_before(turns):
    for speaker in "abc":
        np.testing.assert_array_equal(heard(smoothed(turns, 0, 0), speaker), heard(turns, speaker))


@given(TURNS, SECONDS)
def test_short_turns_leave_no_hole_in_speech_that_is_long_enough(turns, min_turn):
    lost = heard(turns) & ~heard(smoothed(turns, 0, min_turn))
    edges = np.flatnonzero(np.diff(heard(turns), prepend=False, append=False))
    for start, end in edges.reshape(-1, 2):
        assert not lost[start:end].any() or end - start < 100 * min_turn


@given(TURNS, SECONDS, SECONDS)
def test_turns_of_a_speaker_are_long_enough_and_apart(turns, min_gap, min_turn):
    found = smoothed(turns, min_gap, min_turn)
    assert found == sorted(found, key=lambda turn: turn[:2])
    assert all(turn.end - turn.start > min_turn - 2e-6 for turn in found)
    for speaker in "abc":
        own = [turn for turn in found if turn.speaker == speaker]
        assert all(before.end < after.start for before, after in itertools.pairwise(own))


@given(TURNS, SECONDS, SECONDS)
def test_smoothing_again_changes_nothing(turns, min_gap, min_turn):
    found = smoothed(turns, min_gap, min_turn)
    assert smoothed(found, min_gap, min_turn) == found
