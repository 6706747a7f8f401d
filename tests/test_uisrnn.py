"""The class UISRNN: what a user does with it, good and bad input."""

import argparse
import copy
import dataclasses
import logging
import os
import pickle
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pytest
import torch

import conftest
import uisrnn
from uisrnn import InferenceArguments, ModelArguments, TrainingArguments
from uisrnn.training.batching import ClusterBatch, ClusterSequences
from uisrnn.training.loop import Step

FEW = TrainingArguments(train_iteration=3)


def new_model(**arguments) -> uisrnn.UISRNN:
    return uisrnn.UISRNN(
        ModelArguments(**{"observation_dim": 2, "rnn_hidden_size": 4, "verbosity": 0, "seed": 1} | arguments)
    )


def weights(model: uisrnn.UISRNN) -> torch.Tensor:
    return torch.cat([parameter.detach().ravel() for parameter in model._model.observation.parameters()])


@pytest.fixture
def data(generator):
    sequences, labels = zip(*(conftest.square(20, generator) for _ in range(3)), strict=True)
    return list(sequences), list(labels)


# --- it learns and labels ---


def test_four_clusters_are_found(square_model, generator):
    x, labels = conftest.square(100, generator)
    predicted = square_model.predict(x, InferenceArguments(test_iteration=2))
    assert uisrnn.compute_sequence_match_accuracy(predicted, labels) == 1.0
    assert all(type(label) is int for label in predicted)


def test_one_array_or_a_list(square_model, generator):
    x, y = conftest.square(20, generator)[0], conftest.square(1, generator)[0]
    assert square_model.predict([x, y]) == [square_model.predict(x), square_model.predict(y)]
    assert square_model.predict_single(x) == square_model.predict(x)
    assert square_model.predict(np.stack([x, x])) == [square_model.predict(x)] * 2


def test_observations_of_one_time_get_different_labels(square_model):
    joins = np.array([False, True, False, True])
    once, timed = (
        square_model.predict(np.zeros((4, 2)), joins=joins),
        uisrnn.LabeledSequence(np.zeros((4, 2)), times=[1, 1, 2, 2]),
    )
    assert once[0] != once[1]
    assert once[2] != once[3]
    assert square_model.predict(timed) == once
    assert square_model.predict([np.zeros((4, 2)), timed], joins=[joins, None]) == [once, once]


@pytest.mark.parametrize(
    "limits", [{"max_clusters": 2}, {"num_clusters": 2}, {"allow_new_clusters": False}, {"max_clusters": 1}]
)
def test_more_observations_of_one_time_than_labels_are_refused(square_model, limits):
    hall = uisrnn.LabeledSequence(np.zeros((5, 2)), times=[0, 1, 1, 1, 2], name="hall")
    known = {"ann": np.zeros((1, 2)), "bob": np.ones((1, 2))}
    why = f"hall: observations 1 to 3 have one time and need 3 labels, but only {limits.get('max_clusters', 2)} are"
    with pytest.raises(uisrnn.InputError, match=why):
        square_model.predict(hall, InferenceArguments(**limits), clusters=known)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_parallel_prediction_gives_the_same_labels(square_model, generator, workers):
    xs = [conftest.square(length, generator)[0] for length in (20, 1, 7)]
    assert uisrnn.parallel_predict(square_model, xs, InferenceArguments(), workers) == square_model.predict(xs)


def test_a_list_and_its_concatenation_train_the_same_network(data):
    """Labels that mean the same in all sequences, and a given transition_bias, leave nothing to differ."""
    args = TrainingArguments(train_iteration=3, enforce_cluster_id_uniqueness=False)
    one, other = new_model(transition_bias=0.3), new_model(transition_bias=0.3)
    one.fit(*data, args)
    other.fit(np.concatenate(data[0]), sum(data[1], []), args)
    assert torch.equal(weights(one), weights(other))


def test_one_sequence_may_be_nested_lists(data):
    one, other = new_model(), new_model()
    one.fit(data[0][0], data[1][0], FEW)
    other.fit(data[0][0].tolist(), np.array(data[1][0]), FEW)
    assert torch.equal(weights(one), weights(other))


def test_names_of_labels_change_nothing(data):
    names = {"A": 12, "B": -3, "C": 7, "D": 0}
    one, other = new_model(), new_model()
    one.fit(*data, FEW)
    other.fit(data[0], [[names[label] for label in labels] for labels in data[1]], FEW)
    assert torch.equal(weights(one), weights(other))


@pytest.mark.parametrize(
    ("options"),
    [
        {"batch_size": None},
        {"num_permutations": 0},
        {"max_length": 4},
        {"learning_rate_half_life": 2},
        {"sigma_alpha": 0},
    ],
    ids=str,
)
def test_training_options(data, options):
    history = new_model(rnn_depth=2).fit(*data, TrainingArguments(train_iteration=5, **options))
    assert len(history) == 5
    assert np.isfinite(history.loss).all()


def test_no_iteration_estimates_transition_bias_only(data):
    model = new_model()
    before = weights(model)
    assert len(model.fit(*data, TrainingArguments(train_iteration=0))) == 0
    assert torch.equal(weights(model), before)
    assert model.transition_bias is not None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_precision_of_the_input_does_not_matter(square_model, dtype):
    x = conftest.SQUARE[[0, 0, 1, 1, 2, 2, 0, 0]]
    expected = square_model.predict(x.tolist())
    assert expected == [0, 0, 1, 1, 2, 2, 0, 0]
    x = x.astype(dtype)
    x.flags.writeable = False
    assert square_model.predict(x) == expected
    assert square_model.predict(np.repeat(x, 2, axis=0)[::2]) == expected


@pytest.mark.parametrize("zeros", ["one dimension", "all"])
@pytest.mark.parametrize("batch_size", [None, 4])
def test_true_zeros_train_without_nan(data, zeros, batch_size):
    sequences = [x.copy() for x in data[0]]
    for x in sequences:
        x[:, 1 if zeros == "one dimension" else slice(None)] = 0
    model = new_model()
    history = model.fit(
        sequences, data[1], TrainingArguments(train_iteration=60, learning_rate=0.05, batch_size=batch_size)
    )
    assert np.isfinite(history.loss).all()
    assert torch.isfinite(weights(model)).all()
    assert len(model.predict(sequences[0])) == 20


# --- randomness ---


def test_the_same_seed_gives_the_same_weights_and_labels(data):
    models = [new_model(rnn_depth=2, seed=seed) for seed in (5, 5, 6)]
    histories = [model.fit(*data, FEW) for model in models]
    assert torch.equal(weights(models[0]), weights(models[1]))
    assert histories[0] == histories[1] != histories[2]
    assert models[0].predict(data[0]) == models[1].predict(data[0])
    assert not torch.equal(weights(models[0]), weights(models[2]))


def test_without_a_seed_torch_s_decides(data):
    with torch.random.fork_rng(devices=[]):
        results = []
        for _ in range(2):
            torch.manual_seed(3)
            model = new_model(seed=None)
            model.fit(*data, FEW)
            results.append(weights(model))
    assert torch.equal(*results)


def test_global_generators_are_left_alone(data):
    before_torch, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    model = new_model(rnn_depth=2)
    model.fit(*data, FEW)
    model.predict(data[0])
    assert torch.equal(torch.get_rng_state(), before_torch)
    assert (np.random.get_state()[1] == before_numpy).all()


# --- fit again ---


def test_fitting_in_two_calls_is_fitting_in_one(data):
    """Optimizer state included; with all sequences in each batch, nothing else is random."""
    once, twice = new_model(), new_model()
    args = TrainingArguments(batch_size=None, num_permutations=0, train_iteration=6, learning_rate=0.01)
    once.fit(*data, args)
    args.train_iteration = 3
    twice.fit(*data, args)
    twice.fit(*data, args)
    torch.testing.assert_close(weights(twice), weights(once))


def test_transition_bias_goes_on_with_its_denominator():
    model = new_model()
    x = np.zeros((5, 2))
    model.fit([x], [list("aabab")], FEW)
    assert (model.transition_bias, model.transition_bias_denominator) == (pytest.approx(4 / 6), 6)
    model.fit([x, x], [list("aaaaa"), list("bbbbb")], FEW)
    assert model.transition_bias_denominator == 16
    assert model.transition_bias == pytest.approx((4 + 1) / 16)


def test_what_is_given_is_not_estimated(data):
    model = new_model(transition_bias=0.37, sigma2=0.2)
    model.fit(*data, FEW)
    assert model.transition_bias == 0.37
    assert model.sigma2.tolist() == pytest.approx([0.2, 0.2])
    assert not model.estimate_sigma2


def test_training_goes_on_after_loading(data, tmp_path):
    model = new_model()
    model.fit(*data, FEW)
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(seed=1, verbosity=0))
    loaded.fit(*data, FEW)
    assert loaded.transition_bias_denominator == 2 * model.transition_bias_denominator
    assert not torch.equal(weights(loaded), weights(model))


def test_a_file_of_0_1_2_is_trained_on_as_0_1_2_would(repository, data):
    """With the paper's mean, whatever it decodes with; and it goes on decoding as before."""
    v0 = uisrnn.UISRNN.from_file(repository / "tests/golden/d2_h8.uisrnn", ModelArguments(seed=1, verbosity=0))
    paper = copy.deepcopy(v0)
    paper.conventions = uisrnn.PAPER
    assert v0.fit(*data, FEW).loss == paper.fit(*data, FEW).loss
    assert v0.conventions == uisrnn.V0


@pytest.mark.parametrize("how", ["error", "interruption"])
def test_training_that_fails_does_not_count(data, how, monkeypatch):
    model = new_model(transition_bias=None)
    sequences = [x * 1e30 for x in data[0]] if how == "error" else data[0]
    if how == "interruption":

        def stop(*_args):
            raise KeyboardInterrupt

        monkeypatch.setattr("uisrnn.training.generative.GenerativeStage.step", stop)
    with pytest.raises((uisrnn.TrainingError, KeyboardInterrupt)):
        model.fit(sequences, data[1], FEW)
    assert (model.transition_bias, model.transition_bias_denominator, model.fitted) == (None, 0.0, False)


# --- steps that are not taken ---


def test_an_absurd_learning_rate_ends_with_what_to_do(data, caplog):
    model = new_model()
    message = r"iteration \d+: the loss or its gradient was not finite 10 times in a row .*; lower learning_rate, or"
    with pytest.raises(uisrnn.TrainingError, match=message):
        model.fit(*data, TrainingArguments(train_iteration=1000, learning_rate=1e38))
    assert not model.fitted


def test_weights_that_the_last_step_broke_are_an_error(data):
    with pytest.raises(uisrnn.TrainingError, match="the weights are not finite; lower learning_rate"):
        new_model().fit(*data, TrainingArguments(train_iteration=1, learning_rate=1e38))


def broken_batches(monkeypatch, *iterations):
    """The batches of these iterations hold what is no number."""
    plain = ClusterSequences.batch

    def batch(sequences, iteration):
        found = plain(sequences, iteration)
        return ClusterBatch(found.observations * torch.nan, found.lengths) if iteration in iterations else found

    monkeypatch.setattr(ClusterSequences, "batch", batch)


def test_a_batch_that_goes_wrong_is_skipped_counted_and_told_about(data, monkeypatch, caplog):
    broken_batches(monkeypatch, 1, 4, 5)
    model = new_model(verbosity=3)
    with caplog.at_level(logging.INFO):
        history = model.fit(*data, TrainingArguments(train_iteration=8))
    assert (history.skipped, len(history), len(history.loss)) == ([1, 4, 5], 5, 5)
    assert np.isfinite(history.loss).all()
    assert torch.isfinite(weights(model)).all()
    assert "skipped 3 iterations whose loss was not finite" in caplog.messages
    assert model.fitted


def test_ten_batches_that_go_wrong_one_after_another_end_it(data, monkeypatch):
    args = TrainingArguments(train_iteration=30)
    with monkeypatch.context() as patch:
        broken_batches(patch, *range(5, 14))
        assert len(new_model().fit(*data, args).skipped) == 9
    broken_batches(monkeypatch, *range(5, 15))
    with pytest.raises(uisrnn.TrainingError, match=r"iteration 14: .* \(loss nan, negative log likelihood nan, sigma2"):
        new_model().fit(*data, args)


# --- when it ends ---


def many(number, seed=0):
    generator = np.random.default_rng(seed)
    sequences, labels = zip(*(conftest.square(20, generator, noise=0.5) for _ in range(number)), strict=True)
    return list(sequences), list(labels)


def test_patience_ends_training_and_keeps_the_best():
    args = TrainingArguments(train_iteration=5000, learning_rate=0.05, patience=50, num_permutations=0)
    model = new_model(rnn_hidden_size=32)
    history = model.fit(*many(6), args)
    checks = history.generative_development
    best = min(checks, key=checks.get)
    assert len(history) == max(checks) == best + 50 < 5000
    longer = new_model(rnn_hidden_size=32)
    longer.fit(*many(6), dataclasses.replace(args, train_iteration=best))  # whose last check is the best
    assert torch.equal(weights(longer), weights(model))


@pytest.mark.parametrize("name", ["patience", "discriminative_iteration"])
def test_too_few_sequences_to_keep_some_apart_are_told_about(data, caplog, name):
    model = new_model(verbosity=2)
    history = model.fit(*data, TrainingArguments(train_iteration=3, **{name: 1}))
    assert (len(history), history.generative_development, history.discriminative) == (3, {}, [])
    what = {"patience": "patience", "discriminative_iteration": "discriminative training"}[name]
    assert f"{what} needs 5 sequences, but there are 3: left out" in caplog.messages


def test_time_ends_training():
    history = new_model().fit(*many(6), TrainingArguments(train_iteration=10**7, max_time=0.2))
    assert 0 < len(history) < 10**7


# --- torch's settings ---


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_torch_is_left_as_it_was(data, deterministic, fails, monkeypatch):
    settings = []

    def noted(stage, iteration):
        settings.append(torch.are_deterministic_algorithms_enabled())
        if fails:
            raise ZeroDivisionError
        return Step(1.0, {}, True)

    monkeypatch.setattr("uisrnn.training.generative.GenerativeStage.step", noted)
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        new_model(device="cpu").fit(*data, TrainingArguments(train_iteration=1, deterministic=deterministic))
    assert settings == [True]  # on a CPU they always are
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("option", [{"deterministic": True}, {"precision": "mixed"}], ids=str)
def test_what_is_for_a_gpu_has_no_effect_on_a_cpu(data, option):
    one, other = new_model(device="cpu", rnn_depth=2), new_model(device="cpu", rnn_depth=2)
    assert one.fit(*data, FEW) == other.fit(*data, dataclasses.replace(FEW, **option))
    assert torch.equal(weights(one), weights(other))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU")
def test_on_a_gpu_equal_seeds_give_equal_models_if_that_is_asked_for(data):
    models = [new_model(device="cuda", rnn_depth=2) for _ in range(2)]
    args = TrainingArguments(train_iteration=20, deterministic=True)
    assert models[0].fit(*data, args) == models[1].fit(*data, args)
    assert torch.equal(weights(models[0]), weights(models[1]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU")
def test_on_a_gpu_mixed_precision_labels_as_well(generator):
    model = new_model(device="cuda", rnn_hidden_size=8)
    sequences, labels = zip(*(conftest.square(100, generator) for _ in range(8)), strict=True)
    args = TrainingArguments(
        learning_rate=0.01, train_iteration=200, enforce_cluster_id_uniqueness=False, precision="mixed"
    )
    model.fit(list(sequences), list(labels), args)
    assert all(one.dtype == torch.float32 for one in model._model.observation.parameters())
    x, truth = conftest.square(100, generator)
    assert uisrnn.compute_sequence_match_accuracy(model.predict(x), truth) > 0.95


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("kind", ["gru", "plda"])
def test_training_works_wherever_it_is_called(mode, kind):
    sequences, labels = many(6)
    args = TrainingArguments(train_iteration=3, patience=9, discriminative_iteration=2)
    here, there = (new_model(observation_model=kind, plda_dim=2) for _ in range(2))
    with mode():
        history = there.fit(sequences, labels, args)
    assert history == here.fit(sequences, labels, args)
    assert there.fingerprint() == here.fingerprint()


def test_fit_concatenated_leaves_transition_bias_alone(data):
    model = new_model()
    model.fit_concatenated(np.concatenate(data[0]), sum(data[1], []), FEW)
    assert model.transition_bias is None
    with pytest.raises(uisrnn.InputTypeError, match="must be one"):
        model.fit_concatenated(*data, FEW)


# --- arguments ---


def test_any_object_with_the_attributes_is_accepted(data):
    model = uisrnn.UISRNN(argparse.Namespace(observation_dim=2, rnn_hidden_size=4, verbosity=0, enable_cuda=False))
    model.fit(*data, argparse.Namespace(train_iteration=2, batch_size=5))
    assert len(model.predict(data[0], argparse.Namespace(beam_size=2, look_ahead=2, test_iteration=1))) == 3


def test_changing_arguments_afterwards_leaves_the_model_alone():
    args = ModelArguments(observation_dim=2, rnn_hidden_size=4)
    model = uisrnn.UISRNN(args)
    args.observation_dim = 99
    assert model.observation_dim == 2


@pytest.mark.parametrize(
    ("name", "value"), [("crp_alpha", -1), ("crp_alpha", None), ("transition_bias", 1.0), ("transition_bias", "x")]
)
def test_parameters_are_checked_when_they_are_set(square_model, name, value):
    before = getattr(square_model, name)
    with pytest.raises(uisrnn.ArgumentError, match=f"{name} must be"):
        setattr(square_model, name, value)
    assert getattr(square_model, name) == before


def test_parameters_that_are_set_are_saved(tmp_path):
    model = new_model()
    model.crp_alpha, model.transition_bias = np.float32(0.5), np.float64(0.25)
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model")
    assert (loaded.crp_alpha, loaded.transition_bias) == (0.5, 0.25)


def test_unknown_conventions_are_refused(square_model):
    with pytest.raises(uisrnn.ArgumentError, match="assignment must be one of 'paper', 'v0', but is 'v1'"):
        square_model.conventions = uisrnn.Conventions(assignment="v1")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uisrnn.UISRNN(argparse.Namespace(observation_dim=0)), "observation_dim must be an integer >= 1"),
        (
            lambda: new_model().fit(np.zeros((2, 2)), "ab", argparse.Namespace(learning_rate=-1)),
            "learning_rate must be",
        ),
        (lambda: new_model().predict(np.zeros((2, 2)), argparse.Namespace(beam_size=0)), "beam_size must be"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        call()


# --- bad input ---


@pytest.mark.parametrize(
    ("sequences", "labels", "error", "message"),
    [
        ([np.zeros((3, 5))], [[1, 2, 3]], ValueError, r"sequence 0: observations must be \(T, 2\), but are \(3, 5\)"),
        (np.zeros((3, 5)), [1, 2, 3], ValueError, r"sequence: observations must be \(T, 2\), but are \(3, 5\)"),
        (
            [np.zeros((3, 2)), np.full((3, 2), np.nan)],
            [[1, 2, 3]] * 2,
            ValueError,
            "sequence 1: observation 0 is not finite",
        ),
        ([np.zeros((3, 2))], [[1, 2]], ValueError, "sequence 0: 3 observations need as many labels, but there are 2"),
        ([], [], ValueError, "at least one is needed"),
        (None, None, TypeError, "must be an array of numbers"),
        ("abc", "abc", ValueError, "train_cluster_ids must be None if sequences are read"),
        ("abc", None, FileNotFoundError, "abc"),
    ],
)
def test_bad_training_data_is_named_and_changes_nothing(sequences, labels, error, message):
    model = new_model()
    before = weights(model)
    with pytest.raises(error, match=message):
        model.fit(sequences, labels, FEW)
    assert model.transition_bias is None
    assert not model.fitted
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize(
    ("sequences", "error", "message"),
    [
        (np.zeros((3, 5)), ValueError, r"sequence: observations must be \(T, 2\), but are \(3, 5\)"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], ValueError, r"sequence 1: needs at least one observation"),
        ([], ValueError, "at least one is needed"),
        ([[[0.0, np.inf]]], ValueError, "sequence 0: observation 0 is not finite: dimension 1 is inf"),
        (None, TypeError, "must be an array of numbers"),
        ([None], TypeError, "sequence 0: observations must be an array of numbers"),
    ],
)
def test_bad_test_data_is_named(square_model, sequences, error, message):
    with pytest.raises(error, match=message):
        square_model.predict(sequences)


def test_single_and_parallel_prediction_say_what_they_take(square_model):
    with pytest.raises(TypeError, match="predict"):
        square_model.predict_single([np.zeros((3, 2))])
    with pytest.raises(TypeError, match="predict"):
        square_model.predict_single(np.zeros((2, 3, 2)))
    with pytest.raises(TypeError, match="must be a list of"):
        uisrnn.parallel_predict(square_model, np.zeros((3, 2)))
    for number in (0, 1.5, True, None):
        with pytest.raises(uisrnn.ArgumentError, match="num_processes must be an integer >= 1"):
            uisrnn.parallel_predict(square_model, [np.zeros((3, 2))], num_processes=number)


def test_predicting_before_fitting_is_an_error():
    with pytest.raises(uisrnn.NotFittedError, match="fit"):
        new_model().predict(np.zeros((3, 2)))


def test_random_weights_are_warned_of(caplog):
    model = new_model(transition_bias=0.5, verbosity=3)
    model.predict(np.zeros((3, 2)))
    assert "never trained" in caplog.text


# --- telling ---


def test_the_logger_follows_verbosity(data, caplog):
    with caplog.at_level(logging.DEBUG):
        new_model(verbosity=3).fit(*data, FEW)
        new_model(verbosity=1).fit(*data, FEW)
    assert len([message for message in caplog.messages if message.startswith("trained 3 iterations")]) == 1


def test_a_concatenated_sequence_is_told_about(data, caplog):
    caplog.set_level(logging.INFO)
    new_model(verbosity=3).fit(data[0][0], data[1][0], FEW)
    assert "pass a list of sequences" in caplog.text


def test_nothing_is_printed_where_nobody_watches(tmp_path):
    code = (
        "import numpy, uisrnn; model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=4));"
        "x = numpy.eye(2); model.fit(x, 'a b'.split(), uisrnn.TrainingArguments(train_iteration=3)); model.predict([x])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.filterwarnings("ignore:You are using `torch.load`:FutureWarning")  # torch 2.4 of its own unpickling
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_model_can_be_copied(square_model, copied):
    twin = copied(square_model)
    twin.fit(conftest.SQUARE, list("abcd"), FEW)
    assert torch.equal(weights(copy.deepcopy(twin)), weights(twin))
    assert not torch.equal(weights(twin), weights(square_model))


def test_attributes_of_0_1_2(square_model):
    assert square_model.rnn_init_hidden.shape == (1, 1, 8)
    assert square_model.sigma2.shape == (2,)
    assert set(square_model.rnn_model.state_dict()) >= {"gru.weight_ih_l0", "linear_mean1.weight", "linear_mean2.bias"}
    outputs, hidden = square_model.rnn_model(torch.zeros(3, 1, 2), square_model.rnn_init_hidden)
    assert (outputs.shape, hidden.shape) == ((3, 1, 2), (1, 1, 8))
    assert square_model.device.type in ("cpu", "cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_trains_and_its_file_loads_on_a_cpu(data, tmp_path):
    model = new_model(enable_cuda=True)
    model.fit(*data, TrainingArguments(train_iteration=20))
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(enable_cuda=False))
    assert loaded.device.type == "cpu"
    assert loaded.predict(data[0]) == model.predict(data[0])


# --- as a program ---


def test_the_demo_runs_and_saves(repository, tmp_path):
    flags = ["--train_iteration=2", "-l=0.001", "-hl=100", "--rnn_hidden_size=16", "--seed=1"]
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), *flags], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "averaged accuracy" in done.stdout
    assert sorted(os.listdir(tmp_path)) == ["result.txt", "saved_model.uisrnn"]
    assert (tmp_path / "result.txt").read_text() in done.stdout
    assert uisrnn.UISRNN.from_file(tmp_path / "saved_model.uisrnn").observation_dim == 256


@pytest.mark.slow
def test_the_demo_labels_the_toy_data_without_error(repository, tmp_path):
    flags = ["--train_iteration=1000", "-l=0.001", "-hl=100"]
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), *flags], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "averaged accuracy: 1.000000" in done.stdout


def test_a_bad_flag_of_the_demo_is_one_line(repository, tmp_path):
    done = subprocess.run(
        [sys.executable, str(repository / "demo.py"), "--beam_size=0"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "argument --beam_size/-s: must be an integer from 1 to 2147483647, but is '0'"
    )
    assert "Traceback" not in done.stderr
