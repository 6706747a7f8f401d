"""Training on a GPU, and options for a GPU on a CPU."""

import dataclasses

import pytest
import torch

import conftest
import uisrnn
from squares import FEW, new_model, weights
from uisrnn import ModelArguments, TrainingArguments


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


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_trains_and_its_file_loads_on_a_cpu(data, tmp_path):
    model = new_model(device="auto")
    model.fit(*data, TrainingArguments(train_iteration=20))
    model.save(tmp_path / "model")
    loaded = uisrnn.UISRNN.from_file(tmp_path / "model", ModelArguments(enable_cuda=False))
    assert loaded.device.type == "cpu"
    assert loaded.predict(data[0]) == model.predict(data[0])
