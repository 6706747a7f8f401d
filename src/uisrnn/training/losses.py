"""The loss of generative training: what `fit` makes small, and what predictions are compared with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from uisrnn.arguments import TrainingArguments


class Target(Protocol):
    """What the running means mu_0, mu_1, ... of a cluster's outputs are trained to predict."""

    def of(self, observations: Tensor, mask: Tensor) -> Tensor:
        """The targets of all predictions that have an observation.

        Args:
            observations: (time, batch, D), padded at the end.
            mask: (time, batch) whether there is an observation.

        Returns:
            (n, D), in the order of `observations[mask]`.
        """
        ...


@dataclass(frozen=True)
class NextObservation:
    """mu_{n-1} is trained to predict x_n, as in the paper."""

    def of(self, observations: Tensor, mask: Tensor) -> Tensor:
        """The observations themselves; see `Target.of`."""
        return observations[mask]


@dataclass(frozen=True)
class SampleMean:
    """mu_{n-1} is trained to predict a mean of what remains of the cluster, x_n .. x_T (arXiv:1911.01266).

        (x_{k_1} + ... + x_{k_N}) / N, each k_i drawn from n .. T with replacement, anew at every iteration

    Each prediction is then drawn to where the cluster's observations lie rather than to the next of them; the last one
    predicts x_T. As in the code that the authors published, the prediction stays the running mean of the outputs, and
    sigma2 follows the residuals of these targets: it becomes smaller than the variance of one observation. They draw
    no more samples than remain; here it is always N, which changes no expectation.

    Attributes:
        number: N, at least 1.
    """

    number: int

    def of(self, observations: Tensor, mask: Tensor) -> Tensor:
        """Sample means, drawn from torch's generator on the CPU, whatever the device; see `Target.of`."""
        time, column = mask.nonzero(as_tuple=True)  # (n,), (n,)
        remaining = mask.sum(0)[column] - time  # (n,)
        uniform = torch.rand(len(time), self.number, dtype=torch.float64).to(mask.device)
        drawn = time[:, None] + (uniform * remaining[:, None]).long()  # (n, N)
        rows = drawn * mask.shape[1] + column[:, None]
        return functional.embedding_bag(rows, observations.flatten(0, 1), mode="mean")


TARGETS: dict[str, Callable[[TrainingArguments], Target]] = {
    "running_mean": lambda _args: NextObservation(),
    "sample_mean": lambda args: SampleMean(args.sample_number),
}


def negative_log_likelihood(observations: Tensor, mean: Tensor, sigma2: Tensor) -> Tensor:
    """sum_d (x - mu)^2 / (2 sigma2_d), averaged over observations: Eq. (11) without its logarithm.

    The logarithm stands in `sigma2_prior`, as in 0.1.2.

    Args:
        observations: (n, D) true observations, or other targets; no padding.
        mean: (n, D) their predictions.
        sigma2: (D,).
    """
    return ((observations - mean).square() / (2 * sigma2)).sum() / len(observations)


def natural(mean: Tensor, sigma2: Tensor) -> Tensor:
    """The same predictions, whose gradient is multiplied by sigma2_d over the mean of all sigma2_d, if they are learned.

    The likelihood's gradient (mu - x) / sigma2_d nearly leaves out a dimension that is not yet predicted, because its
    sigma2_d is large, and such a dimension may then never be. The natural gradient (Amari, 1998) is mu - x.

    Args:
        mean: (n, D).
        sigma2: (D,).
    """
    if mean.requires_grad and sigma2.requires_grad:
        weight = (sigma2 / sigma2.mean()).detach()
        mean.register_hook(lambda gradient: gradient * weight)
    return mean


def log_sigma2_weight(number: Tensor | float, sigma_alpha: float) -> Tensor | float:
    """(2 a + n + 2) / (2 n), the weight of log sigma2_d in `sigma2_prior`."""
    return (2 * sigma_alpha + number + 2) / (2 * number)


def sigma2_prior(number: Tensor | float, sigma_alpha: float, sigma_beta: float, sigma2: Tensor) -> Tensor:
    """sum_d [(2 a + n + 2) / (2 n) log sigma2_d + b / (n sigma2_d)]: inverse gamma prior and normalisation.

    Args:
        number: n, of true observations; one for all dimensions or one each.
        sigma_alpha: a, the shape of the prior.
        sigma_beta: b, its scale.
        sigma2: (D,).
    """
    return (log_sigma2_weight(number, sigma_alpha) * sigma2.log() + sigma_beta / (number * sigma2)).sum()


def regularization(parameters: Iterable[Tensor], weight: float) -> Tensor:
    """Weight times the sum of the norms of all parameters.

    Args:
        parameters: of any shapes.
        weight: of the sum.
    """
    norms = [torch.linalg.vector_norm(one) for one in parameters]
    return weight * torch.stack(norms).sum() if norms else torch.zeros(())
