"""From a file to who speaks when."""

import subprocess
import sys

import numpy as np
import pytest

import uisrnn
from sounds import RATE, TURNS, conversation
from uisrnn.audio import KnownSpeech, LevelActivity, WindowedFrontEnd, diarize, embed

pytest.importorskip("soundfile", reason="reads audio")
pytest.importorskip("pyannote.core", reason="holds turns")

TRUTH = [(0, 2.1, "speaker0"), (3, 6, "speaker1"), (6, 7.8, "speaker0"), (9, 11.4, "speaker2"), (11.4, 12.9, "speaker1")]  # fmt: skip # noqa: E501


def turns(annotation):
    tracks = annotation.itertracks(yield_label=True)
    return [(round(segment.start, 6), round(segment.end, 6), speaker) for segment, _, speaker in tracks]


def test_turns_are_found(model, front_end, meeting, written):
    found = diarize(written(meeting), model=model, front_end=front_end)
    assert found.uri == "meeting"
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]
    np.testing.assert_allclose([one[:2] for one in turns(found)], [one[:2] for one in TRUTH], atol=0.31)


@pytest.mark.parametrize(("name", "subtype"), [("a.wav", "PCM_U8"), ("a.flac", "PCM_16"), ("a.ogg", None), ("a.mp3", None)])  # fmt: skip # noqa: E501
def test_formats(name, subtype, model, encoder, written):
    path = written(conversation(TURNS, rate=44100), 44100, name=name, subtype=subtype)
    found = diarize(path, model=model, front_end=WindowedFrontEnd(encoder, LevelActivity(-40)))
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]


def test_channels_by_themselves_never_share_a_speaker(model, front_end, meeting, written):
    """The same sound on both channels has other labels on each; what the channels have alone is found alone."""
    path = written(np.stack([meeting, meeting], axis=1), name="call.wav")
    found = diarize(path, model=model, front_end=front_end, channels="split")
    alone = turns(diarize((meeting, RATE), model=model, front_end=front_end))
    again = {"speaker0": "speaker3", "speaker1": "speaker4", "speaker2": "speaker5"}
    assert found.uri == "call"
    assert sorted(turns(found)) == sorted([*alone, *((start, end, again[name]) for start, end, name in alone)])


def test_channels_may_be_many(model, front_end, meeting):
    sound = np.stack([meeting, 0 * meeting, meeting], axis=1)
    found = diarize((sound, RATE), model=model, front_end=front_end)
    assert [name for *_, name in turns(found)] == [name for *_, name in TRUTH]


def test_the_number_of_speakers_may_be_known(model, front_end, meeting):
    found = diarize((meeting, RATE), model=model, front_end=front_end, num_speakers=2)
    assert found.labels() == ["speaker0", "speaker1"]
    short = conversation([("low", 0.8)])
    assert diarize((short, RATE), model=model, front_end=front_end, num_speakers=9).labels()


def test_known_speakers_have_their_names(model, front_end, meeting):
    ann = embed((conversation([("high", 3)]), RATE), front_end)
    found = diarize((meeting, RATE), model=model, front_end=front_end, clusters={"ann": ann.observations})  # fmt: skip
    assert [name for *_, name in turns(found)] == ["speaker0", "ann", "speaker0", "speaker1", "ann"]


def test_pauses_and_short_turns(model, encoder, meeting):
    known = KnownSpeech([(0, 1, "x"), (1.25, 2.1, "x"), (3, 5.5, "x")])
    common = {"model": model, "front_end": WindowedFrontEnd(encoder, known)}
    joined = [(0.0, 2.1, "speaker0"), (3.0, 5.5, "speaker1")]
    apart = [(0.0, 1.0, "speaker0"), (1.25, 2.1, "speaker0"), (3.0, 5.5, "speaker1")]
    assert turns(diarize((meeting, RATE), **common)) == joined
    assert turns(diarize((meeting, RATE), min_gap=0.2, **common)) == apart
    assert len(turns(diarize((meeting, RATE), min_turn=2.5, **common))) == 1


def test_times_and_spans_travel_with_observations(front_end, meeting, written):
    found = embed(written(meeting, name="monday.wav"), front_end)
    assert (found.name, found.labels) == ("monday", None)
    assert found.observations.shape == (len(found.times), 16)
    assert found.info["front_end"] == "WindowEncoder"
    spans = np.array(found.info["spans"])
    assert (np.abs(spans.mean(axis=1) - found.times) <= 0.15).all()


def test_pieces_of_a_file_are_the_whole(encoder, front_end, meeting, written):
    """Three minutes, which are read in blocks of one."""
    sound = np.tile(meeting, 14)
    path = written(sound, subtype="FLOAT")
    found = embed(path, front_end)
    whole, times = encoder(np.append(sound, np.zeros(4800)).astype(np.float32), RATE)
    windows = np.round((found.times - times[0]) / 0.3).astype(int)
    np.testing.assert_allclose(found.times, times[windows])
    np.testing.assert_allclose(found.observations, whole[windows], atol=1e-6)
    assert len(windows) > 500


def test_silence_has_no_turns(model, front_end, written):
    path = written(np.zeros(3 * RATE))
    found = diarize(path, model=model, front_end=front_end)
    assert len(found) == 0
    assert found.uri == "meeting"
    with pytest.raises(uisrnn.InputError, match=r"meeting\.wav: there is no speech in it"):
        embed(path, front_end)


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.zeros(0), "there are no samples in it"),
        (np.zeros(4000), r"lasts 0\.50 s, but an observation needs 0\.60 s"),
        (np.full(8000, np.nan), "is nan"),
    ],
)
def test_what_cannot_be_diarized(sound, message, model, front_end, written):
    with pytest.raises(uisrnn.InputError, match=rf"meeting\.wav: .*{message}"):
        diarize(written(sound, subtype="FLOAT"), model=model, front_end=front_end)


class Lazy:
    """A front end that must not start to work."""

    name, rate, dim, shortest, latency = "lazy", RATE, 16, 0.6, 1.0

    def listener(self):
        raise AssertionError("the work began")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_speakers": 0}, "num_clusters must be"),
        ({"min_gap": -1}, "min_gap must be a number of seconds >= 0"),
        ({"min_turn": "x"}, "min_turn must be"),
        ({"num_speakers": 3, "inference_args": uisrnn.InferenceArguments(max_clusters=2)}, "num_clusters"),
        ({"clusters": {"ann": np.zeros((2, 5))}}, "5"),
        ({"model": None}, "a front end needs a model that was trained on its observations, but model is None"),
        ({"model": "resemblyzer"}, "model must be a UISRNN"),
        ({"channels": "left"}, "channels must be one of mix, split, but is 'left'"),
        ({"channels": []}, "channels must be one of"),
    ],
)
def test_bad_arguments_are_told_before_the_work(arguments, message, model, meeting):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        diarize((meeting, RATE), **{"model": model, "front_end": Lazy(), **arguments})


def test_a_model_of_another_dimension_is_told_before_the_work(square_model, meeting):
    with pytest.raises(uisrnn.ArgumentError, match="makes observations of 16 dimensions, but the model takes 2"):
        diarize((meeting, RATE), model=square_model, front_end=Lazy())


def test_a_missing_file(model, front_end, tmp_path):
    with pytest.raises(FileNotFoundError):
        diarize(tmp_path / "gone.wav", model=model, front_end=front_end)


@pytest.mark.parametrize("package", ["soundfile", "soxr", "pyannote.core"])
def test_a_missing_package_is_answered_with_the_command(package, model, front_end, meeting, written, monkeypatch):
    path = written(np.repeat(meeting, 2), 2 * RATE)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(uisrnn.MissingExtraError, match=rf"needs {package}: pip install 'uisrnn\[audio\]'"):
        diarize(path, model=model, front_end=front_end)


_MEASURE = """
import resource, sys
import numpy as np
from uisrnn.audio import LevelActivity, WindowedFrontEnd, WindowEncoder, embed
encoder = WindowEncoder(lambda windows: windows[:, :64] + 1, 8000, 0.8, 0.4)
front_end = WindowedFrontEnd(encoder, LevelActivity(-60))
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
embed(sys.argv[1], front_end)
before = used()
found = embed(sys.argv[2], front_end)
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
