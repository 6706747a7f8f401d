"""Chunks slide over the sound, and give the regions in their middle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uisrnn.audio.front_ends.sliding import REGION, SlidingSegmenter

STEP = 270  # samples of a frame
FRAMES = 200
SAMPLES = FRAMES * STEP + 100
SOUND = (np.random.default_rng(0).uniform(size=1500).repeat(STEP)[:400_123] > 0.5).astype(np.float32)
SHAPES = [(1, 30), (2, 50), (4, 0), (4, 50)]  # regions of a chunk, frames after them


def loud(chunk):
    """(frame, 2) whether the samples of a frame are loud, or not: nothing depends on the place of the chunk."""
    frames = chunk[: FRAMES * STEP].reshape(FRAMES, STEP).mean(axis=1) > 0.5
    return np.stack([frames, ~frames], axis=1)


def segmented(parts, shape, segment=loud):
    segmenter = SlidingSegmenter(segment, SAMPLES, FRAMES, *shape)
    return [*(region for part in parts for region in segmenter.push(part)), *segmenter.flush()]


def expected_frames(sound, number):
    """Whether each frame is loud; after the end is silence."""
    padded = np.append(sound, np.zeros((number + 1) * STEP, np.float32))
    return padded[: number * STEP].reshape(number, STEP).mean(axis=1) > 0.5


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, len(SOUND)), max_size=12), st.integers(0, len(SOUND)), st.sampled_from(SHAPES))
def test_the_cut_does_not_matter(cuts, length, shape):
    sound = SOUND[:length]
    whole = segmented([sound], shape)
    parts = segmented(np.split(sound, sorted(min(cut, length) for cut in cuts)), shape)
    assert [(region.start, region.end, region.first) for region in parts] == [
        (region.start, region.end, region.first) for region in whole
    ]
    for mine, expected in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(mine.activity, expected.activity)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, len(SOUND)), st.sampled_from(SHAPES))
def test_regions_follow_each_other_from_start_to_end(length, shape):
    regions = segmented([SOUND[:length]], shape)
    assert [(region.start, region.end) for region in regions] == [
        (start, start + REGION) for start in range(0, len(regions) * REGION, REGION)
    ]
    assert regions[-1].end * STEP >= length


@pytest.mark.parametrize("shape", SHAPES)
def test_each_frame_of_each_region_is_the_frame_of_the_recording(shape):
    regions = segmented([SOUND], shape)
    frames = expected_frames(SOUND, regions[-1].end + FRAMES)
    for region in regions:
        around = frames[region.first : region.first + len(region.activity)]
        np.testing.assert_array_equal(region.activity[:, 0], around)
        assert region.first + len(region.activity) >= region.end


@pytest.mark.parametrize("shape", SHAPES)
def test_around_a_region_are_the_frames_of_its_chunk_from_the_start_of_the_recording_on(shape):
    regions = segmented([SOUND], shape)
    for number, region in enumerate(regions):
        after = (shape[0] - 1 - number % shape[0]) * REGION + shape[1]  # frames of the chunk after the region
        before = FRAMES - REGION - after
        assert region.first == max(0, region.start - before)
        assert region.first + len(region.activity) == region.end + after


def test_no_sound_has_no_regions():
    assert segmented([], (2, 50)) == []
    assert segmented([SOUND[:0]], (2, 50)) == []


def test_sound_before_the_recording_is_silence():
    starts = []
    segmented([SOUND], (2, 50), lambda chunk: starts.append(chunk[:STEP].max()) or loud(chunk))
    assert starts[0] == 0
    assert max(starts) == 1


def test_a_segmenter_holds_no_more_than_a_chunk():
    segmenter = SlidingSegmenter(loud, SAMPLES, FRAMES, 2, 50)
    for _ in range(10):
        segmenter.push(SOUND)
        assert len(segmenter._sound) < SAMPLES
