"""`uisrnn info`."""

import json

import numpy as np
import pytest

import uisrnn
from commands import assert_one_line


def test_sequences_are_described(program, data, meetings):
    done = program("info", data, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["sequences"] == len(meetings)
    assert facts["observations"] == sum(map(len, meetings))
    assert facts["labels"] == 3
    assert facts["seconds_between_observations"] == pytest.approx(0.4)
    assert facts["transition_bias"] == uisrnn.estimate_transition_bias([one.labels for one in meetings])[0]


def overlapping(labels):
    x = np.random.default_rng(0).normal(size=(len(labels), 4))
    return uisrnn.LabeledSequence(x, labels, np.arange(len(labels)) // 2 + 0.5, "".join(labels))


def test_estimates_are_those_of_training(cli, tmp_path):
    sequences = [overlapping(list("ababacacbd")), overlapping(list("abcdacab"))]
    uisrnn.save_sequences(tmp_path / "x.npz", sequences)
    facts = json.loads(cli("info", tmp_path / "x.npz", "--json").out)
    arguments = uisrnn.ModelArguments(
        observation_dim=4, observation_model="plda", plda_dim=2, crp_alpha=None, verbosity=0
    )
    model = uisrnn.UISRNN(arguments)
    model.fit(sequences, None, uisrnn.TrainingArguments(discriminative_iteration=0))
    assert (facts["transition_bias"], facts["crp_alpha"]) == (model.transition_bias, model.crp_alpha)
    assert facts["seconds_between_observations"] == 1


def test_one_label_twice_at_one_time_is_a_warning(cli, tmp_path):
    uisrnn.save_sequences(tmp_path / "x.npz", [overlapping(["ann", "ann"])])
    facts = json.loads(cli("info", tmp_path / "x.npz", "--json").out)
    assert "transition_bias" not in facts
    assert facts["seconds_between_observations"] is None
    assert any("the same label 'ann'; observations of the same time need different" in one for one in facts["warnings"])


def test_what_often_goes_wrong_is_a_warning(cli, tmp_path):
    x = np.zeros((4, 4))
    x[:, 0] = [1, 2, 3, 3]
    uisrnn.save_sequences(tmp_path / "x.npz", [uisrnn.LabeledSequence(x, name="call")])
    done = cli("info", tmp_path / "x.npz", "--json")
    assert json.loads(done.out)["warnings"] == [
        "75 % of all numbers are exactly 0",
        "observations are not normalised: their norms are 1 to 3",
        "3 of 4 dimensions never change",
        "1 of 4 observations equal the observation before them",
        "there are no labels, so no model can be trained",
    ]
    assert "warning: 75 % of all numbers" in cli("info", tmp_path / "x.npz").err


@pytest.mark.parametrize(("name", "numbers"), [("resemblyzer", 33454), ("{model}", 30)])
def test_models_are_described(cli, model, name, numbers):
    facts = json.loads(cli("info", name.format(model=model), "--json").out)
    assert facts["kind"] == "model"
    assert facts["numbers"] == numbers
    assert 0 < facts["transition_bias"] < 1
    assert facts["crp_alpha"] > 0


def test_turns_are_described(cli, tmp_path):
    uisrnn.write_rttm(tmp_path / "x.rttm", {"call": [(0, 2, "ann"), (1, 4, "bob")]})
    facts = json.loads(cli("info", tmp_path / "x.rttm", "--json").out)
    assert facts == {
        "kind": "turns", "recordings": 1, "turns": 2, "speakers": 2, "seconds_of_turns": 5.0, "warnings": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("none.npz", None, "none.npz: No such file"),
        ("empty.npz", b"", "empty.npz"),
        ("empty.parquet", b"", "empty.parquet"),
        ("empty.jsonl", b"", "empty.jsonl"),
        ("text.npz", b"not a zip", "text.npz"),
        ("x.wrong", b"abc", "x.wrong"),
        ("broken.rttm", b"SPEAKER a 1 x 2 <NA> <NA> b", "broken.rttm, line 1"),
    ],
)
def test_bad_files_are_one_line(cli, tmp_path, name, content, part):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert_one_line(cli("info", tmp_path / name), 1, part)


def test_a_truncated_file_is_one_line(cli, data, tmp_path):
    (tmp_path / "half.npz").write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    assert_one_line(cli("info", tmp_path / "half.npz"), 1, "half.npz")
