"""Training: options, equivalent inputs, randomness, and training that goes on."""

import copy

import numpy as np
import pytest
import torch

import uisrnn
from squares import FEW, new_model, weights
from uisrnn import ModelArguments, TrainingArguments


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


def test_fit_concatenated_leaves_transition_bias_alone(data):
    model = new_model()
    model.fit_concatenated(np.concatenate(data[0]), sum(data[1], []), FEW)
    assert model.transition_bias is None
    with pytest.raises(uisrnn.InputTypeError, match="must be one"):
        model.fit_concatenated(*data, FEW)


def test_what_is_given_is_not_estimated(data):
    model = new_model(transition_bias=0.37, sigma2=0.2)
    model.fit(*data, FEW)
    assert model.transition_bias == 0.37
    assert model.sigma2.tolist() == pytest.approx([0.2, 0.2])
    assert not model.estimate_sigma2


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


def test_training_goes_on_after_loading(data, tmp_path):
    model = new_model()
    model.fit(*data, FEW)
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(seed=1, verbosity=0, device="cpu"))
    loaded.fit(*data, FEW)
    assert loaded.transition_bias_denominator == 2 * model.transition_bias_denominator
    assert not torch.equal(weights(loaded), weights(model))


def test_a_file_of_0_1_2_is_trained_on_as_0_1_2_would(repository, data):
    """With the paper's mean, whatever it decodes with; and it goes on decoding as before."""
    v0 = uisrnn.UISRNN.from_file(
        repository / "tests/golden/d2_h8.uisrnn", ModelArguments(seed=1, verbosity=0, device="cpu")
    )
    paper = copy.deepcopy(v0)
    paper.conventions = uisrnn.PAPER
    assert v0.fit(*data, FEW).loss == paper.fit(*data, FEW).loss
    assert v0.conventions == uisrnn.V0
