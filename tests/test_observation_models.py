"""The call sequence of the seed with the other observation models."""

import copy
import json
import logging

import numpy as np
import pytest
import safetensors
import safetensors.torch

import uisrnn

DIM = 4
ONE_PASS = uisrnn.InferenceArguments(test_iteration=1)


def conversations(number, seed=0, length=40):
    """Clusters far from each other, in blocks."""
    generator = np.random.default_rng(seed)
    sequences, labels = [], []
    for _ in range(number):
        names = np.repeat(generator.choice(list("abc"), size=length // 4), 4)
        centers = dict(zip("abc", generator.normal(size=(3, DIM)) * 4, strict=True))
        sequences.append(np.array([centers[name] + generator.normal(size=DIM) * 0.3 for name in names]))
        labels.append(names.tolist())
    return sequences, labels


def new(observation_model, **arguments):
    given = {"observation_dim": DIM, "crp_alpha": None, "seed": 0, "verbosity": 0, **arguments}
    return uisrnn.UISRNN(uisrnn.ModelArguments(observation_model=observation_model, **given))


@pytest.fixture(autouse=True, scope="module")
def _few_crops():
    """The likelihood scale and the best iteration are chosen on few crops: many crops only take longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uisrnn.training.discriminative.DEVELOPMENT_CROPS", 8)
        yield


@pytest.fixture(params=["plda", "context_plda"], scope="module")
def name(request):
    return request.param


@pytest.fixture(scope="module")
def fitted(name):
    model = new(name)
    model.fit(*conversations(8), uisrnn.TrainingArguments(discriminative_iteration=10))
    return model


@pytest.fixture
def model(fitted):
    """A copy, which a test may change."""
    return copy.deepcopy(fitted)


def accuracy(model, seed=5):
    sequences, labels = conversations(6, seed)
    found = model.predict(sequences, ONE_PASS)
    pairs = zip(labels, found, strict=True)
    return np.mean([uisrnn.compute_sequence_match_accuracy(truth, one) for truth, one in pairs])


def test_clusters_not_met_in_training_are_told_apart(model):
    assert accuracy(model) > 0.97


def test_files_hold_all_that_decides_labels(model, tmp_path):
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model")
    assert loaded.fingerprint() == model.fingerprint()
    assert (loaded.crp_alpha, loaded.likelihood_scale) == (model.crp_alpha, model.likelihood_scale)
    assert loaded.estimate_crp_alpha
    assert accuracy(loaded) == accuracy(model)


def test_a_file_with_another_models_tensors_is_refused(model, tmp_path):
    model.save(tmp_path / "model")
    with safetensors.safe_open(tmp_path / "model", "pt") as file:
        header = json.loads(file.metadata()["uisrnn"])
    header["observation_model"] = "gru"
    tensors = safetensors.torch.load_file(tmp_path / "model")
    safetensors.torch.save_file(tensors, tmp_path / "model", {"uisrnn": json.dumps(header)})
    with pytest.raises(uisrnn.CheckpointError, match="missing"):
        uisrnn.UISRNN.from_file(tmp_path / "model")


def test_streams_give_the_labels_of_whole_sequences(model):
    x = conversations(1, seed=9)[0][0]
    stream = model.stream()
    for part in np.split(x, [1, 2, 5, 20]):
        stream.push(part)
    restored = uisrnn.Stream.restore(model, stream.snapshot())
    final = list({**stream.flush().final}.values())
    assert list(restored.flush().final.values()) == final
    assert model.predict(x, ONE_PASS)[-len(final) :] == final


def test_parts_of_the_gru_are_not_there(model):
    for attribute in ("rnn_model", "rnn_init_hidden", "sigma2"):
        with pytest.raises(AttributeError, match=f"has no {attribute}"):
            getattr(model, attribute)


def test_the_projection_has_at_most_as_many_dimensions_as_observations(name, tmp_path):
    model = new(name, plda_dim=2)
    model.fit(*conversations(2))
    model.save(tmp_path / "model")
    assert safetensors.torch.load_file(tmp_path / "model")["projection"].shape == (DIM, 2)
    assert new(name, plda_dim=100).observation_dim == DIM


def test_one_sequence_of_one_cluster_is_enough_for_sane_labels(name):
    model = new(name)
    x = np.random.default_rng(0).normal(size=(30, DIM))
    model.fit([x], [["a"] * 30], uisrnn.TrainingArguments(discriminative_iteration=5))
    labels = model.predict(x, ONE_PASS)
    assert len(labels) == 30
    assert max(labels) < 15


def test_too_few_sequences_for_discriminative_training_are_told(name, caplog):
    model = new(name, verbosity=2)
    with caplog.at_level(logging.WARNING):
        history = model.fit(*conversations(4), uisrnn.TrainingArguments(discriminative_iteration=5))
    assert "discriminative training needs 5 sequences, but there are 4" in caplog.text
    assert history.discriminative == []


@pytest.mark.parametrize("observation_model", ["gru", "plda", "context_plda"])
def test_discriminative_training_learns_what_was_not_given(observation_model):
    given = new(observation_model, rnn_hidden_size=8, transition_bias=0.2, crp_alpha=0.5)
    args = uisrnn.TrainingArguments(train_iteration=20, discriminative_iteration=10)
    history = given.fit(*conversations(6), args)
    assert (given.transition_bias, given.crp_alpha) == (0.2, 0.5)
    assert len(history.discriminative) == 10
    assert list(history.development) == [0, 10]
    free = new(observation_model, rnn_hidden_size=8)
    free.fit(*conversations(6), args)
    assert free.transition_bias is not None
    assert free.crp_alpha is not None
    assert free.likelihood_scale > 0


def test_development_sequences_share_no_cluster_with_training_where_labels_say_who_is_who():
    sequences, labels = conversations(10)
    own = [[f"{number} {label}" for label in one] for number, one in enumerate(labels)]
    args = uisrnn.TrainingArguments(enforce_cluster_id_uniqueness=False, discriminative_iteration=3, train_iteration=2)
    model = new("gru", rnn_hidden_size=4)
    assert len(model.fit(sequences, own, args).discriminative) == 3
    assert len(new("context_plda").fit(sequences, labels, args).discriminative) == 3  # all share all clusters


def test_a_fit_that_is_interrupted_changes_nothing_of_a_closed_form(model, monkeypatch):
    def interrupted(*_given):
        raise KeyboardInterrupt

    x = conversations(1, seed=3)[0][0]
    before, labels = model.fingerprint(), model.predict(x, ONE_PASS)
    sequences, names = conversations(8, seed=4)
    monkeypatch.setattr("uisrnn.training.fit.run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(sequences, names, uisrnn.TrainingArguments(discriminative_iteration=3))
    assert (model.fingerprint(), model.predict(x, ONE_PASS)) == (before, labels)


def test_a_cluster_far_larger_than_the_others_does_not_drown_them(name):
    generator = np.random.default_rng(2)
    sequences = [generator.normal(size=(2, DIM)) * (1e8 if number == 0 else 1) for number in range(8)]
    history = new(name).fit(sequences, [["a", "a"]] * 8, uisrnn.TrainingArguments(discriminative_iteration=2))
    assert len(history.discriminative) == 2


@pytest.mark.parametrize("observation_model", ["gru", "plda", "context_plda"])
def test_sequences_of_one_observation_are_no_trouble(observation_model):
    sequences, labels = conversations(6)
    singles = [np.zeros((1, DIM))] * 4
    args = uisrnn.TrainingArguments(train_iteration=3, discriminative_iteration=4)
    model = new(observation_model, rnn_hidden_size=4)
    assert len(model.fit(sequences + singles, labels + [["a"]] * 4, args).discriminative) == 4
    assert model.predict(np.zeros((1, DIM))) == [0]


EXTREME = {"log_within": -1000.0, "log_discount": 1000.0, "projection": 1e38, "power": 1000.0, "length_norm": -1000.0}


@pytest.mark.parametrize(("tensor", "value"), EXTREME.items())
def test_files_whose_weights_would_give_no_finite_score_are_refused(model, tmp_path, tensor, value):
    model.save(tmp_path / "model")
    with safetensors.safe_open(tmp_path / "model", "pt") as file:
        metadata = file.metadata()
    tensors = safetensors.torch.load_file(tmp_path / "model")
    tensors[tensor] = tensors[tensor] * 0 + value
    safetensors.torch.save_file(tensors, tmp_path / "model", metadata)
    with pytest.raises(uisrnn.CheckpointError, match="so large or small"):
        uisrnn.UISRNN.from_file(tmp_path / "model")


def test_alpha_that_is_not_known_is_asked_for():
    model = new("gru", rnn_hidden_size=4, transition_bias=0.1)
    with pytest.raises(uisrnn.NotFittedError, match="crp_alpha is not known"):
        model.predict(np.zeros((2, DIM)))


def test_the_sample_mean_loss_trains_the_gru():
    model = new("gru", rnn_hidden_size=8)
    args = uisrnn.TrainingArguments(train_iteration=40, loss="sample_mean", learning_rate=0.01)
    losses = model.fit(*conversations(4), args).negative_log_likelihood
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
