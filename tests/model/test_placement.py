"""The device that decodes: tested with models that pretend to be on a GPU."""

import dataclasses
import logging

import numpy as np
import pytest
import torch

import uisrnn
from uisrnn import ModelArguments
from uisrnn.construction import device_of
from uisrnn.model import registry
from uisrnn.model.gru import GRUObservation
from uisrnn.model.placement import MOST_WEIGHTS_ON_CPU, is_faster_on_cpu, on_faster_device
from uisrnn.observation_models import Tunable, register
from uisrnn.observation_models.gru import GRU
from uisrnn.tuning.space import apply


class Pretender(GRUObservation):
    """A GRU that says it is on the device to which it was moved; its tensors stay on the CPU."""

    place = torch.device("cpu")

    @property
    def device(self):
        return self.place

    def to(self, device):
        self.place = torch.device(device)
        return self


@pytest.fixture
def _a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(registry, "_REGISTRATIONS", dict(registry._REGISTRATIONS))
    build = lambda args: Pretender(args.observation_dim, args.rnn_hidden_size)  # noqa: E731
    register(dataclasses.replace(GRU, name="pretender", build=build))
    yield
    registry.OBSERVATION_MODELS.pop("pretender")


def pretender(device="auto", hidden=4):
    return uisrnn.UISRNN(
        ModelArguments("pretender", observation_dim=2, rnn_hidden_size=hidden, transition_bias=0.2, device=device,
                       verbosity=3, seed=0)
    )  # fmt: skip


def device_of_decoder(model):
    return model.decoder().search.joint.observation.device.type


@pytest.mark.usefixtures("_a_gpu")
class TestWithAGPU:
    @pytest.mark.parametrize(("device", "decodes_on"), [("auto", "cpu"), ("cuda", "cuda"), ("cpu", "cpu")])
    def test_only_auto_decodes_on_a_copy(self, device, decodes_on):
        model = pretender(device)
        assert model.device.type == ("cpu" if device == "cpu" else "cuda")
        assert device_of_decoder(model) == decodes_on

    def test_the_model_stays_on_the_gpu_and_its_weights_do_not_move(self):
        model = pretender()
        decoder = model.decoder()
        assert model.device == torch.device("cuda:0")
        assert decoder.search.joint.observation is not model._model.observation
        model._model.observation.init_hidden.data += 1
        assert decoder.search.joint.observation.init_hidden.eq(0).all()

    def test_a_large_model_decodes_on_the_gpu(self):
        assert device_of_decoder(pretender(hidden=300)) == "cpu"
        assert device_of_decoder(pretender(hidden=1000)) == "cuda"

    def test_the_log_says_once_that_the_cpu_decodes(self, caplog):
        model = pretender()
        with caplog.at_level(logging.INFO):
            for _ in range(3):
                model.decoder()
        said = [message for message in caplog.messages if "copy on the CPU" in message]
        assert said == [
            "the model is on cuda:0; a copy on the CPU labels, because it is faster (device='cuda' labels on the GPU)"
        ]

    def test_labels_are_the_labels_of_the_same_model_on_a_cpu(self):
        x = np.random.default_rng(0).normal(size=(30, 2))
        assert pretender().predict(x) == pretender("cpu").predict(x)

    def test_tuned_values_go_into_the_model_and_not_into_a_copy(self):
        tunable = Tunable(lambda model: 1.0, lambda model, value: model.init_hidden.data.fill_(value), reach=2)
        model = pretender()
        apply(model, {"level": tunable}, {"level": 3.0})
        assert model._model.observation.init_hidden.eq(3).all()

    @pytest.mark.parametrize(("kind", "device"), [("plda", "cpu"), ("context_plda", "cpu"), ("gru", "cuda:0")])
    def test_auto_takes_a_gpu_only_for_a_model_that_trains_faster_there(self, kind, device):
        assert device_of(ModelArguments(kind)) == torch.device(device)
        assert device_of(ModelArguments(kind, device="cuda")) == torch.device("cuda:0")


def test_the_gru_of_the_paper_decodes_on_the_cpu():
    with torch.device("meta"):
        measured = GRUObservation(256, 512)
        twice_as_wide = GRUObservation(256, 1024)
    assert is_faster_on_cpu(measured)
    assert not is_faster_on_cpu(twice_as_wide)
    assert MOST_WEIGHTS_ON_CPU == 2**21


def test_a_model_on_a_cpu_decodes_itself():
    model = uisrnn.UISRNN(ModelArguments("plda", observation_dim=2, transition_bias=0.2, verbosity=0, device="cpu"))
    joint = model._model.joint()
    assert on_faster_device(joint) is joint
