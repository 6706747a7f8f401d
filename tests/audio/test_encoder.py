"""Encoders: what they keep to is checked, and helped with."""

import numpy as np
import pytest

import uisrnn
from uisrnn.audio import WindowEncoder
from uisrnn.audio.front_ends.encoder import Grid, encode

SOUND = np.random.default_rng(0).normal(scale=0.1, size=20000).astype(np.float32)


def levels(windows):
    return windows.std(axis=1, keepdims=True)


def test_windows_are_where_their_times_say():
    encoder = WindowEncoder(lambda windows: windows[:, ::4000], 8000, window=1, hop=0.25)
    observations, times = encoder(SOUND, 8000)
    starts = np.round((times - 0.5) * 8000).astype(int)
    np.testing.assert_array_equal(starts, np.arange(7) * 2000)
    np.testing.assert_array_equal(observations, np.stack([SOUND[starts], SOUND[starts + 4000]], axis=1))


def test_batches_change_nothing_and_are_small():
    sizes = []

    def watched(windows):
        sizes.append(len(windows))
        return levels(windows)

    whole = WindowEncoder(levels, 8000, 1, 0.1)(SOUND, 8000)[0]
    np.testing.assert_array_equal(WindowEncoder(watched, 8000, 1, 0.1, batch=4)(SOUND, 8000)[0], whole)
    assert sizes == [4, 4, 4, 4]


def test_pieces_are_encoded_as_the_whole_is():
    encoder = WindowEncoder(levels, 8000, 1, 0.25)
    whole, times = encoder(SOUND, 8000)
    piece, later = encoder(SOUND[2 * 2000 : 2 * 2000 + 8000 + 2000], 8000)
    np.testing.assert_array_equal(piece, whole[2:4])
    np.testing.assert_allclose(later + 0.5, times[2:4])


def test_a_hop_that_is_no_number_of_samples_is_rounded_and_told():
    encoder = WindowEncoder(levels, 11025, 0.8, 0.33333)
    assert encoder.hop == round(0.33333 * 11025) / 11025
    assert encoder(SOUND, 11025)[1][1] - encoder(SOUND, 11025)[1][0] == pytest.approx(encoder.hop)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((8000, 0, 0.4), "window must be a number of seconds"),
        ((8000, 0.8, -1), "hop must be"),
        ((8000, float("nan"), 0.4), "window must be"),
        ((8000, "x", 0.4), "window must be"),
        ((1, 0.8, 0.4), "rate must be"),
        ((8000, 0.8, 0.4, 0), "batch must be"),
    ],
)
def test_numbers_that_are_none(arguments, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        WindowEncoder(levels, *arguments)


class Foreign:
    """An encoder that someone wrote."""

    rate, window, hop = 8000, 1.0, 0.5

    def __init__(self, observations, times):
        self.answer = observations, times

    def __call__(self, waveform, rate):
        return self.answer


@pytest.mark.parametrize(
    ("observations", "times", "message"),
    [
        (np.zeros((2, 4)), [0.5, 1.0], r"need as many observations and times, but these are \(2, 4\) and \(2,\)"),
        (np.zeros((1, 4)), [0.5, 1.0], r"\(1, 4\) and \(2,\)"),
        (np.zeros((1, 4)), [8.0], "times must lie within their windows"),
        (np.zeros((1, 4)), [np.nan], "times must lie within their windows"),
    ],
)
def test_foreign_encoders_are_checked(observations, times, message):
    encoder = Foreign(observations, times)
    with pytest.raises(uisrnn.InputError, match=message):
        encode(encoder, SOUND[:8000], Grid.of(encoder))


def test_another_rate_or_too_little_sound():
    encoder = WindowEncoder(levels, 8000, 1, 0.5)
    with pytest.raises(uisrnn.InputError, match="takes 8000 Hz, but the waveform has 16000"):
        encoder(SOUND, 16000)
    with pytest.raises(uisrnn.InputError, match="needs 8000 samples, but the waveform has 7999"):
        encoder(SOUND[:7999], 8000)
