"""Rearranged weights: shared while in use, never older than the parameter."""

import gc

import numpy as np
import pytest
import torch
from torch import nn

from uisrnn.model.fast.prepared import _PREPARED, prepared
from uisrnn.model.fast.product import for_product


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
