"""Bad input to each command: one line, no traceback, nothing written."""

import pytest

from commands import assert_one_line

CASES = [
    (["demo", "--nonsense"], 2, "--nonsense"),
    (["diarize", "none.wav"], 1, "none.wav: No such file"),
    (["train", "half.npz", "--out", "m"], 1, "half.npz"),
    (["predict", "{model}", "broken.parquet"], 1, "broken.parquet"),
    (["evaluate", "negative.rttm", "negative.rttm"], 1, "negative.rttm, line 1"),
    (["tune", "{model}", "x.wrong", "--out", "m"], 1, "x.wrong: the suffix must be one of"),
    (["simulate", "negative.rttm", "--voices", "{data}", "--out", "m.npz"], 1, "negative.rttm, line 1"),
    (["convert", "{data}", "x.wrong"], 1, "x.wrong: the suffix must be one of"),
    (["info", "x.wrong"], 1, "x.wrong"),
    (["plot", "timeline", "empty.rttm"], 1, "empty.rttm: there are no turns in it"),
]


@pytest.mark.parametrize(("words", "code", "part"), CASES, ids=[words[0] for words, *_ in CASES])
def test_bad_input_is_one_line(cli, data, model, tmp_path, monkeypatch, words, code, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "half.npz").write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing else")
    (tmp_path / "negative.rttm").write_text("SPEAKER a 1 -1 4 <NA> <NA> ann <NA> <NA>\n")
    (tmp_path / "empty.rttm").write_text("")
    (tmp_path / "x.wrong").write_bytes(b"x")
    before = sorted(one.name for one in tmp_path.iterdir())
    assert_one_line(cli(*[word.format(data=data, model=model) for word in words]), code, part)
    assert sorted(one.name for one in tmp_path.iterdir()) == before


@pytest.mark.slow
def test_the_installed_program_says_the_same(installed, cli):
    assert installed("diarize", "none.wav") == cli("diarize", "none.wav")
