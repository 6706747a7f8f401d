"""`uisrnn simulate`."""

import pytest

import uisrnn
from commands import assert_one_line


@pytest.fixture
def turns(tmp_path):
    path = tmp_path / "turns.rttm"
    uisrnn.write_rttm(path, {"a": [(0, 4, "ann"), (4, 9, "bob")], "b": [(1, 3, "eve"), (3, 6, "ann")]})
    return path


def test_voices_are_laid_along_turns(installed, turns, data, tmp_path):
    out = tmp_path / "out.npz"
    done = installed("simulate", turns, "--voices", data, "--number", 5, "--seed", 0, "--out", out)
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
