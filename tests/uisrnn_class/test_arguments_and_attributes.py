"""The arguments and attributes of a model, and copies of a model."""

import argparse
import copy
import pickle

import numpy as np
import pytest
import torch

import conftest
import uisrnn
from squares import FEW, new_model, weights
from uisrnn import ModelArguments


def test_any_object_with_the_attributes_is_accepted(data):
    model = uisrnn.UISRNN(argparse.Namespace(observation_dim=2, rnn_hidden_size=4, verbosity=0, enable_cuda=False))
    model.fit(*data, argparse.Namespace(train_iteration=2, batch_size=5))
    assert len(model.predict(data[0], argparse.Namespace(beam_size=2, look_ahead=2, test_iteration=1))) == 3


def test_changing_arguments_afterwards_leaves_the_model_alone():
    args = ModelArguments(observation_dim=2, rnn_hidden_size=4)
    model = uisrnn.UISRNN(args)
    args.observation_dim = 99
    assert model.observation_dim == 2


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


def test_attributes_of_0_1_2(square_model):
    assert square_model.rnn_init_hidden.shape == (1, 1, 8)
    assert square_model.sigma2.shape == (2,)
    assert set(square_model.rnn_model.state_dict()) >= {"gru.weight_ih_l0", "linear_mean1.weight", "linear_mean2.bias"}
    outputs, hidden = square_model.rnn_model(
        torch.zeros(3, 1, 2, device=square_model.device), square_model.rnn_init_hidden
    )
    assert (outputs.shape, hidden.shape) == ((3, 1, 2), (1, 1, 8))
    assert square_model.rnn_model.hidden_size == 8
    assert square_model.device == square_model.sigma2.device


@pytest.mark.filterwarnings("ignore:You are using `torch.load`:FutureWarning")  # torch 2.4 of its own unpickling
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_model_can_be_copied(square_model, copied):
    twin = copied(square_model)
    twin.fit(conftest.SQUARE, list("abcd"), FEW)
    assert torch.equal(weights(copy.deepcopy(twin)), weights(twin))
    assert not torch.equal(weights(twin), weights(square_model))
