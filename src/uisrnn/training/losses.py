"""The loss of generative training: what `fit` makes small."""

from collections.abc import Iterable

import torch
from torch import Tensor


def negative_log_likelihood(observations: Tensor, mean: Tensor, sigma2: Tensor) -> Tensor:
    """sum_d (x - mu)^2 / (2 sigma2_d), averaged over observations: Eq. (11) without its logarithm.

    The logarithm stands in `sigma2_prior`, as in 0.1.2.

    Args:
        observations: (n, D) true observations, no padding.
        mean: (n, D) their predictions.
        sigma2: (D,).
    """
    return ((observations - mean).square() / (2 * sigma2)).sum() / len(observations)


def sigma2_prior(number: Tensor | int, sigma_alpha: float, sigma_beta: float, sigma2: Tensor) -> Tensor:
    """sum_d [(2 a + n + 2) / (2 n) log sigma2_d + b / (n sigma2_d)]: inverse gamma prior and normalisation.

    Args:
        number: n, of true observations; one for all dimensions or one each.
        sigma_alpha: a, the shape of the prior.
        sigma_beta: b, its scale.
        sigma2: (D,).
    """
    logarithm = (2 * sigma_alpha + number + 2) / (2 * number) * sigma2.log()
    return (logarithm + sigma_beta / (number * sigma2)).sum()


def regularization(parameters: Iterable[Tensor], weight: float) -> Tensor:
    """Weight times the sum of the norms of all parameters.

    Args:
        parameters: of any shapes.
        weight: of the sum.
    """
    norms = [torch.linalg.vector_norm(one) for one in parameters]
    return weight * torch.stack(norms).sum() if norms else torch.zeros(())
