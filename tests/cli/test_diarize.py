"""`uisrnn diarize`."""

import importlib.util
import json
import sys
from itertools import pairwise

import numpy as np
import pytest

import uisrnn
from commands import assert_one_line
from sounds import conversation

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None,
    reason="Resemblyzer is not installed: pip install 'uisrnn[resemblyzer]'",
)

PARTS = ("--encoder", "resemblyzer", "--segmentation", "level")
SOUND = conversation([("low", 3), ("high", 3)], rate=16000).astype(np.float32)


@pytest.fixture
def wav(tmp_path):
    import soundfile

    path = tmp_path / "call.wav"
    soundfile.write(path, SOUND, 16000)
    return path


def pcm(sound):
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def test_turns_are_rttm_as_the_library_finds_them(cli, wav, tmp_path):
    done = cli("diarize", *PARTS, wav, "--out", tmp_path / "out.rttm")
    assert done.code == 0, done.err
    front_end = uisrnn.audio.choose_front_end("resemblyzer", "level")
    expected = uisrnn.diarize(wav, model=uisrnn.load_pretrained("resemblyzer"), front_end=front_end, verbosity=0)
    found = uisrnn.read_rttm(tmp_path / "out.rttm")["call"]
    assert [turn.speaker for turn in found] == [name for *_, name in expected.itertracks(yield_label=True)]
    assert found[0].start == pytest.approx(next(iter(expected.itersegments())).start, abs=1e-3)


def test_each_channel_has_its_own_speakers(cli, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "call.wav", np.stack([SOUND[:48000], SOUND[48000:]], axis=1), 16000)
    turns = json.loads(cli("diarize", *PARTS, tmp_path / "call.wav", "--channels", "split", "--json").out)["call"]
    assert {turn["speaker"] for turn in turns} == {"speaker0", "speaker1"}


@pytest.mark.slow
def test_a_warning_is_one_line(installed, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "call.wav", np.stack([SOUND, -SOUND], axis=1), 16000)
    done = installed("diarize", *PARTS, tmp_path / "call.wav")
    assert done.code == 0
    warning, names = done.err.splitlines()
    assert warning.startswith("uisrnn: warning: ")
    assert "call.wav: its channels cancel each other" in warning
    assert names == "front end resemblyzer, model resemblyzer"


def test_turns_are_json(cli, wav):
    turns = json.loads(cli("diarize", *PARTS, wav, "--json").out)["call"]
    assert set(turns[0]) == {"start", "end", "speaker"}


def test_a_recording_comes_through_a_pipe(wav, program):
    done = program("diarize", *PARTS, "-", stdin=wav.read_bytes())
    assert done.code == 0, done.err
    assert done.out.startswith("SPEAKER stdin 1 ")


def test_live_sound_is_labelled_while_it_comes(program):
    done = program("diarize", *PARTS, "--live", "-", "--commit-lag", 2, stdin=pcm(SOUND))
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert set(lines[0]) == {"number", "start", "end", "speaker", "final"}
    final = [line["number"] for line in lines if line["final"]]
    assert final == list(range(len(final)))
    assert {line["number"] for line in lines} == set(final)
    assert all(line["start"] < line["end"] <= 6 for line in lines)
    assert "front end resemblyzer, model resemblyzer; labels appear at most 1." in done.err


def test_turns_do_not_overlap_if_they_must_not(cli, tmp_path):
    import soundfile

    both = np.stack([SOUND, np.roll(SOUND, 16000)], axis=1)
    soundfile.write(tmp_path / "call.wav", both, 16000)
    words = ["diarize", *PARTS, tmp_path / "call.wav", "--channels", "split", "--json"]
    overlapping = json.loads(cli(*words).out)["call"]
    alone = json.loads(cli(*words, "--exclusive").out)["call"]
    assert any(before["end"] > after["start"] for before, after in pairwise(overlapping))
    assert all(before["end"] <= after["start"] for before, after in pairwise(alone))


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
    assert_one_line(cli("diarize", *PARTS, tmp_path / name), 1, part)


def test_a_recording_of_no_length_is_one_line(cli, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16000)
    assert_one_line(cli("diarize", *PARTS, tmp_path / "zero.wav"), 1, "zero.wav: there are no samples in it")


def test_a_bad_recording_does_not_lose_the_others(cli, wav, tmp_path):
    (tmp_path / "text.wav").write_text("this is not sound")
    done = cli("diarize", *PARTS, tmp_path / "text.wav", wav, "--out", tmp_path / "out.rttm")
    assert done.code == 1
    assert "text.wav: cannot be read as audio" in done.err
    assert list(uisrnn.read_rttm(tmp_path / "out.rttm")) == ["call"]


def test_what_is_wrong_with_a_pipe_is_said_of_the_pipe(cli):
    assert_one_line(cli("diarize", *PARTS, "-", stdin=b"text"), 1, "standard input: cannot be read as audio")


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
        (["--live", "-", "--channels", "split"], "--channels needs recordings"),
        (["{wav}", "--channels", "left"], "channels must be one of mix, split, but is 'left'"),
        (["{wav}", "--out", "x.txt"], "--out must be rttm or a file that ends with .rttm"),
        (["{wav}", "--num-speakers", "0"], "num_clusters must be"),
        (["--live", "-", "--exclusive"], "need the whole recording"),
        (["{wav}", "--window", "0"], "window must be"),
        (["{wav}", "--model", "{model}"], "the front end makes observations of 256 dimensions, but the model takes 4"),
    ],
)
def test_a_wrong_use_is_one_line(cli, wav, model, words, part, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert_one_line(cli("diarize", *PARTS, *[word.format(wav=wav, model=model) for word in words]), 2, part)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--encoder", "ecapa"], "encoder must be one of 'campplus', 'resemblyzer', but is 'ecapa'"),
        (
            ["--segmentation", "mine"],
            "segmentation must be one of 'pyannote', 'silero', 'webrtc', 'level', but is 'mine'",
        ),
        (["--encoder", "campplus", "--segmentation", "webrtc"], "encoder 'campplus' needs segmentation 'pyannote'"),
        (["--encoder", "resemblyzer", "--segmentation", "pyannote"], "'pyannote' needs encoder 'campplus'"),
        (
            ["--model", "{foreign}"],
            "the model was trained on observations of the front end 'mine', so front_end must be given",
        ),
        (["--encoder", "resemblyzer", "--model", "{foreign}"], "front end 'mine', but the front end is 'resemblyzer'"),
    ],
)
def test_parts_that_are_not_there_or_do_not_fit_are_one_line(cli, wav, model, words, part, tmp_path):
    other = uisrnn.UISRNN.from_file(model)
    other.front_end = "mine"
    other.save(tmp_path / "foreign.uisrnn")
    words = [word.format(foreign=tmp_path / "foreign.uisrnn") for word in words]
    assert_one_line(cli("diarize", wav, *words), 2, part)


@pytest.mark.parametrize(("package", "extra"), [("resemblyzer", "resemblyzer"), ("webrtcvad", "resemblyzer")])
def test_a_missing_package_is_one_line_with_the_command(cli, wav, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    done = cli("diarize", wav, "--encoder", "resemblyzer", "--segmentation", "webrtc")
    assert_one_line(done, 1, f"needs {package}: pip install 'uisrnn[{extra}]'")


def test_missing_weights_are_one_line_with_the_command(cli, wav, monkeypatch):
    monkeypatch.delenv("UISRNN_WEIGHTS", raising=False)
    monkeypatch.setattr("uisrnn.audio.front_ends.networks.weights.find_spec", lambda name: None)
    done = cli("diarize", wav, "--encoder", "resemblyzer", "--segmentation", "silero")
    assert_one_line(done, 1, "Silero VAD needs its weights: pip install 'uisrnn[audio]'")
