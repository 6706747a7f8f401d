"""`uisrnn simulate`."""

import json

import numpy as np
import pytest

import uisrnn
from commands import assert_one_line
from sounds import RATE, VOICES, voice


@pytest.fixture
def turns(tmp_path):
    path = tmp_path / "turns.rttm"
    uisrnn.write_rttm(path, {"a": [(0, 4, "ann"), (4, 9, "bob")], "b": [(1, 3, "eve"), (3, 6, "ann")]})
    return path


def test_voices_are_laid_along_turns(program, turns, data, tmp_path):
    out = tmp_path / "out.npz"
    done = program("simulate", turns, "--voices", data, "--number", 5, "--seed", 0, "--out", out)
    assert done.code == 0, done.err
    made = uisrnn.load_sequences(out)
    assert len(made) == 5
    assert {label for one in made for label in one.labels} <= {"voice0", "voice1", "voice2"}


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["none.rttm", "--voices", "{data}"], 1, "none.rttm"),
        (["{turns}", "--voices", "none.npz"], 1, "none.npz"),
        (["{turns}", "--voices", "{data}", "--number", "0"], 2, "number must be an integer >= 1"),
        (["{turns}"], 2, "--voices"),
    ],
)
def test_what_cannot_be_simulated_is_one_line(cli, turns, data, tmp_path, words, code, part):
    words = [word.format(turns=turns, data=data) for word in words]
    assert_one_line(cli("simulate", *words, "--out", tmp_path / "out.npz"), code, part)


@pytest.fixture
def recordings(tmp_path):
    """A folder with a subfolder for each voice."""
    soundfile = pytest.importorskip("soundfile")
    for name in VOICES:
        (tmp_path / "voices" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "voices" / name / "first.wav", voice(name, 3), RATE)
    return tmp_path / "voices"


def test_sound_is_composed_into_a_folder(cli, turns, recordings, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    out = tmp_path / "composed"
    words = ["--voices", recordings, "--channel", "clean=0.5", "--channel", "mu-law=0.5", "--number", 3, "--out", out]
    done = cli("simulate", turns, "--audio", *words, "--seed", 0)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == f"wrote {out}: 3 conversations, 0.4 minutes"
    names = [f"composed-{number}" for number in range(3)]
    assert {path.name for path in out.iterdir()} == {
        f"{name}.{end}" for name in names for end in ("wav", "rttm", "json")
    }
    for name, seconds in zip(names, (9, 6, 9), strict=True):
        waveform, rate = soundfile.read(out / f"{name}.wav")
        assert (rate, len(waveform)) == (16000, seconds * 16000)
        speaking = uisrnn.read_rttm(out / f"{name}.rttm")[name]
        assert {turn.speaker for turn in speaking} <= set(VOICES)
        assert json.loads((out / f"{name}.json").read_text())["seconds"] == seconds
        first = waveform[round(speaking[0].start * rate) : round(speaking[0].end * rate)]
        assert np.abs(first).max() > 0.01


def test_composed_sound_is_the_same_with_the_same_seed(cli, turns, recordings, tmp_path):
    for out in ("first", "second"):
        words = ["--voices", recordings, "--max-seconds", 2, "--out", tmp_path / out, "--seed", 3]
        assert cli("simulate", turns, "--audio", "--channel", "clean=1", *words).code == 0
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["--voices", "none"], 1, "none"),
        (["--voices", "{empty}"], 1, "sound files in a subfolder for each voice"),
        (["--voices", "{recordings}", "--split", "dev"], 1, "manifest.csv"),
        (["--voices", "{recordings}", "--channel", "gsm=1"], 2, "channels must be among clean, mu-law"),
        (["--voices", "{recordings}", "--channel", "clean"], 2, "--channel must be NAME=SHARE"),
        (["--voices", "{recordings}", "--max-seconds", "nan"], 2, "max_seconds must be a number from 0.1"),
        (["--voices", "{recordings}", "--max-length", "5"], 2, "--max-length excludes --audio"),
        (["--voices", "{recordings}", "--window", "1.5"], 2, "--window excludes --audio"),
        (["--voices", "{recordings}", "--out", "{recordings}"], 2, "--out must be a new or empty folder"),
        (["--voices", "{recordings}", "--out", "none/out"], 2, "--out must be a new or empty folder"),
    ],
)
def test_what_cannot_be_composed_is_one_line_and_leaves_nothing(cli, turns, recordings, tmp_path, words, code, part):
    (tmp_path / "empty").mkdir()
    words = [word.format(recordings=recordings, empty=tmp_path / "empty") for word in words]
    before = sorted(tmp_path.rglob("*"))
    assert_one_line(cli("simulate", turns, "--audio", "--out", tmp_path / "out", *words), code, part)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_silent_voice_leaves_nothing(cli, turns, recordings, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    for name in VOICES:
        soundfile.write(recordings / name / "first.wav", np.zeros(RATE), RATE)
    done = cli("simulate", turns, "--audio", "--voices", recordings, "--out", tmp_path / "out", "--seed", 0)
    assert_one_line(done, 1, "first.wav: speech must be heard")
    assert {path.name for path in tmp_path.iterdir()} == {"turns.rttm", "voices"}


@pytest.mark.parametrize("option", [["--max-seconds", "3"], ["--channel", "clean=1"], ["--split", "dev"]])
def test_options_of_sound_need_audio(cli, turns, data, tmp_path, option):
    done = cli("simulate", turns, "--voices", data, "--out", tmp_path / "out.npz", *option)
    assert_one_line(done, 2, f"{option[0]} needs --audio")
