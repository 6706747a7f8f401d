"""Arguments: in code, from other objects, and from a command line."""

import argparse
import copy
import dataclasses
import pickle
import sys

import numpy as np
import pytest
import torch

import uisrnn
from uisrnn import InferenceArguments, ModelArguments, TrainingArguments, parse_arguments

DEFAULTS = {
    "observation_model": "gru", "plda_dim": 128, "plda_context": 3, "loss": "running_mean", "sample_number": 16,
    "discriminative_iteration": 0,
    "observation_dim": 256, "rnn_hidden_size": 512, "rnn_depth": 1, "rnn_dropout": 0.2, "transition_bias": None,
    "crp_alpha": 1.0, "sigma2": None, "verbosity": 3, "enable_cuda": True, "device": "auto", "threads": None,
    "optimizer": "adam", "learning_rate": 1e-3,
    "learning_rate_half_life": 0, "train_iteration": 20000, "batch_size": 10, "num_permutations": 10,
    "sigma_alpha": 1.0, "sigma_beta": 1.0, "regularization_weight": 1e-5, "grad_max_norm": 5.0,
    "enforce_cluster_id_uniqueness": True, "beam_size": 10, "look_ahead": 1, "test_iteration": 2,
    "likelihood_scale": None, "max_clusters": None, "num_clusters": None, "allow_new_clusters": True,
    "commit_lag": None,
}  # fmt: skip
GROUPS = (ModelArguments, TrainingArguments, InferenceArguments)


def _all(groups) -> dict:
    return {name: value for group in groups for name, value in dataclasses.asdict(group).items()}


NEW = {
    "transition_spread": 0.0,
    "bucket_size": 1,
    "deterministic": False,
    "max_time": None,
    "patience": None,
    "precision": "single",
}


def test_every_flag_of_the_seed_has_its_default():
    assert _all(parse_arguments([])) == DEFAULTS | {"seed": None, "max_length": None} | NEW


def test_code_and_command_line_agree_on_defaults():
    assert parse_arguments([]) == (ModelArguments(), TrainingArguments(), InferenceArguments())


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--observation_dim", "2"], "observation_dim", 2),
        (["-o", "adam"], "optimizer", "adam"),
        (["-l=0.001"], "learning_rate", 0.001),
        (["-l", "1e-5"], "learning_rate", 1e-5),
        (["-hl=100"], "learning_rate_half_life", 100),
        (["-hl", "-1"], "learning_rate_half_life", -1),
        (["--train_iteration=1000"], "train_iteration", 1000),
        (["-t", "5"], "train_iteration", 5),
        (["-b", "None"], "batch_size", None),
        (["-r", "0"], "regularization_weight", 0.0),
        (["-s", "3"], "beam_size", 3),
        (["--sigma2", "0.05"], "sigma2", 0.05),
        (["--transition_bias", "0.5"], "transition_bias", 0.5),
        (["--transition_bias", "none"], "transition_bias", None),
        (["--seed", "7"], "seed", 7),
        (["--device", "cuda:1"], "device", "cuda:1"),
        *[(["--enable_cuda", text], "enable_cuda", False) for text in ("no", "false", "0", "F", "n")],
        *[(["--enable_cuda", text], "enable_cuda", True) for text in ("yes", "true", "1", "T", "y")],
    ],
)
def test_flags_are_understood(words, name, value):
    assert _all(parse_arguments(words))[name] == value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--observation_dim", "0"], "argument --observation_dim: must be an integer >= 1, but is '0'"),
        (["--observation_dim", "2.5"], "argument --observation_dim: must be an integer >= 1, but is '2.5'"),
        (["-l", "nan"], "argument --learning_rate/-l: must be a number > 0, but is 'nan'"),
        (["-l", "fast"], "argument --learning_rate/-l: must be a number > 0, but is 'fast'"),
        (["-b", "0"], "argument --batch_size/-b: must be an integer >= 1 and <= 1000000, or None, but is '0'"),
        (["--enable_cuda", "maybe"], "argument --enable_cuda: must be yes, no, true, false, 1 or 0, but is 'maybe'"),
        (["--device", "tpu"], "argument --device: must be auto, cpu, cuda or one of cuda:0, cuda:1, ..., but is 'tpu'"),
        (["-o", "sgd"], "argument --optimizer/-o: must be one of 'adam', but is 'sgd'"),
        (["--transition_bias", "1"], "must be a number between 0 and 1, both excluded, or None, but is '1'"),
        (["--beam_sise", "3"], "unrecognized arguments: --beam_sise 3"),
    ],
)
def test_a_bad_word_says_which_argument_what_it_needs_and_what_came(words, message, capsys):
    with pytest.raises(SystemExit) as stop:
        parse_arguments(words)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_without_words_the_program_s_own_are_read(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demo.py", "--beam_size=4"])
    assert parse_arguments()[2].beam_size == 4


def test_help_names_every_argument(capsys):
    with pytest.raises(SystemExit) as stop:
        parse_arguments(["--help"])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    assert all(f"--{name}" in printed for name in DEFAULTS)


@pytest.mark.parametrize(
    ("group", "name", "value", "message"),
    [
        (ModelArguments, "observation_dim", 0, "observation_dim must be an integer >= 1, but is 0"),
        (ModelArguments, "observation_dim", "2", "observation_dim must be an integer >= 1, but is '2'"),
        (ModelArguments, "observation_dim", True, "observation_dim must be an integer >= 1, but is True"),
        (ModelArguments, "crp_alpha", 10**400, "crp_alpha must be a number > 0, or None, but is 1000"),
        (ModelArguments, "crp_alpha", 0, "crp_alpha must be a number > 0, or None, but is 0"),
        (ModelArguments, "rnn_dropout", 1.0, "rnn_dropout must be a number >= 0 and < 1, but is 1.0"),
        (ModelArguments, "sigma2", float("inf"), "sigma2 must be a number > 0, or None, but is inf"),
        (ModelArguments, "verbosity", -1, "verbosity must be an integer >= 0, but is -1"),
        (
            ModelArguments,
            "device",
            "cuda:-1",
            "must be auto, cpu, cuda or one of cuda:0, cuda:1, ..., but is 'cuda:-1'",
        ),
        (ModelArguments, "device", None, "must be auto, cpu, cuda or one of cuda:0, cuda:1, ..., but is None"),
        (TrainingArguments, "optimizer", None, "optimizer must be one of 'adam', but is None"),
        (TrainingArguments, "enforce_cluster_id_uniqueness", "x", "must be yes, no, true, false, 1 or 0, but is 'x'"),
        (InferenceArguments, "look_ahead", None, "look_ahead must be an integer from 1 to 2147483647, but is None"),
    ],
)
def test_a_bad_value_says_so_when_it_is_set(group, name, value, message):
    with pytest.raises(uisrnn.ArgumentError, match=r".*") as constructed:
        group(**{name: value})
    assert message in str(constructed.value)
    args = group()
    before = dataclasses.asdict(args)
    with pytest.raises(uisrnn.ArgumentError) as assigned:
        setattr(args, name, value)
    assert message in str(assigned.value)
    assert dataclasses.asdict(args) == before


def test_numpy_numbers_become_plain_ones():
    args = TrainingArguments(learning_rate=np.float32(0.5), train_iteration=np.int64(3))
    assert type(args.learning_rate) is float
    assert type(args.train_iteration) is int


@pytest.mark.parametrize(("value", "expected"), [("no", False), ("YES", True), (0, False), (np.bool_(True), True)])
def test_booleans_are_understood_in_code_as_on_the_command_line(value, expected):
    assert ModelArguments(enable_cuda=value).enable_cuda is expected


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:3"])
def test_a_device_of_torch_is_called_as_in_text(name):
    assert ModelArguments(device=torch.device(name)).device == name


@pytest.mark.parametrize(
    ("group", "name", "hint"),
    [
        (InferenceArguments, "beam_search", r"did you mean beam_size\?"),
        (TrainingArguments, "learning_rat", r"did you mean learning_rate\?"),
        (InferenceArguments, "test_iter", r"did you mean test_iteration\?"),
        (TrainingArguments, "epochs", "it has optimizer, learning_rate, "),
        (ModelArguments, "name", "it has observation_model, "),
    ],
)
def test_an_attribute_of_a_script_s_own_is_kept_with_a_warning_that_it_has_no_effect(group, name, hint):
    args = group()
    with pytest.warns(UserWarning, match=f"{name} has no effect: .*Arguments has no argument {name}; {hint}") as warned:
        setattr(args, name, 4)
    assert warned[0].filename == __file__
    assert getattr(args, name) == 4
    assert args == group()


def test_an_attribute_of_a_script_s_own_is_warned_of_once():
    args = TrainingArguments()
    with pytest.warns(UserWarning, match="epochs"):
        args.epochs = 1
    args.epochs = 2
    assert args.epochs == 2


def test_an_attribute_of_a_script_may_have_the_name_of_a_method():
    args = ModelArguments()
    with pytest.warns(UserWarning, match="put has no effect"):
        args.put = 3
    args.seed = 4
    assert (args.put, args.seed) == (3, 4)


def test_arguments_contain_the_names_of_their_attributes_as_a_namespace_does():
    args = InferenceArguments()
    with pytest.warns(UserWarning, match="my_own"):
        args.my_own = 1
    assert "beam_size" in args
    assert "my_own" in args
    assert "another" not in args


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda args: pickle.loads(pickle.dumps(args))])
def test_copies_of_arguments_keep_the_attributes_of_a_script(copied):
    args = InferenceArguments(beam_size=3)
    with pytest.warns(UserWarning, match="my_own"):
        args.my_own = [1]
    assert copied(args) == args
    assert copied(args).my_own == [1]


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (InferenceArguments, "beamsize"),
        (InferenceArguments, "test_iterations"),
        (TrainingArguments, "batchsize"),
        (TrainingArguments, "learning_rates"),
        (ModelArguments, "sigma"),
        (ModelArguments, "rnn_hidden_sise"),
    ],
)
def test_a_misspelt_name_is_warned_of_with_the_right_name(group, name):
    args = group()
    with pytest.warns(UserWarning, match=f"has no argument {name}; did you mean"):
        setattr(args, name, 4)
    assert dataclasses.asdict(args) == dataclasses.asdict(group())


def test_any_object_with_the_attributes_is_accepted():
    namespace = argparse.Namespace(observation_dim=7, rnn_depth=2, something_else="ignored")
    assert ModelArguments.of(namespace) == ModelArguments(observation_dim=7, rnn_depth=2)


@pytest.mark.parametrize("group", GROUPS)
def test_none_means_all_defaults_and_own_objects_are_taken_as_they_are(group):
    assert group.of(None) == group()
    args = group()
    assert group.of(args) is args


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("other", [5, "args", {"beam_size": 3}])
def test_an_object_without_any_of_the_attributes_is_refused(group, other):
    with pytest.raises(uisrnn.ArgumentError, match="must come from an object with"):
        group.of(other)


def test_a_bad_value_in_a_namespace_is_named():
    with pytest.raises(uisrnn.ArgumentError, match="beam_size must be an integer from 1 to 2147483647, but is 0"):
        InferenceArguments.of(argparse.Namespace(beam_size=0))
