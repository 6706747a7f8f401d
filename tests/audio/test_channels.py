"""Channels become one, and what cancels itself in their mean is still heard."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from sounds import RATE, TURNS, conversation, voice
from uisrnn.audio.sources.channels import Mixdown
from uisrnn.audio.sources.opening import recording

SPEECH = conversation(TURNS).astype(np.float32)
NOISE = 0.01 * np.random.default_rng(0).normal(size=(2, len(SPEECH))).astype(np.float32)


def mixed(channels, cuts=()):
    samples = np.stack(channels, axis=1)
    mixdown = Mixdown(RATE, "call")
    return np.concatenate([*map(mixdown.push, np.split(samples, sorted(cuts))), mixdown.flush()])


def quietly(channels, cuts=()):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mixed(channels, cuts)


def test_channels_are_averaged():
    """Two people on a channel each, and no warning."""
    low, high = SPEECH, np.roll(SPEECH, 5000)
    np.testing.assert_allclose(mixed([low, high]), (low + high) / 2, atol=1e-7)


def test_channels_that_cancel_each_other_are_heard():
    with pytest.warns(UserWarning, match="call: its channels cancel each other, so channel 1 is heard in place of"):
        np.testing.assert_array_equal(mixed([SPEECH, -SPEECH]), SPEECH)


@pytest.mark.parametrize(("gain", "loudest"), [(-0.5, 1), (-0.8, 1), (-1.25, -1.25), (-2, -2)])
def test_the_louder_channel_is_heard(gain, loudest):
    found = quietly([SPEECH, np.float32(gain) * SPEECH])
    np.testing.assert_array_equal(found, np.float32(loudest) * SPEECH)


@pytest.mark.parametrize("gain", [-0.3, -3, 0, 1])
def test_the_mean_is_heard_if_enough_is_left_in_it(gain):
    found = mixed([SPEECH, np.float32(gain) * SPEECH])
    np.testing.assert_allclose(found, (1 + gain) / 2 * SPEECH, atol=1e-7)


def test_noise_of_both_microphones_does_not_hide_that_they_cancel():
    found = quietly([SPEECH + NOISE[0], -SPEECH + NOISE[1]])
    assert np.square(found).sum() > 0.9 * np.square(SPEECH).sum()


def test_the_heard_channel_does_not_change_with_small_differences():
    """Else the sign of the sound would change with every segment."""
    found = quietly([SPEECH + NOISE[0], -SPEECH + NOISE[1]])
    assert np.corrcoef(found, SPEECH)[0, 1] ** 2 > 0.9


def test_the_warning_comes_once():
    normal = voice("low", 30).astype(np.float32)
    left = np.concatenate([SPEECH, normal, SPEECH])
    right = np.concatenate([-SPEECH, normal, -SPEECH])
    with pytest.warns(UserWarning, match="cancel") as told:
        found = mixed([left, right])
    assert len(told) == 1
    np.testing.assert_array_equal(found[len(SPEECH) + 15 * RATE :][: 15 * RATE], normal[15 * RATE :])


def test_silence_is_silence_without_a_warning():
    assert not mixed([1e-5 * SPEECH, -1e-5 * SPEECH]).any()


@given(st.lists(st.integers(0, len(SPEECH)), max_size=20), st.integers(-3, 0))
def test_how_sound_is_cut_does_not_matter(cuts, gain):
    channels = [SPEECH + NOISE[0], np.float32(gain) * SPEECH + NOISE[1], NOISE[0]]
    np.testing.assert_array_equal(quietly(channels, cuts), quietly(channels))


def test_the_output_lags_by_less_than_a_segment():
    mixdown, given = Mixdown(RATE, "call"), 0
    for start in range(0, 8000, 100):
        given += len(mixdown.push(np.stack([SPEECH, SPEECH], axis=1)[start : start + 100]))
        assert start + 100 - given < 0.1 * RATE


def test_the_number_of_channels_stays_the_same():
    mixdown = Mixdown(RATE, "call")
    mixdown.push(np.zeros((10, 2), dtype=np.float32))
    with pytest.raises(uisrnn.InputError, match="call: must have 2 channels as before, but has 1"):
        mixdown.push(np.zeros((10, 1), dtype=np.float32))


def test_the_recording_is_named(written):
    path = written(np.stack([SPEECH, -SPEECH], axis=1), subtype="FLOAT")
    with pytest.warns(UserWarning, match=r"meeting\.wav: its channels cancel each other"):
        found = np.concatenate(list(recording(path).blocks(RATE)))
    np.testing.assert_allclose(found, SPEECH, atol=1e-7)
