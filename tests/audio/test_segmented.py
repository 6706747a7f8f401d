"""The front end of local speakers: what it observes of whom, and when."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from front_ends import CONTEXT, FRAME, REGION, STEP, KnownSegmentation, TinyEncoder
from sounds import RATE, band_energies, conversation
from uisrnn.audio import SegmentedFrontEnd, diarize
from uisrnn.audio.front_ends.front_end import joined

TURNS = [(0.0, 2.0, "ann"), (1.5, 4.0, "bob"), (3.2, 3.3, "cat"), (5.0, 6.5, "ann"), (5.7, 8.0, "cat")]
LEVELS = {"ann": 0.1, "bob": 0.2, "cat": 0.4}  # the mean of the sound while somebody speaks


def sound_of(turns, seconds):
    """Sound whose level says who speaks: the sum of the levels of all speakers."""
    times = (np.arange(round(seconds * RATE)) + 0.5) / RATE
    sound = np.zeros(len(times), dtype=np.float32)
    for start, end, speaker in turns:
        sound[(start <= times) & (times < end)] += LEVELS[speaker]
    return sound


SOUND = sound_of(TURNS, 8.6)


def heard(parts, front_end):
    listener = front_end.listener()
    return joined([*map(listener.push, parts), listener.flush()])


def front_end_of(turns, width=STEP):
    return SegmentedFrontEnd(TinyEncoder(width=width), KnownSegmentation(turns))


TURN_LISTS = st.lists(
    st.builds(
        lambda start, seconds, speaker: (start / 100, (start + seconds) / 100, speaker),
        st.integers(0, 500), st.integers(1, 200), st.sampled_from("abc"),
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=20), st.integers(0, len(SOUND)), st.sampled_from([160, 800, 4000]))
def test_the_cut_does_not_matter(cuts, length, width):
    sound = SOUND[:length]
    whole = heard([sound], front_end_of(TURNS, width))
    parts = heard(np.split(sound, sorted(min(cut, length) for cut in cuts)), front_end_of(TURNS, width))
    np.testing.assert_array_equal(parts.observations, whole.observations)
    np.testing.assert_array_equal(parts.times, whole.times)
    np.testing.assert_array_equal(parts.spans, whole.spans)


@settings(max_examples=60, deadline=None)
@given(TURN_LISTS, st.integers(1, 60000))
def test_each_speaker_who_is_alone_somewhere_is_observed_from_first_to_last_frame_of_each_region(turns, length):
    """Region by region, from the definition."""
    segmentation = KnownSegmentation(turns)
    found = heard([np.zeros(length, dtype=np.float32)], SegmentedFrontEnd(TinyEncoder(), segmentation))
    expected = []
    for start in range(0, -(-length // FRAME), REGION):
        activity = segmentation.activity(start, start + REGION)
        activity[(np.arange(start, start + REGION) + 0.5) * FRAME > length] = False  # after the end
        around = segmentation.activity(
            max(0, start - CONTEXT), min(start + REGION + CONTEXT, int(length / FRAME + 0.5))
        )
        alone = around & (around.sum(axis=1, keepdims=True) == 1)
        for column, frames_alone in zip(activity.T, alone.sum(axis=0), strict=True):
            frames = start + np.flatnonzero(column)
            if len(frames) >= 3 and frames_alone * FRAME / RATE >= 0.2:
                expected.append(((start + REGION / 2) * FRAME / RATE, frames[0] * FRAME / RATE, frames[-1]))
    rows = [(time, *span) for time, span in zip(found.times, found.spans, strict=True)]
    expected = [(time, first, (last + 1) * FRAME / RATE) for time, first, last in expected]
    np.testing.assert_allclose(sorted(rows), sorted(expected), atol=1e-9)
    assert (np.diff(found.times) >= 0).all()


def test_speakers_of_a_region_come_in_the_order_in_which_they_begin():
    found = heard([SOUND], front_end_of(TURNS))
    together = np.flatnonzero(np.diff(found.times) == 0)
    assert len(together) >= 2
    assert (found.spans[together, 0] <= found.spans[together + 1, 0]).all()


def test_a_voice_is_pooled_from_frames_in_which_nobody_else_speaks():
    """The overlaps last longer than what a voice has alone, but its level is in no observation."""
    turns = [(0.0, 2.0, "ann"), (0.3, 1.7, "bob"), (1.0, 3.0, "cat")]
    found = heard([sound_of(turns, 3)], front_end_of(turns))
    at_start = found.observations[found.spans[:, 0] == 0]
    np.testing.assert_allclose(at_start, LEVELS["ann"], atol=0.02)
    at_end = found.observations[found.spans[:, 1] > 2.6]
    np.testing.assert_allclose(at_end, LEVELS["cat"], atol=0.02)


def test_a_voice_that_is_hardly_alone_is_not_observed():
    """Cat is alone for less than 0.2 s: nothing tells whose voice the rest is."""
    turns = [(0.0, 2.0, "ann"), (1.0, 2.05, "cat")]
    found = heard([sound_of(turns, 3)], front_end_of(turns))
    assert (np.diff(found.times) > 0).all()
    np.testing.assert_allclose(found.observations[found.times < 0.5], LEVELS["ann"], atol=0.02)


@pytest.mark.parametrize(("frames", "number"), [(2, 1), (3, 2)])
def test_a_voice_needs_three_frames_of_a_region(frames, number):
    turns = [(10 * FRAME / RATE, (REGION + frames) * FRAME / RATE, "ann")]
    assert len(heard([SOUND], front_end_of(turns)).times) == number


@pytest.mark.parametrize("width", [160, 800, 4000])
def test_observations_come_within_the_latency(width):
    front_end = front_end_of([(0.0, 9.0, "ann"), *TURNS], width)
    listener = front_end.listener()
    for start in range(0, len(SOUND), 80):
        found = listener.push(SOUND[start : start + 80])
        assert (start / RATE - found.spans[:, 1] <= front_end.latency).all()


def test_a_listener_holds_only_what_it_needs():
    """Whoever is faster, the encoder or the segmentation, and whether somebody speaks."""
    for turns, width in [([(0, 1000, "ann")], 160), ([(0, 1000, "ann")], 16000), ([(0.0, 0.5, "ann")], 160)]:
        listener = front_end_of(turns, width).listener()
        for _ in range(20):
            listener.push(SOUND)
            assert len(listener._frames) < (3 * CONTEXT + 3 * REGION) * FRAME / STEP + 16000 / STEP
            assert len(listener._regions) <= 5


def test_a_voice_between_two_frames_of_the_encoder_is_pooled():
    """The encoder's first frame is in the middle of 0.6 s; the voice ended before."""
    found = heard([SOUND[:2200]], front_end_of([(0.0, 0.25, "ann")], 4800))
    assert np.isfinite(found.observations).all()
    assert found.observations.shape == (1, 1)


def test_nothing_is_heard_of_no_sound():
    assert len(heard([], front_end_of(TURNS)).times) == 0
    assert len(heard([SOUND[:1]], front_end_of(TURNS)).times) == 0


def test_a_front_end_is_known_by_its_parts():
    front_end = front_end_of(TURNS)
    assert (front_end.name, front_end.rate, front_end.dim) == ("tiny/known", RATE, 1)


def test_parts_of_different_rates_are_refused():
    encoder = TinyEncoder()
    encoder.rate = 16000
    with pytest.raises(uisrnn.ArgumentError, match="must take the same rate, but take 16000 and 8000 Hz"):
        SegmentedFrontEnd(encoder, KnownSegmentation(TURNS))


def test_turns_overlap_where_people_speak_at_once(model):
    """Edges are those of frames."""
    turns = [(0.0, 3.0, "low"), (2.2, 5.0, "high"), (5.5, 7.0, "low")]
    front_end = SegmentedFrontEnd(TinyEncoder(band_energies, 16, 800), KnownSegmentation(turns))
    high = conversation([("", 2.2), ("high", 2.8), ("", 2.0)])
    sound = conversation([("low", 3.0), ("", 2.5), ("low", 1.5)]) + high
    pytest.importorskip("pyannote.core")
    found = diarize((sound, RATE), model=model, front_end=front_end)
    tracks = [(segment.start, segment.end, speaker) for segment, _, speaker in found.itertracks(yield_label=True)]
    assert [speaker for *_, speaker in tracks] == ["speaker0", "speaker1", "speaker0"]
    np.testing.assert_allclose([track[:2] for track in tracks], [turn[:2] for turn in turns], atol=0.0085)
    alone = diarize((sound, RATE), model=model, front_end=front_end, exclusive=True)
    assert not alone.get_overlap()
    assert alone.get_timeline().support() == found.get_timeline().support()
