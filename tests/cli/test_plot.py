"""`uisrnn plot`."""

import json

import pytest

import uisrnn
from commands import assert_one_line

PNG, SVG = b"\x89PNG", b"<?xml"


@pytest.fixture
def turns(tmp_path):
    path = tmp_path / "turns.rttm"
    uisrnn.write_rttm(path, {"a": [(0, 4, "ann"), (4, 9, "bob")], "b": [(1, 3, "eve"), (3, 6, "ann")]})
    return path


def test_a_picture_is_written(program, turns, tmp_path):
    done = program("plot", "timeline", turns, turns, "--out", tmp_path / "x.png")
    assert done.code == 0, done.err
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    "words",
    [
        ["timeline", "{turns}", "--name", "b"],
        ["timeline", "{data}", "{data}", "--name", "meeting3"],
        ["embedding", "{data}"],
        ["embedding", "{data}", "--model", "{model}"],
        ["similarity", "{data}"],
        ["confidence", "{model}", "{data}"],
    ],
)
def test_all_kinds_are_drawn(cli, turns, data, model, tmp_path, words):
    words = [word.format(turns=turns, data=data, model=model) for word in words]
    done = cli("plot", *words, "--out", tmp_path / "x.svg")
    assert done.code == 0, done.err
    assert (tmp_path / "x.svg").read_bytes().startswith(SVG)


def test_training_is_drawn_from_what_train_wrote(cli, data, tmp_path):
    history = tmp_path / "history.json"
    arguments = ["--set", "observation_model=gru", "--set", "rnn_hidden_size=4", "--set", "train_iteration=5"]
    arguments += ["--set", "discriminative_iteration=2", "--history", history]
    assert cli("train", data, "--out", tmp_path / "m", *arguments).code == 0
    assert len(json.loads(history.read_text())["learning_rate"]) == 5
    done = cli("plot", "history", history, "--out", tmp_path / "x.png")
    assert done.code == 0, done.err
    assert (tmp_path / "x.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["timeline", "none.rttm"], 1, "none.rttm"),
        (["timeline", "{turns}", "--name", "c"], 1, "must have 'c', but has a, b"),
        (["timeline", "{turns}", "--out", "x.jpeg"], 2, "--out must end with"),
        (["embedding", "{turns}"], 1, "turns.rttm"),
        (["history", "{data}"], 1, "must be a file that train --history wrote"),
        (["history", "list.json"], 1, "must be a file that train --history wrote"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_is_wrong_is_one_line(cli, turns, data, tmp_path, monkeypatch, words, code, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.json").write_text('{"development": {}, "loss": []}')
    words = [word.format(turns=turns, data=data) for word in words]
    assert_one_line(cli("plot", *words), code, part)
