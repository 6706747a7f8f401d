"""`uisrnn train`."""

import json

import pytest

import uisrnn
from commands import assert_one_line

FAST = ["--set", "observation_model=plda", "--set", "discriminative_iteration=0", "--seed", 0]


def test_a_model_is_written_that_predicts(program, data, meetings, tmp_path):
    done = program("train", data, "--out", tmp_path / "model.uisrnn", *FAST, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["sequences"] == len(meetings)
    assert facts["observation_dim"] == 4
    model = uisrnn.UISRNN.from_file(tmp_path / "model.uisrnn")
    assert uisrnn.compute_sequence_match_accuracy(meetings[0].labels, model.predict(meetings[0])) == 1


def test_it_is_the_model_that_the_library_trains(cli, data, meetings, tmp_path):
    assert cli("train", data, "--out", tmp_path / "model.uisrnn", *FAST, "--same-names").code == 0
    model_args, training_args, _inference = uisrnn.recommended_arguments()
    model_args.observation_model, model_args.observation_dim, model_args.seed = "plda", 4, 0
    training_args.discriminative_iteration, training_args.enforce_cluster_id_uniqueness = 0, False
    model = uisrnn.UISRNN(model_args)
    model.fit(meetings, args=training_args)
    assert uisrnn.UISRNN.from_file(tmp_path / "model.uisrnn").fingerprint() == model.fingerprint()


def test_a_file_of_arguments_is_below_those_set_by_hand(cli, data, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[model]\nobservation_model = "plda"\nplda_dim = 3\n[training]\ndiscriminative_iteration = 0\n')
    out = tmp_path / "model.uisrnn"
    assert cli("train", data, "--out", out, "--config", config, "--set", "plda_dim=2").code == 0
    assert uisrnn.UISRNN.from_file(out).arguments.plda_dim == 2


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("[model]\nplda_dmi = 3", ["config.toml, model.plda_dmi", "did you mean plda_dim?"]),
        ("[model]\nmy_own = 3", ["config.toml, model.my_own", "has no argument my_own"]),
        ("[model]\nplda_dim = 'x'", ["config.toml, model.plda_dim: plda_dim must be an integer >= 1, but is 'x'"]),
        ("[models]\n", ["must have the tables model, training, inference, but has 'models'"]),
        ("[model\n", ["config.toml: is not TOML"]),
    ],
)
def test_a_bad_file_of_arguments_is_a_wrong_use(cli, data, tmp_path, content, parts):
    config = tmp_path / "config.toml"
    config.write_text(content)
    assert_one_line(cli("train", data, "--out", tmp_path / "m", "--config", config), 2, *parts)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--set", "beam_sise=3"], ["--set beam_sise", "did you mean beam_size?"]),
        (["--set", "beam_size"], ["--set needs NAME=VALUE, but is 'beam_size'"]),
        (["--set", "beam_size=x"], ["--set beam_size: must be an integer", "but is 'x'"]),
        (["--set", "beam_size=0"], ["--set beam_size: beam_size must be an integer", "but is 0"]),
        (["--nonsense"], ["--nonsense", "uisrnn train --help"]),
    ],
)
def test_a_bad_argument_is_a_wrong_use(cli, data, tmp_path, words, parts):
    assert_one_line(cli("train", data, "--out", tmp_path / "m", *words), 2, *parts)


def test_where_the_model_cannot_be_put_nothing_is_trained(cli, data, tmp_path):
    assert_one_line(cli("train", data, "--out", tmp_path / "none" / "m"), 2, "--out must be a file in a folder")
    assert_one_line(cli("train", data, "--out", tmp_path), 2, "--out must be a file in a folder")


def test_data_without_labels_cannot_be_trained_on(cli, meetings, tmp_path):
    path = tmp_path / "unlabelled.npz"
    uisrnn.save_sequences(path, [uisrnn.LabeledSequence(meetings[0].observations, name="call")])
    assert_one_line(cli("train", path, "--out", tmp_path / "m", *FAST), 1, "call: labels are needed")


@pytest.mark.slow
def test_what_was_stopped_goes_on_to_the_same_model(cli, data, tmp_path):
    words = [data, "--seed", 0, "--set", "discriminative_iteration=40", "--set", "observation_model=plda"]
    whole, resumed, run = tmp_path / "whole.uisrnn", tmp_path / "resumed.uisrnn", tmp_path / "run"
    assert cli("train", *words, "--out", whole).code == 0
    kept = ["--checkpoints", run, "--checkpoint-every", 0, "--keep", 2]
    stopped = cli("train", *words, "--out", resumed, *kept, "--max-time", "0.5s", "--json")
    assert stopped.code == 0, stopped.err
    assert json.loads(stopped.out)["discriminative_iterations"] < 40
    assert 1 <= len(list(run.iterdir())) <= 2
    assert cli("train", *words, "--out", resumed, *kept, "--resume").code == 0
    assert resumed.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--resume"], ["--resume needs --checkpoints"]),
        (["--keep", "2"], ["--keep needs --checkpoints"]),
        (["--checkpoint-every", "2"], ["--checkpoint-every needs --checkpoints"]),
        (["--max-time", "soon"], ["--max-time must be a duration like 90, 30m or 2h, but is 'soon'"]),
        (["--on-error", "ignore"], ["on_error must be one of stop, skip, but is 'ignore'"]),
        (["--workers", "2"], ["--workers needs --ray"]),
        (["--device", "tpu"], ["device must be", "'tpu'"]),
        (["--scratch", "nowhere"], ["scratch must be a folder that is there, but is"]),
        (["--checkpoint-every", "-1", "--checkpoints", "run"], ["every must be a number of minutes >= 0, but is -1"]),
        (["--keep", "0", "--checkpoints", "run"], ["keep must be an integer >= 1, but is 0"]),
    ],
)
def test_what_a_run_cannot_do_is_a_wrong_use(cli, data, tmp_path, monkeypatch, words, parts):
    monkeypatch.chdir(tmp_path)
    assert_one_line(cli("train", data, "--out", tmp_path / "m", *FAST, *words), 2, *parts)


def test_checkpoints_of_another_training_are_told_apart(cli, data, tmp_path):
    kept = ["--checkpoints", tmp_path / "run"]
    gru = ["--set", "observation_model=gru", "--set", "rnn_hidden_size=4", "--set", "discriminative_iteration=0"]
    words = ["train", data, "--out", tmp_path / "m", "--seed", 0, *gru, *kept, "--set", "train_iteration=2"]
    assert cli(*words).code == 0
    assert_one_line(cli(*words), 2, "holds checkpoints of an earlier training")
    assert_one_line(cli(*words, "--resume", "--set", "learning_rate=1"), 2, "learning_rate was 0.001, is 1.0")
    assert cli(*words, "--resume").code == 0


@pytest.mark.slow
def test_a_bad_shard_stops_or_is_left_out(installed, meetings, tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for number in range(3):
        uisrnn.save_sequences(folder / f"{number}.npz", meetings[4 * number : 4 * number + 4])
    (folder / "1.npz").write_bytes((folder / "1.npz").read_bytes()[:500])
    words = ["train", folder, "--out", tmp_path / "m", *FAST]
    assert_one_line(installed(*words), 1, "1.npz: is not a whole npz file")
    done = installed(*words, "--on-error", "skip", "--json")
    assert done.code == 0
    assert done.err.count("1.npz: is not a whole npz file") == 1
    facts = json.loads(done.out)
    assert (facts["sequences"], facts["left_out"]) == (8, 1)
