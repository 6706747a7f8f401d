"""Each channel of a recording by itself."""

import numpy as np
import pytest

from uisrnn.audio.sources.opening import channels_of, recording
from uisrnn.audio.split import turns_of_each
from uisrnn.turns.turn import Turn

LEFT = np.linspace(-0.5, 0.5, 8000)
RIGHT = np.linspace(0.3, -0.3, 8000)


def read(source):
    return np.concatenate(list(source.blocks(8000)))


@pytest.fixture
def call(written):
    return written(np.stack([LEFT, RIGHT], axis=1), subtype="FLOAT")


def test_each_channel_is_a_recording(call):
    left, right = channels_of(call)
    np.testing.assert_allclose(read(left), LEFT, atol=1e-7)
    np.testing.assert_allclose(read(right), RIGHT, atol=1e-7)
    assert (left.name, right.name) == ("meeting:1", "meeting:2")
    assert (left.channels, left.rate, left.seconds) == (1, 8000, 1.0)


def test_the_only_channel_is_the_recording():
    (only,) = channels_of((LEFT[:, None], 8000))
    np.testing.assert_allclose(read(only), LEFT, atol=1e-7)
    assert only.name == recording((LEFT, 8000)).name


def test_an_error_names_the_channel():
    sound = np.stack([LEFT, np.full(8000, np.nan)], axis=1)
    left, right = channels_of((sound, 8000))
    read(left)
    with pytest.raises(ValueError, match=r"^waveform, channel 2: samples must be between -1 and 1"):
        read(right)


def turns_of_call(*channels):
    """The turns of a call for whose channels these turns are found."""
    sources = channels_of((np.zeros((10, len(channels))), 8000))
    by_name = dict(zip([source.name for source in sources], channels, strict=True))
    return turns_of_each(sources, lambda source: by_name[source.name])


def test_speakers_of_two_channels_are_different():
    turns = turns_of_call([Turn(0, 1, 0), Turn(4, 5, 1)], [Turn(2, 3, 0)])
    assert turns == [Turn(0, 1, 0), Turn(2, 3, 2), Turn(4, 5, 1)]


def test_a_silent_channel_takes_no_number():
    assert turns_of_call([], [Turn(2, 3, 0)], [Turn(1, 3, 0)]) == [Turn(1, 3, 1), Turn(2, 3, 0)]


def test_known_speakers_keep_their_names():
    assert turns_of_call([Turn(0, 1, "ann")], [Turn(2, 3, 0)]) == [Turn(0, 1, "ann"), Turn(2, 3, 0)]
