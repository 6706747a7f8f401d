"""`uisrnn diarize`."""

import importlib.util
import json

import numpy as np
import pytest

import uisrnn
from commands import assert_one_line
from sounds import conversation

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None, reason="Resemblyzer is not installed: pip install 'uisrnn[audio]'"
)

SOUND = conversation([("low", 3), ("high", 3)], rate=16000).astype(np.float32)


@pytest.fixture
def wav(tmp_path):
    import soundfile

    path = tmp_path / "call.wav"
    soundfile.write(path, SOUND, 16000)
    return path


def pcm(sound):
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def test_turns_are_rttm_as_the_library_finds_them(installed, wav, tmp_path):
    done = installed("diarize", wav, "--out", tmp_path / "out.rttm")
    assert done.code == 0, done.err
    expected = uisrnn.diarize(wav, verbosity=0)
    found = uisrnn.read_rttm(tmp_path / "out.rttm")["call"]
    assert [turn.speaker for turn in found] == [name for *_, name in expected.itertracks(yield_label=True)]
    assert found[0].start == pytest.approx(next(iter(expected.itersegments())).start, abs=1e-3)


def test_turns_are_json(cli, wav):
    turns = json.loads(cli("diarize", wav, "--json").out)["call"]
    assert set(turns[0]) == {"start", "end", "speaker"}


def test_a_recording_comes_through_a_pipe(wav, installed_bytes):
    done = installed_bytes("diarize", "-", stdin=wav.read_bytes())
    assert done.code == 0, done.err
    assert done.out.startswith("SPEAKER stdin 1 ")


def test_live_sound_is_labelled_while_it_comes(installed_bytes):
    done = installed_bytes("diarize", "--live", "-", "--commit-lag", 2, stdin=pcm(SOUND))
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    final = [one["time"] for one in lines if one["final"]]
    assert final == sorted(set(final))
    assert {one["time"] for one in lines} == set(final)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("none.wav", None, "none.wav: No such file"),
        ("text.wav", b"this is not sound", "text.wav: cannot be read as audio"),
        ("empty.wav", b"", "empty.wav: cannot be read as audio"),
    ],
)
def test_a_bad_recording_is_one_line(cli, tmp_path, name, content, part):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert_one_line(cli("diarize", tmp_path / name), 1, part)


def test_a_recording_of_no_length_is_one_line(cli, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16000)
    assert_one_line(cli("diarize", tmp_path / "zero.wav"), 1, "zero.wav: there are no samples in it")


def test_a_bad_recording_does_not_lose_the_others(cli, wav, tmp_path):
    (tmp_path / "text.wav").write_text("this is not sound")
    done = cli("diarize", tmp_path / "text.wav", wav, "--out", tmp_path / "out.rttm")
    assert done.code == 1
    assert "text.wav: cannot be read as audio" in done.err
    assert list(uisrnn.read_rttm(tmp_path / "out.rttm")) == ["call"]


def test_what_is_wrong_with_a_pipe_is_said_of_the_pipe(installed_bytes):
    assert_one_line(installed_bytes("diarize", "-", stdin=b"text"), 1, "standard input: cannot be read as audio")


def test_two_recordings_of_one_name_are_refused(cli, wav, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "call.wav").write_bytes(wav.read_bytes())
    assert_one_line(cli("diarize", wav, tmp_path / "other" / "call.wav"), 1, "recordings must have different names")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "diarize needs recordings, or --live mic, or --live -"),
        (["{wav}", "--live", "mic"], "diarize needs recordings, or --live mic, or --live -"),
        (["--live", "radio"], "--live must be mic or -, but is radio"),
        (["--live", "-", "--num-speakers", "2"], "need the whole recording"),
        (["{wav}", "--out", "x.txt"], "--out must be rttm or a file that ends with .rttm"),
        (["{wav}", "--num-speakers", "0"], "num_clusters must be"),
        (["{wav}", "--recenter", "2"], "recenter must be a number from 0 to 1"),
        (["{wav}", "--window", "0"], "window must be"),
        (["{wav}", "--model", "{model}"], "the encoder makes observations of 256 dimensions, but the model knows 4"),
    ],
)
def test_a_wrong_use_is_one_line(cli, wav, model, words, part, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert_one_line(cli("diarize", *[word.format(wav=wav, model=model) for word in words]), 2, part)
