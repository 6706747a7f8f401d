"""The losses of 0.1.2, whose callers mark padding by zeros."""

from math import log

import pytest
import torch

from uisrnn.loss_func import regularization_loss, sigma2_prior_loss, weighted_mse_loss


def test_entries_that_do_not_differ_are_not_counted():
    truth = torch.tensor([[[1.0, 2.0], [0.0, 0.0]], [[3.0, 0.0], [0.0, 0.0]]])
    loss = weighted_mse_loss(torch.zeros(2, 2, 2), truth, torch.tensor([0.5, 2.0]))
    assert loss.item() == pytest.approx((0.5 * 1 + 2 * 4 + 0.5 * 9) / 2)


def test_weight_may_be_a_number():
    assert weighted_mse_loss(torch.ones(3, 2), torch.zeros(3, 2)).item() == 2.0


def test_nothing_differs():
    assert weighted_mse_loss(torch.ones(3, 2), torch.ones(3, 2)).item() == 0.0


@pytest.mark.parametrize("number", [4, torch.tensor([4.0, 4.0])])
def test_prior(number):
    expected = sum((2 + 4 + 2) / 8 * log(s) + 3 / (4 * s) for s in (0.5, 2.0))
    assert sigma2_prior_loss(number, 1.0, 3.0, torch.tensor([0.5, 2.0])).item() == pytest.approx(expected)


def test_regularization():
    assert regularization_loss([torch.tensor([3.0, 4.0])], 0.1).item() == pytest.approx(0.5)
    assert regularization_loss([], 0.1) == 0
