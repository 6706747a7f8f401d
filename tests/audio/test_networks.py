"""The networks with their published weights, beside what the packages of these weights compute (`tests/golden`)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sounds import dialogue
from uisrnn.audio.front_ends.networks import segmentation, weights
from uisrnn.audio.front_ends.networks.campplus import CAMPPlus
from uisrnn.audio.front_ends.networks.filterbanks import Filterbanks
from uisrnn.audio.front_ends.networks.segmentation import SegmentationNetwork
from uisrnn.audio.front_ends.networks.silero import CONTEXT, FRAME, SileroNetwork

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "networks.json").read_text())
EVERY = 13  # numbers, of which the golden file has one
SOUND = dialogue()


def needs(name):
    """Skips a test if there are no weights."""
    published = weights.PUBLISHED[name]
    missing = weights.place_of(name) is None
    return pytest.mark.skipif(missing, reason=f"there are no weights of {published.origin}: {published.install}")


@pytest.fixture(scope="module")
def bands():
    pytest.importorskip("kaldi_native_fbank")
    return Filterbanks(80).push(SOUND)


def test_filterbanks_are_those_of_kaldi(bands):
    np.testing.assert_allclose(bands[::EVERY, ::EVERY], GOLDEN["filterbanks"], atol=1e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 8000), max_size=20))
def test_filterbanks_of_blocks_are_those_of_the_whole(cuts):
    pytest.importorskip("kaldi_native_fbank")
    sound, computer = SOUND[:8000], Filterbanks(80)
    parts = [computer.push(part) for part in np.split(sound, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(parts), Filterbanks(80).push(sound))


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_a_filterbank_needs_400_samples_and_160_more_for_the_next(samples, frames):
    pytest.importorskip("kaldi_native_fbank")
    assert Filterbanks(80).push(SOUND[:samples]).shape == (frames, 80)


@needs("campplus")
def test_a_voice_of_campplus_is_that_of_its_own_code(bands):
    """The network of the package ends with a ReLU."""
    network = weights.load("campplus", None, CAMPPlus)
    with torch.inference_mode():
        frames = network.frames(torch.from_numpy(bands - bands.mean(axis=0))[None])[0]
        voice = network.voices(frames, torch.ones(1, frames.shape[1]))[0].relu().numpy()
    np.testing.assert_allclose(voice[::EVERY], GOLDEN["campplus"], atol=1e-3)


@needs("campplus")
def test_a_weight_of_two_is_a_frame_twice():
    network = weights.load("campplus", None, CAMPPlus)
    frames = torch.from_numpy(np.random.default_rng(0).normal(size=(network.channels, 5)).astype(np.float32))
    counts = torch.tensor([1, 2, 0, 1, 3])
    repeated = frames.repeat_interleave(counts, dim=1)
    alone = network.voices(repeated, torch.ones(1, 7))
    np.testing.assert_allclose(network.voices(frames, counts[None].float()), alone, atol=1e-4)


@needs("segmentation")
def test_classes_of_the_segmentation_are_those_of_its_own_code():
    network = weights.load("segmentation", None, SegmentationNetwork)
    with torch.inference_mode():
        classes = network(torch.from_numpy(SOUND)[None])[0].numpy()
    assert classes.shape == (segmentation.frames_of(len(SOUND)), 7)
    np.testing.assert_allclose(classes.T[:, ::EVERY], GOLDEN["segmentation"], atol=2e-3)


def test_classes_mean_nobody_single_speakers_and_pairs():
    expected = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    assert segmentation.powerset().tolist() == expected


@needs("silero")
def test_probabilities_of_silero_are_those_of_its_own_code():
    probabilities = speech_of(SOUND)
    np.testing.assert_allclose(probabilities[::EVERY], GOLDEN["silero"], atol=1e-3)
    assert (probabilities[30:120] > 0.5).mean() > 0.9  # a voice


@needs("silero")
def test_silence_is_no_speech():
    assert (speech_of(np.zeros(32000, dtype=np.float32))[5:] < 0.1).all()


@needs("silero")
def test_the_state_of_silero_goes_on_from_block_to_block():
    network = weights.load("silero", None, SileroNetwork)
    frames = silero_frames(SOUND)
    whole, _ = network(frames, None)
    first, state = network(frames[:100], None)
    second, _ = network(frames[100:], state)
    np.testing.assert_allclose(torch.cat([first, second]), whole, atol=1e-5)


def silero_frames(sound):
    padded = np.append(np.zeros(CONTEXT, np.float32), sound)
    return torch.from_numpy(np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + FRAME)[::FRAME].copy())


def speech_of(sound):
    network = weights.load("silero", None, SileroNetwork)
    with torch.inference_mode():
        return network(silero_frames(sound), None)[0].numpy()
