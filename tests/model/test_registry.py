"""Registrations: names, shapes without tensors, and a model of a user's own."""

import dataclasses

import pytest
import torch

import uisrnn
from uisrnn.arguments import OBSERVATION_MODELS, ModelArguments, meaning_of
from uisrnn.model import registry
from uisrnn.model.registry import Registration, is_registered, registration_of
from uisrnn.observation_models import register
from uisrnn.observation_models.plda import PLDA

NAMES = ("gru", "plda", "context_plda")


@pytest.fixture
def own(monkeypatch) -> Registration:
    """A registration that ends with the test."""
    registration = dataclasses.replace(PLDA, name="own", meaning="a model of a user", likelihood_scale=0.7)
    monkeypatch.setitem(OBSERVATION_MODELS, "own", "")
    monkeypatch.setattr(registry, "_REGISTRATIONS", dict(registry._REGISTRATIONS))
    register(registration)
    return registration


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_the_shapes_of_a_model(name):
    args = ModelArguments(name, observation_dim=7, rnn_hidden_size=3, rnn_depth=2, plda_dim=5, plda_context=2)
    built = registration_of(name).build(args).state_dict()
    assert registration_of(name).shapes(args) == {key: tuple(tensor.shape) for key, tensor in built.items()}


@pytest.mark.parametrize("name", NAMES)
def test_shapes_take_no_memory_and_no_random_numbers(name):
    before = torch.random.get_rng_state()
    shapes = registration_of(name).shapes(ModelArguments(name, observation_dim=10**7, rnn_hidden_size=10**6))
    assert any(10**7 in shape for shape in shapes.values())
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_dimensions_that_no_tensor_can_have_are_an_error(name):
    with pytest.raises(uisrnn.ArgumentError, match="no tensors can have the dimensions"):
        registration_of(name).shapes(ModelArguments(name, observation_dim=2**62))


def test_a_name_that_is_not_registered_is_refused():
    assert not is_registered("lstm")
    assert not is_registered(["gru"])
    with pytest.raises(uisrnn.ArgumentError, match=r"observation_model must be one of 'gru', 'plda', .* but is 'lstm'"):
        ModelArguments(observation_model="lstm")


def test_a_registered_model_is_used_by_its_name(own, tmp_path, generator):
    model = uisrnn.UISRNN(ModelArguments("own", observation_dim=3, plda_dim=2, crp_alpha=None, seed=0, verbosity=0))
    assert model.likelihood_scale == 0.7
    model.fit([generator.normal(size=(8, 3))] * 2, [list("aabbaabb")] * 2)
    model.save(tmp_path / "model")
    assert uisrnn.UISRNN.from_file(tmp_path / "model").fingerprint() == model.fingerprint()
    (field,) = (field for field in dataclasses.fields(ModelArguments) if field.name == "observation_model")
    assert meaning_of(field).endswith("own: a model of a user")


def test_a_registration_replaces_a_registration_of_the_same_name(own):
    register(dataclasses.replace(own, likelihood_scale=0.2))
    assert registration_of("own").likelihood_scale == 0.2
