"""How training ends: steps without a finite loss, failures, patience and time; and torch's settings afterwards."""

import dataclasses
import logging
from contextlib import nullcontext

import numpy as np
import pytest
import torch

import uisrnn
from squares import FEW, many, new_model, weights
from uisrnn import TrainingArguments
from uisrnn.training.batching import ClusterBatch
from uisrnn.training.loop import Step
from uisrnn.training.row_sources import BatchSource

# --- failures ---


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
    prepare = BatchSource.prepare
    finish = BatchSource.finish

    def finish_marked(source, marked):
        prepared, is_broken = marked
        batch = finish(source, prepared)
        return ClusterBatch(batch.observations * torch.nan, batch.packing) if is_broken else batch

    def prepare_marked(source, iteration):
        return prepare(source, iteration), iteration in iterations

    monkeypatch.setattr(BatchSource, "prepare", prepare_marked)
    monkeypatch.setattr(BatchSource, "finish", finish_marked)


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


# --- patience and time ---


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
