"""Rearranged weights: shared while in use, never older than the parameter."""

import gc

import numpy as np
import pytest
import torch
from torch import nn

from models import gru, joint
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.fast.prepared import _PREPARED, prepared
from uisrnn.model.fast.product import for_product
from uisrnn.training.generative import step_if


@pytest.fixture
def weight():
    return nn.Parameter(torch.randn(40, 7))


def test_steppers_in_use_share_a_copy(weight):
    assert prepared(weight) is not prepared(nn.Parameter(weight.detach().clone()))
    shared = prepared(weight)
    assert prepared(weight) is shared


def test_a_change_of_the_parameter_makes_a_new_copy(weight):
    before = prepared(weight)
    with torch.no_grad():
        weight += 1
    assert np.array_equal(prepared(weight), for_product(weight.detach().numpy()))
    weight.data = torch.zeros(40, 7)
    assert not prepared(weight).any()
    assert before.any()


def test_a_step_of_the_optimizer_of_training_makes_a_new_copy(weight):
    """Fused optimizers change parameters without torch's notice."""
    in_use = prepared(weight)
    optimizer = torch.optim.Adam([weight], fused=True)
    weight.sum().backward()
    step_if(torch.tensor(True), optimizer)
    assert np.array_equal(prepared(weight), for_product(weight.detach().numpy()))
    assert not np.array_equal(prepared(weight), in_use)


def test_a_search_keeps_the_weights_that_it_began_with():
    model = gru()
    recurrent = BeamSearch(joint(model), 3).init().pool.arrays.stepper.weights.recurrent
    before = [layer.bias.copy() for layer in recurrent]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1
    assert all(map(np.array_equal, before, [layer.bias for layer in recurrent]))


def test_nothing_is_kept_for_a_parameter_that_is_gone():
    gc.collect()
    number = len(_PREPARED)
    other = nn.Parameter(torch.randn(40, 7))
    prepared(other)
    assert len(_PREPARED) == number + 1
    del other
    gc.collect()
    assert len(_PREPARED) == number


def test_a_parameter_that_was_made_in_inference_mode_is_prepared():
    with torch.inference_mode():
        weight = nn.Parameter(torch.randn(40, 7))
    assert np.array_equal(prepared(weight), for_product(weight.detach().numpy()))
