"""Turns from labels of windows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn import to_turns
from uisrnn.simulation.windows import windows


def test_turns_change_half_way_between_two_windows():
    assert to_turns(["a", "b"], [1.0, 2.0]) == [(0.5, 1.5, "a"), (1.5, 2.5, "b")]


def test_where_windows_are_missing_nobody_speaks():
    assert to_turns(["a"] * 4, [1, 2, 6, 7]) == [(0.5, 2.5, "a"), (5.5, 7.5, "a")]


def test_windows_closer_than_a_hop_share_the_time_between_them():
    assert to_turns(["a", "b", "b"], [1, 1.5, 2.5], hop=1) == [(0.5, 1.25, "a"), (1.25, 3.0, "b")]


def test_nobody_speaks_before_a_recording_begins():
    assert to_turns(["a", "b"], [0.0, 1.0]) == [(0.0, 0.5, "a"), (0.5, 1.5, "b")]
    assert to_turns(["a", "b"], [-3.0, -2.0]) == [(-3.0, -2.5, "a"), (-2.5, -1.5, "b")]


def test_a_pause_shorter_than_min_gap_is_closed_within_a_speaker_only():
    labels, times = ["a", "a", "b", "b"], [0.5, 2.5, 4.5, 5.5]
    assert to_turns(labels, times, hop=1, min_gap=1.1) == [(0, 3, "a"), (4, 6, "b")]
    assert to_turns(labels, times, hop=1, min_gap=1.0) == [(0, 1, "a"), (2, 3, "a"), (4, 6, "b")]


def test_a_short_turn_goes_to_those_that_touch_it():
    assert to_turns(list("aabaac"), range(1, 7), min_turn=1.4) == [(0.5, 6.5, "a")]
    assert to_turns(list("aabbcaa"), range(1, 8), min_turn=1.5) == [(0.5, 2.5, "a"), (2.5, 5, "b"), (5, 7.5, "a")]


def test_a_short_turn_between_pauses_is_left_out():
    assert to_turns(list("aaba"), [1, 2, 5, 9], hop=1, min_turn=1.5) == [(0.5, 2.5, "a")]


def test_speech_in_short_turns_only_does_not_vanish():
    turns = to_turns(list("abcabcab"), range(1, 9), min_turn=2)
    assert turns[0].start == 0.5
    assert turns[-1].end == 8.5
    assert all(turn.end - turn.start >= 2 for turn in turns)


def test_one_window_alone_needs_a_hop():
    with pytest.raises(uisrnn.ArgumentError, match="hop is needed"):
        to_turns(["a"], [1.0])
    assert to_turns(["a"], [1.0], hop=1) == [(0.5, 1.5, "a")]
    assert to_turns([], []) == []


@pytest.mark.parametrize(
    ("labels", "times", "arguments", "message"),
    [
        ([0, 1], [1.0], {}, "labels: 2 observations need as many times, but there are 1"),
        ([0, 1], [1.0, 0.5], {}, "times must not decrease"),
        ([0, None], [1.0, 1.5], {}, "at position 1 is None"),
        ([0, 1], [1.0, 2.0], {"min_gap": -1}, "min_gap must be a number of seconds >= 0, but is -1"),
        ([0, 1], [1.0, 2.0], {"min_turn": float("nan")}, "min_turn must be"),
        ([0, 1], [1.0, 2.0], {"hop": "x"}, "hop must be"),
        ([0, 1], [1.0, 2.0], {"min_gap": 10**400}, "min_gap must be a number of seconds >= 0, but is 1000"),
        ([0, 1], [-1e308, 1e308], {}, "hop must be a number of seconds >= 0, but is inf"),
    ],
)
def test_bad_input_is_named(labels, times, arguments, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        to_turns(labels, times, **arguments)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30), st.floats(0, 3), st.floats(0, 2))
def test_turns_are_in_order_and_long_enough(labels, min_turn, min_gap):
    turns = to_turns(labels, 0.5 * np.arange(len(labels)), min_turn=min_turn, min_gap=min_gap)
    assert all(before.end <= after.start + 1e-6 for before, after in pairwise(turns))
    assert all(before.speaker != after.speaker for before, after in pairwise(turns))
    assert all(turn.end - turn.start >= min_turn - 2e-6 for turn in turns)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=30))
def test_windows_over_the_turns_have_the_labels_again(labels):
    turns = to_turns(labels, 0.25 + 0.5 * np.arange(len(labels)))
    names = list(dict.fromkeys(turn.speaker for turn in turns))
    assert [names[number] for number in windows(turns, 0.5, 0.5, "here").speaker] == labels


def test_windows_of_one_time_stand_for_the_same_time():
    turns = to_turns(["ann", "ann", "bob", "bob"], [0.5, 1.5, 1.5, 2.5])
    assert turns == [(0, 2, "ann"), (1, 3, "bob")]


def test_the_hop_is_that_of_distinct_times():
    times = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    assert to_turns(list("abcabc"), times) == [(0.5, 2.5, speaker) for speaker in "abc"]


def test_windows_all_at_one_time_need_a_hop():
    with pytest.raises(uisrnn.ArgumentError, match="hop is needed"):
        to_turns(["a", "b"], [1.0, 1.0])
    assert to_turns(["a", "b"], [1.0, 1.0], hop=1) == [(0.5, 1.5, "a"), (0.5, 1.5, "b")]


@given(st.lists(st.sets(st.sampled_from("abc"), min_size=1), min_size=2, max_size=20))
def test_each_speaker_is_heard_as_if_alone(groups):
    """The turns of a speaker are those of the windows with this speaker, whoever else is heard at these times."""
    labels = [name for group in groups for name in sorted(group)]
    times = [float(number) for number, group in enumerate(groups) for _name in group]
    turns = to_turns(labels, times, hop=1)
    for speaker in set(labels):
        own = [time for label, time in zip(labels, times, strict=True) if label == speaker]
        assert [turn for turn in turns if turn.speaker == speaker] == to_turns([speaker] * len(own), own, hop=1)
