"""Listening in blocks is listening to the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sounds import RATE, TURNS, conversation
from uisrnn.audio import KnownSpeech, LevelActivity, WindowEncoder
from uisrnn.audio.listening import Listener

SOUND = conversation(TURNS).astype(np.float32)


def listened(parts, encoder, activity):
    listener = Listener(encoder, activity, 1)
    heard = [*map(listener.push, parts), listener.flush()]
    return tuple(np.concatenate([getattr(one, name) for one in heard]) for name in ("observations", "times", "speech"))


def levels(windows):
    return np.array([[one.std()] for one in windows])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, len(SOUND)), max_size=30),
    st.sampled_from([(0.6, 0.3), (0.8, 0.4), (1.6, 0.4), (0.5, 0.5), (0.3, 0.7)]),
)
def test_the_cut_does_not_matter(cuts, grid):
    encoder, activity = WindowEncoder(levels, RATE, *grid), LevelActivity(-50)
    whole = listened([SOUND], encoder, activity)
    for mine, expected in zip(listened(np.split(SOUND, sorted(cuts)), encoder, activity), whole, strict=True):
        np.testing.assert_array_equal(mine, expected)


@given(st.integers(0, 20000), st.lists(st.tuples(st.integers(0, 250), st.integers(1, 100)), max_size=4))
def test_windows_are_those_that_stand_for_speech(length, turns):
    """One by one, from the definition; the last one is completed with zeros."""
    turns = [(start / 100, (start + seconds) / 100, "ann") for start, seconds in turns]
    sound, window, hop = SOUND[:length], 4800, 2400
    observations, times, speech = listened([sound], WindowEncoder(levels, RATE, 0.6, 0.3), KnownSpeech(turns))
    whole = max(0, 1 + (length - window) // hop)
    number = whole + (whole > 0 and (whole - 1) * hop + window < length)
    padded = np.append(sound, np.zeros(window, np.float32))
    expected = []
    for start in range(0, number * hop, hop):
        frames = np.arange((start + 1200) // 80, (start + 3600) // 80)
        if speech[frames[frames < len(speech)]].sum() >= len(frames) / 2:
            expected.append(((start + window / 2) / RATE, padded[start : start + window].std()))
    np.testing.assert_allclose(times, [time for time, _ in expected])
    np.testing.assert_allclose(observations[:, 0], [level for _, level in expected], rtol=1e-6)


def test_silence_is_not_encoded():
    seconds = []

    def watched(windows):
        seconds.append(len(windows))
        return levels(windows)

    sound = conversation([("low", 3), ("", 60), ("high", 3)]).astype(np.float32)
    _, times, _ = listened([sound], WindowEncoder(watched, RATE, 0.6, 0.3), LevelActivity(-50))
    assert sum(seconds) == len(times) < 25


def test_only_what_is_needed_is_held():
    listener = Listener(WindowEncoder(levels, RATE, 0.6, 0.3), LevelActivity(-50), 1)
    for _ in range(20):
        listener.push(SOUND)
        assert len(listener._sound) < RATE
        assert len(listener._speech) < 100
    assert listener.seconds == pytest.approx(20 * len(SOUND) / RATE)
