"""The front end of windows: which windows it encodes, and what each of them stands for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from sounds import RATE, TURNS, conversation
from uisrnn.audio import KnownSpeech, LevelActivity, WindowedFrontEnd, WindowEncoder
from uisrnn.audio.front_ends.front_end import joined

SOUND = conversation(TURNS).astype(np.float32)
WINDOW, HOP, FRAME = 4800, 2400, 80  # samples of a window, a hop and a decision of known speech
GRIDS = [(0.6, 0.3), (0.8, 0.4), (1.6, 0.4), (0.5, 0.5), (0.3, 0.7)]


def levels(windows):
    return np.array([[window.std()] for window in windows])


def heard(parts, front_end):
    listener = front_end.listener()
    return joined([*map(listener.push, parts), listener.flush()])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=30), st.integers(0, len(SOUND)), st.sampled_from(GRIDS))
def test_the_cut_does_not_matter(cuts, length, grid):
    front_end = WindowedFrontEnd(WindowEncoder(levels, RATE, *grid), LevelActivity(-50))
    whole = heard([SOUND[:length]], front_end)
    parts = heard(np.split(SOUND[:length], sorted(min(cut, length) for cut in cuts)), front_end)
    np.testing.assert_array_equal(parts.observations, whole.observations)
    np.testing.assert_array_equal(parts.times, whole.times)
    np.testing.assert_array_equal(parts.spans, whole.spans)


def known_heard(length, turns):
    """What is heard of the first samples if there is speech in these turns, and which decisions are speech."""
    turns = [(start / 100, (start + duration) / 100, "ann") for start, duration in turns]
    speech = KnownSpeech(turns)
    front_end = WindowedFrontEnd(WindowEncoder(levels, RATE, 0.6, 0.3), speech)
    return heard([SOUND[:length]], front_end), speech.detector(RATE).push(SOUND[:length])


SPEECH = st.lists(st.tuples(st.integers(0, 250), st.integers(1, 100)), max_size=4)


def encoded_windows(length, speech):
    """One by one, from the definition. Zeros complete the last window."""
    whole = max(0, 1 + (length - WINDOW) // HOP)
    number = whole + (whole > 0 and (whole - 1) * HOP + WINDOW < length)
    hops = [np.arange((start + 1200) // FRAME, (start + 3600) // FRAME) for start in range(0, number * HOP, HOP)]
    return [index for index, hop in enumerate(hops) if speech[hop[hop < len(speech)]].sum() >= len(hop) / 2]


@settings(deadline=None)
@given(st.integers(0, 20000), SPEECH)
def test_windows_with_speech_are_encoded(length, turns):
    found, speech = known_heard(length, turns)
    padded = np.append(SOUND[:length], np.zeros(WINDOW, np.float32))
    starts = [HOP * window for window in encoded_windows(length, speech)]
    np.testing.assert_allclose(found.times, [(start + WINDOW / 2) / RATE for start in starts])
    expected = [padded[start : start + WINDOW].std() for start in starts]
    np.testing.assert_allclose(found.observations[:, 0], expected, rtol=1e-6)


@settings(deadline=None)
@given(st.integers(0, 20000), SPEECH)
def test_a_span_is_the_speech_of_a_hop_and_goes_on_where_no_window_follows(length, turns):
    """Decision by decision."""
    found, speech = known_heard(length, turns)
    windows = encoded_windows(length, speech)
    for window, span in zip(windows, found.spans, strict=True):
        first, last = window * HOP // FRAME + 15, window * HOP // FRAME + 45
        spoken = [frame for frame in range(first, min(last, len(speech))) if speech[frame]]
        start, end = spoken[0], spoken[-1] + 1
        while window - 1 not in windows and first - 15 < start <= first and speech[start - 1]:
            start -= 1
        while window + 1 not in windows and last <= end < min(last + 15, len(speech)) and speech[end]:
            end += 1
        np.testing.assert_allclose(span * RATE / FRAME, [start, end])


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("length", [20000, 20001, 22400, 23456])
def test_speech_from_start_to_end_is_heard_from_start_to_end(grid, length):
    found = heard([SOUND[:length]], WindowedFrontEnd(WindowEncoder(levels, RATE, *grid), KnownSpeech([(0, 9, "ann")])))
    assert found.spans[0, 0] == 0
    np.testing.assert_allclose(found.spans[1:, 0], found.spans[:-1, 1])
    if grid[0] >= grid[1]:  # else there may be no window near the end
        assert found.spans[-1, 1] == pytest.approx(length / RATE, abs=0.011)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("activity", [LevelActivity(-50), KnownSpeech([(0, 2.1, "ann"), (3, 7, "bob")])])
def test_observations_come_within_the_latency(grid, activity):
    front_end = WindowedFrontEnd(WindowEncoder(levels, RATE, *grid), activity)
    listener = front_end.listener()
    for start in range(0, len(SOUND), 80):
        found = listener.push(SOUND[start : start + 80])
        assert (start / RATE - found.spans[:, 1] <= front_end.latency).all()


def test_silence_is_not_encoded():
    numbers = []

    def watched(windows):
        numbers.append(len(windows))
        return levels(windows)

    front_end = WindowedFrontEnd(WindowEncoder(watched, RATE, 0.6, 0.3), LevelActivity(-50))
    numbers.clear()
    found = heard([conversation([("low", 3), ("", 60), ("high", 3)]).astype(np.float32)], front_end)
    assert sum(numbers) == len(found.times) < 25


def test_a_listener_holds_only_what_it_needs():
    listener = WindowedFrontEnd(WindowEncoder(levels, RATE, 0.6, 0.3), LevelActivity(-50)).listener()
    for _ in range(20):
        listener.push(SOUND)
        assert len(listener._sound) < RATE
        assert len(listener._speech) < 150


def test_the_dimension_and_the_name_are_those_of_the_encoder():
    encoder = WindowEncoder(lambda windows: windows[:, :7], RATE, 0.5, 0.25)
    front_end = WindowedFrontEnd(encoder, LevelActivity())
    assert (front_end.dim, front_end.name, front_end.rate, front_end.shortest) == (7, "WindowEncoder", RATE, 0.5)


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (lambda windows: windows[:1, :3].repeat(9, axis=0), "1 windows need as many observations, but there are 9"),
        (lambda windows: windows[:, 0], r"encoder: observations must be \(T, D\)"),
        (lambda windows: windows[:, :2] * np.nan, "encoder: observation 0 is not finite"),
        (lambda windows: "no", "encoder: observations must be an array"),
        (lambda windows: None, "encoder: observations must be an array"),
    ],
)
def test_a_function_that_does_not_embed_is_refused_at_once(embed, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        WindowedFrontEnd(WindowEncoder(embed, RATE, 0.5, 0.25), LevelActivity())


@pytest.mark.parametrize(
    ("encoder", "activity", "message"),
    [
        ("resemblyzer", LevelActivity(), "encoder must have a rate, see uisrnn.audio.Encoder, but is 'resemblyzer'"),
        (WindowEncoder(levels, RATE, 1, 1), 5, "voice_activity must be a VoiceActivity, with a detector, but is 5"),
    ],
)
def test_parts_of_another_kind_are_refused_at_once(encoder, activity, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        WindowedFrontEnd(encoder, activity)
