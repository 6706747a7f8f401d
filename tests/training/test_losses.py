"""The loss of the design, written out."""

from math import log

import pytest
import torch

from uisrnn.training import losses

SIGMA2 = torch.tensor([0.5, 2.0])


def test_likelihood_is_an_average_over_observations():
    x = torch.tensor([[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]])
    loss = losses.negative_log_likelihood(x, torch.zeros(3, 2), SIGMA2)
    assert loss.item() == pytest.approx((1 / 1 + 4 / 4 + 9 / 1) / 3)


def test_prior():
    a, b, n = 2.0, 3.0, 5
    expected = sum((2 * a + n + 2) / (2 * n) * log(s) + b / (n * s) for s in (0.5, 2.0))
    assert losses.sigma2_prior(n, a, b, SIGMA2).item() == pytest.approx(expected)


def test_regularization():
    parameters = [torch.tensor([3.0, 4.0]), torch.zeros(2, 2, requires_grad=True)]
    loss = losses.regularization(parameters, 0.1)
    assert loss.item() == pytest.approx(0.5)
    loss.backward()
    assert torch.isfinite(parameters[1].grad).all()
