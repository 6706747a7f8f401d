"""The loss functions of 0.1.2 under their names and signatures, for scripts that call them.

Training uses `uisrnn.training.losses`, which knows the padding from lengths. The functions of 0.1.2 know the padding
from zeros, as their callers expect.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from uisrnn.training import losses


def weighted_mse_loss(input_tensor: Tensor, target_tensor: Tensor, weight: Tensor | float = 1) -> Tensor:
    """sum_d weight_d (input - target)_d^2, averaged over the entries that differ in the first dimension.

    Args:
        input_tensor: (..., D) predictions.
        target_tensor: (..., D) targets.
        weight: (D,) weights, or a number for all dimensions.

    Returns:
        A scalar; 0 if no entry differs.

    >>> weighted_mse_loss(torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.zeros(2, 2), torch.ones(2))
    tensor(5.)
    """
    squared = (input_tensor - target_tensor).square().reshape(-1, input_tensor.shape[-1])
    entries = (squared[:, 0] != 0).sum().clamp(min=1)
    return (squared * torch.as_tensor(weight, dtype=squared.dtype, device=squared.device)).sum() / entries


def sigma2_prior_loss(num_non_zero: Tensor | int, sigma_alpha: float, sigma_beta: float, sigma2: Tensor) -> Tensor:
    """sum_d [(2 a + n_d + 2) / (2 n_d) log sigma2_d + b / (n_d sigma2_d)].

    Args:
        num_non_zero: n, number of true observations: a number for all dimensions, or (D,).
        sigma_alpha: a, shape of the inverse gamma prior.
        sigma_beta: b, scale of the inverse gamma prior.
        sigma2: (D,) variances.
    """
    return losses.sigma2_prior(num_non_zero, sigma_alpha, sigma_beta, sigma2)


def regularization_loss(params: Iterable[Tensor], weight: float) -> Tensor:
    """Weight times the sum of the norms of all parameters; 0 without parameters.

    Args:
        params: parameters of any shapes.
        weight: weight of the sum.
    """
    return losses.regularization(params, weight)
