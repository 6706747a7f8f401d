"""From a file to who speaks when."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import uisrnn
from sounds import RATE, TURNS, conversation
from uisrnn.audio import KnownSpeech, LevelActivity, WindowEncoder, diarize, embed
from uisrnn.audio.diarization import recentered

pytest.importorskip("soundfile", reason="reads audio")
pytest.importorskip("pyannote.core", reason="holds turns")

TRUTH = [(0, 2.1, "speaker0"), (3, 6, "speaker1"), (6, 7.8, "speaker0"), (9, 11.4, "speaker2"), (11.4, 12.9, "speaker1")]  # fmt: skip # noqa: E501


def turns(annotation):
    return [(round(one.start, 6), round(one.end, 6), name) for one, _, name in annotation.itertracks(yield_label=True)]


def test_turns_are_found(model, encoder, activity, meeting, written):
    found = diarize(written(meeting), model=model, encoder=encoder, voice_activity=activity)
    assert found.uri == "meeting"
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]
    np.testing.assert_allclose([one[:2] for one in turns(found)], [one[:2] for one in TRUTH], atol=0.31)


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_U8"), ("a.flac", "PCM_16"), ("a.ogg", None), ("a.mp3", None)])  # fmt: skip # noqa: E501
def test_formats(name, subtype, model, encoder, written):
    path = written(conversation(TURNS, rate=44100), 44100, name=name, subtype=subtype)
    found = diarize(path, model=model, encoder=encoder, voice_activity=LevelActivity(-40))
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]


def test_channels_may_be_many(model, encoder, activity, meeting):
    sound = np.stack([meeting, 0 * meeting, meeting], axis=1)
    found = diarize((sound, RATE), model=model, encoder=encoder, voice_activity=activity)
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]


def test_the_number_of_speakers_may_be_known(model, encoder, activity, meeting):
    found = diarize((meeting, RATE), model=model, encoder=encoder, voice_activity=activity, num_speakers=2)
    assert found.labels() == ["speaker0", "speaker1"]
    short = conversation([("low", 0.8)])
    assert diarize((short, RATE), model=model, encoder=encoder, voice_activity=activity, num_speakers=9).labels()


def test_known_speakers_have_their_names(model, encoder, activity, meeting):
    ann = embed((conversation([("high", 3)]), RATE), encoder, voice_activity=activity)
    found = diarize((meeting, RATE), model=model, encoder=encoder, voice_activity=activity, clusters={"ann": ann.observations})  # fmt: skip # noqa: E501
    assert [name for *_, name in turns(found)] == ["speaker0", "ann", "speaker0", "speaker1", "ann"]


def test_pauses_and_short_turns(model, encoder, meeting):
    known = KnownSpeech([(0, 1, "x"), (1.25, 2.1, "x"), (3, 5.5, "x")])
    common = {"model": model, "encoder": encoder, "voice_activity": known}
    joined = [(0.0, 2.1, "speaker0"), (3.0, 5.5, "speaker1")]
    apart = [(0.0, 1.0, "speaker0"), (1.25, 2.1, "speaker0"), (3.0, 5.5, "speaker1")]
    assert turns(diarize((meeting, RATE), **common)) == joined
    assert turns(diarize((meeting, RATE), min_gap=0.2, **common)) == apart
    assert len(turns(diarize((meeting, RATE), min_turn=2.5, **common))) == 1


def test_timestamps_travel_with_observations(encoder, activity, meeting, written):
    found = embed(written(meeting, name="monday.wav"), encoder, voice_activity=activity)
    assert found.name == "monday"
    assert found.labels is None
    assert found.observations.shape == (len(found.times), 16)
    assert (found.info["window"], found.info["hop"]) == (0.6, 0.3)
    speech = np.array(found.info["speech"])
    assert all(((speech[:, 0] - 0.15 <= time) & (time <= speech[:, 1] + 0.15)).any() for time in found.times)


def test_pieces_of_a_file_are_the_whole(encoder, activity, meeting, written):
    """Three minutes, which are read in blocks of one."""
    sound = np.tile(meeting, 14)
    path = written(sound, subtype="FLOAT")
    found = embed(path, encoder, voice_activity=activity)
    whole, times = encoder(np.append(sound, np.zeros(4800)).astype(np.float32), RATE)
    windows = np.round((found.times - times[0]) / 0.3).astype(int)
    np.testing.assert_allclose(found.times, times[windows])
    np.testing.assert_allclose(found.observations, whole[windows], atol=1e-6)
    assert len(windows) > 500


def test_silence_has_no_turns(model, encoder, activity, written):
    path = written(np.zeros(3 * RATE))
    found = diarize(path, model=model, encoder=encoder, voice_activity=activity)
    assert len(found) == 0
    assert found.uri == "meeting"
    with pytest.raises(uisrnn.InputError, match=r"meeting\.wav: there is no speech in it"):
        embed(path, encoder, voice_activity=activity)


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.zeros(0), "there are no samples in it"),
        (np.zeros(4000), r"lasts 0\.50 s, but one window needs 0\.60 s"),
        (np.full(8000, np.nan), "is nan"),
    ],
)
def test_what_cannot_be_diarized(sound, message, model, encoder, activity, written):
    with pytest.raises(uisrnn.InputError, match=rf"meeting\.wav: .*{message}"):
        diarize(written(sound, subtype="FLOAT"), model=model, encoder=encoder, voice_activity=activity)


def no_work(windows):
    """Embeds the one window by which the dimension is found."""
    assert len(windows) == 1, "the work began"
    return windows[:, :16]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_speakers": 0}, "num_clusters must be"),
        ({"min_gap": -1}, "min_gap must be a number of seconds >= 0"),
        ({"min_turn": "x"}, "min_turn must be"),
        ({"num_speakers": 3, "inference_args": uisrnn.InferenceArguments(max_clusters=2)}, "num_clusters"),
        ({"clusters": {"ann": np.zeros((2, 5))}}, "5"),
        ({"model": None}, "an encoder needs a model that was trained on its observations"),
        ({"model": "resemblyzer"}, "model must be a UISRNN"),
        ({"recenter": 0.5, "clusters": {"ann": np.zeros((2, 16))}}, "give one of them"),
        ({"recenter": 1.5}, "recenter must be a number from 0 to 1, but is 1.5"),
        ({"recenter": True}, "recenter must be a number from 0 to 1"),
        ({"voice_activity": 5}, "voice_activity must have a detector, see VoiceActivity, but is 5"),
    ],
)
def test_bad_arguments_are_told_before_the_work(arguments, message, model, activity, meeting):
    common = {"model": model, "encoder": WindowEncoder(no_work, RATE, 0.6, 0.3), "voice_activity": activity}
    with pytest.raises(uisrnn.UISRNNError, match=message):
        diarize((meeting, RATE), **{**common, **arguments})


def test_recentering_takes_off_what_a_channel_adds(model):
    """All of it gives the mean that the model was trained with, whatever was added; none of it changes nothing."""
    x = np.random.default_rng(0).normal(size=(50, model.observation_dim)).astype(np.float32)
    for offset in (0, 3):
        moved = recentered(x + np.float32(offset), model, 1.0)
        np.testing.assert_allclose(moved.mean(axis=0), model.observation_mean, atol=1e-5)
    half = recentered(x, model, 0.5)
    np.testing.assert_allclose(half, x - 0.5 * (x.mean(axis=0) - model.observation_mean), atol=1e-5)
    assert (recentered(x, model, 0.0) == x).all()


def test_recentering_needs_a_model_that_knows_its_mean(encoder, activity, meeting):
    gru = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=16, rnn_hidden_size=4, transition_bias=0.5, verbosity=1))
    with pytest.raises(uisrnn.ArgumentError, match="recenter needs a model of the plda family, but it is gru"):
        diarize((meeting, RATE), model=gru, encoder=encoder, voice_activity=activity, recenter=0.5)


def test_a_model_of_another_dimension_is_told_before_the_work(square_model, activity, meeting):
    encoder = WindowEncoder(no_work, RATE, 0.6, 0.3)
    with pytest.raises(uisrnn.ArgumentError, match="makes observations of 16 dimensions, but the model knows 2"):
        diarize((meeting, RATE), model=square_model, encoder=encoder, voice_activity=activity)


def test_a_missing_file(model, encoder, activity, tmp_path):
    with pytest.raises(FileNotFoundError):
        diarize(tmp_path / "gone.wav", model=model, encoder=encoder, voice_activity=activity)


@pytest.mark.parametrize("package", ["soundfile", "soxr", "webrtcvad", "resemblyzer", "pyannote.core"])
def test_a_missing_package_is_answered_with_the_command(package, written, meeting, monkeypatch):
    if importlib.util.find_spec("resemblyzer") is None:
        pytest.skip("Resemblyzer is not installed")
    path = written(meeting)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(uisrnn.MissingExtraError, match=rf"needs {package}: pip install 'uisrnn\[audio\]'"):
        diarize(path)


_MEASURE = """
import resource, sys
import numpy as np
from uisrnn.audio import LevelActivity, WindowEncoder, embed
encoder = WindowEncoder(lambda windows: windows[:, :64] + 1, 8000, 0.8, 0.4)
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
embed(sys.argv[1], encoder, voice_activity=LevelActivity(-60))
before = used()
found = embed(sys.argv[2], encoder, voice_activity=LevelActivity(-60))
print(len(found), used() - before)
"""


@pytest.mark.slow
def test_an_hour_takes_the_memory_of_its_observations(written):
    """What three minutes need is not counted; the hour is 230 MB of float32 at its rate of 16 kHz."""
    noise = 0.1 * np.random.default_rng(0).normal(size=16000 * 180)
    short, long = written(noise, 16000, "short.wav"), written(np.tile(noise, 20), 16000, "long.wav")
    command = [sys.executable, "-c", _MEASURE, str(short), str(long)]
    number, grown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(number) > 8900
    assert float(grown) < 25
