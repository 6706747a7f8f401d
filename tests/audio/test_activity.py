"""Voice activity: decisions that do not depend on how sound is cut."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from sounds import RATE, conversation
from uisrnn.audio import FrameActivity, KnownSpeech, LevelActivity, Smoothing, WebRTCActivity

NEEDS_WEBRTC = pytest.mark.skipif(importlib.util.find_spec("webrtcvad") is None, reason="webrtcvad is not installed")
SOUND = conversation([("", 1), ("low", 2), ("", 1), ("high", 1), ("", 1)]).astype(np.float32)


def decided(activity, parts, rate=RATE):
    detector = activity.detector(rate)
    return np.concatenate([*map(detector.push, parts), detector.flush()]), detector.frame


def spans_of(decisions, frame):
    """Runs of speech in seconds."""
    edges = np.flatnonzero(np.diff(decisions.astype(int), prepend=0, append=0))
    return edges.reshape(-1, 2) * frame


def test_loud_is_speech_with_a_margin():
    spans = spans_of(*decided(LevelActivity(-50), [SOUND]))
    np.testing.assert_allclose(spans, [(1, 3), (4, 5)], atol=0.15)


@NEEDS_WEBRTC
@pytest.mark.parametrize("decibels", [0, -14])
def test_webrtc_hears_voices_loud_and_faint(decibels):
    spans = spans_of(*decided(WebRTCActivity(), [10 ** (decibels / 20) * SOUND]))
    np.testing.assert_allclose(spans, [(1, 3), (4, 5)], atol=0.2)


@NEEDS_WEBRTC
def test_without_raising_the_volume_faint_voices_are_missed(monkeypatch):
    monkeypatch.setattr("uisrnn.audio.front_ends.activity._MOST_GAIN", 1.0)
    found, frame = decided(WebRTCActivity(), [10 ** (-14 / 20) * SOUND])
    assert found.sum() * frame < 2


@NEEDS_WEBRTC
def test_webrtc_is_given_a_rate_that_it_knows():
    from uisrnn.audio.sources.resampling import resampler

    up = resampler(RATE, 11025)
    other = np.concatenate([up.push(SOUND), up.flush()])
    whole, frame = decided(WebRTCActivity(), [SOUND])
    found, other_frame = decided(WebRTCActivity(), [other], 11025)
    assert frame == other_frame
    assert (found == whole[: len(found)]).mean() > 0.9


@given(st.lists(st.integers(0, len(SOUND)), max_size=8), st.integers(1, 12), st.integers(0, 5))
def test_the_cut_does_not_matter(cuts, width, margin):
    activity = LevelActivity(-50, Smoothing(width, margin))
    whole, _ = decided(activity, [SOUND])
    np.testing.assert_array_equal(decided(activity, np.split(SOUND, sorted(cuts)))[0], whole)
    assert len(whole) == len(SOUND) // 240


@NEEDS_WEBRTC
@given(st.lists(st.integers(0, len(SOUND)), max_size=4), st.sampled_from([RATE, 11025]))
def test_the_cut_does_not_matter_to_webrtc(cuts, rate):
    whole, _ = decided(WebRTCActivity(), [SOUND], rate)
    np.testing.assert_array_equal(decided(WebRTCActivity(), np.split(SOUND, sorted(cuts)), rate)[0], whole)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 9), st.integers(0, 4))
def test_smoothing_is_a_majority_and_a_margin(raw, width, margin):
    """Written down from its definition."""
    before, after = (width - 1) // 2, width // 2
    votes = [2 * sum(raw[max(0, at - before) : at + after + 1]) > width for at in range(len(raw))]
    expected = [any(votes[max(0, at - margin) : at + margin + 1]) for at in range(len(raw))]
    smoothing = Smoothing(width, margin)
    padded = np.concatenate([np.zeros(smoothing.before, bool), raw, np.zeros(smoothing.after, bool)])
    assert smoothing(padded).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 300)), max_size=5), st.lists(st.integers(0, 48000)))
def test_known_speech_is_where_it_is_known(turns, cuts):
    turns = [(start / 100, (start + length) / 100, "ann") for start, length in turns]
    found, frame = decided(KnownSpeech(turns), np.split(SOUND, sorted(cuts)))
    middles = (np.arange(len(found)) + 0.5) * frame
    assert found.tolist() == [any(start <= time < end for start, end, _ in turns) for time in middles]


def test_one_activity_serves_many_recordings():
    activity = LevelActivity(-50)
    first = activity.detector(RATE)
    first.push(SOUND[:13000])
    np.testing.assert_array_equal(decided(activity, [SOUND])[0], decided(LevelActivity(-50), [SOUND])[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WebRTCActivity(mode=4), "mode must be 0, 1, 2 or 3, but is 4"),
        (lambda: Smoothing(0, 0), "width and margin must be integers >= 1 and >= 0, but are 0 and 0"),
        (lambda: Smoothing(2.5), "but are 2.5 and 3"),
        (lambda: Smoothing("a"), "but are 'a' and 3"),
        (lambda: LevelActivity("x"), "threshold must be a number of decibels, but is 'x'"),
        (lambda: LevelActivity(float("nan")), "threshold must be a number of decibels, but is nan"),
        (lambda: FrameActivity(lambda rate: len, frame="x"), "frame must be a number of seconds"),
        (lambda: FrameActivity(lambda rate: len, frame=0), "frame must be from"),
        (lambda: KnownSpeech([(2, 1, "ann")]), "speech, turn 0: must not end before it starts"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        make()
