"""Turns along speech."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from uisrnn.audio.speech import spans_of, turns_in_speech


def turns(labels, times, speech, window=1.0, min_gap=0.0, min_turn=0.0):
    found = turns_in_speech(labels, np.array(times, dtype=float), speech, window, min_gap, min_turn)
    return [(round(one.start, 6), round(one.end, 6), one.speaker) for one in found]


def test_turns_begin_and_end_with_speech():
    assert turns("aa", [1, 1.5], [(0.7, 1.8)]) == [(0.7, 1.8, "a")]


def test_speakers_change_half_way_between_two_windows():
    assert turns("ab", [1, 2], [(0.5, 2.5)], 2.0) == [(0.5, 1.5, "a"), (1.5, 2.5, "b")]


def test_speech_that_no_window_heard_is_nobodys():
    assert turns("ab", [1, 5], [(0.0, 6.0)]) == [(0.5, 1.5, "a"), (4.5, 5.5, "b")]


def test_a_short_word_without_a_window_goes_to_the_nearest_that_heard_it():
    assert turns("ab", [1, 1.8], [(0.9, 1.1), (1.2, 1.3), (1.7, 1.9)], 1.0) == [
        (0.9, 1.1, "a"), (1.2, 1.3, "a"), (1.7, 1.9, "b"),
    ]  # fmt: skip


def test_pauses_and_short_turns():
    speech = [(0.5, 1.4), (1.6, 3.5)]
    assert turns("aab", [1, 2, 3], speech, min_gap=0.3) == [(0.5, 2.5, "a"), (2.5, 3.5, "b")]
    assert turns("aabaa", [1, 2, 3, 4, 5], [(0.5, 5.5)], min_turn=1.1) == [(0.5, 5.5, "a")]
    assert turns("", [], speech) == []


@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc")), min_size=1, max_size=20),
    st.lists(st.booleans(), max_size=200),
    st.integers(1, 40),
)
def test_each_moment_of_speech_has_the_label_of_its_nearest_window(windows, decisions, length):
    """Moment by moment, from the definition."""
    times = np.cumsum([step for step, _ in windows]) / 10
    labels, window, frame = [label for _, label in windows], length / 10, 0.05
    speech = spans_of(np.array(decisions, dtype=bool), frame)
    found = turns(labels, times, speech, window)
    for at, spoken in enumerate(decisions):
        moment = (at + 0.31) * frame
        distances = np.abs(times - moment)
        nearest = int(distances.argmin())
        expected = labels[nearest] if spoken and distances[nearest] < window / 2 else None
        speakers = [speaker for start, end, speaker in found if start <= moment < end]
        assert speakers == ([] if expected is None else [expected])
