"""The loss of generative training: its three terms, and the targets of the predictions."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from uisrnn.arguments import TrainingArguments
from uisrnn.model.packing import Packing
from uisrnn.transfers import sent


class Target(Protocol):
    """The target of the running means mu_0, mu_1, ... of a cluster's outputs."""

    def of(self, observations: Tensor, packing: Packing) -> Tensor:
        """The targets of all predictions.

        Args:
            observations: (n, D), packed.
            packing: their places in the sequences.

        Returns:
            (n, D), packed.
        """
        ...


@dataclass(frozen=True)
class NextObservation:
    """mu_{n-1} is trained to predict x_n, as in the paper."""

    def of(self, observations: Tensor, packing: Packing) -> Tensor:
        return observations


@dataclass(frozen=True)
class SampleMean:
    """mu_{n-1} is trained to predict a mean of the cluster's remaining observations (arXiv:1911.01266).

        (x_{k_1} + ... + x_{k_N}) / N, each k_i drawn from n .. T with replacement, anew at every iteration

    So a prediction approaches the place of the cluster, not only its next observation; the last prediction predicts
    x_T. As in the code of the authors, the prediction is the running mean of the outputs, and sigma2 follows the
    residuals of these targets, so it is smaller than the variance of an observation. The authors draw at most as many
    samples as observations remain. Here the number is always N; this does not change the expectation.

    Attributes:
        number: N, at least 1.
    """

    number: int

    def of(self, observations: Tensor, packing: Packing) -> Tensor:
        """Sample means, drawn from torch's generator on the CPU for any device."""
        starts = packing.sizes.cumsum(0) - packing.sizes  # (T,)
        times = torch.repeat_interleave(packing.sizes)  # (n,)
        ranks = torch.arange(len(times)) - starts[times]  # (n,) sequences by length, longest first
        lengths = torch.bincount(ranks)  # (batch,)
        uniform = torch.rand(len(times), self.number, dtype=torch.float64)
        drawn = times[:, None] + (uniform * (lengths[ranks] - times)[:, None]).long()  # (n, N)
        entries = starts[drawn] + ranks[:, None]
        return functional.embedding_bag(sent(entries, observations.device), observations, mode="mean")


TARGETS: dict[str, Callable[[TrainingArguments], Target]] = {
    "running_mean": lambda _args: NextObservation(),
    "sample_mean": lambda args: SampleMean(args.sample_number),
}


def negative_log_likelihood(observations: Tensor, mean: Tensor, sigma2: Tensor) -> Tensor:
    """sum_d (x - mu)^2 / (2 sigma2_d), averaged over observations: Eq. (11) without its logarithm.

    The logarithm stands in `sigma2_prior`, as in 0.1.2.

    Args:
        observations: (n, D) true observations or other targets, without padding.
        mean: (n, D) predictions of the targets.
        sigma2: (D,).
    """
    return ((observations - mean).square() / (2 * sigma2)).sum() / len(observations)


def natural(mean: Tensor, sigma2: Tensor) -> Tensor:
    """The same predictions with another gradient: the given gradient times sigma2_d / (mean of sigma2).

    The gradient of the likelihood is (mu - x) / sigma2_d. It nearly vanishes in a dimension that the network does not
    predict yet, because sigma2_d is large there; the network may never learn this dimension. The natural gradient
    (Amari, 1998) is mu - x; the mean of sigma2 keeps its size. A fixed sigma2 changes nothing.

    Args:
        mean: (n, D) predictions mu.
        sigma2: (D,) variances.
    """
    if mean.requires_grad and sigma2.requires_grad:
        weight = (sigma2 / sigma2.mean()).detach()
        mean.register_hook(lambda gradient: gradient * weight)  # type: ignore[no-untyped-call]
    return mean


def log_sigma2_weight(number: Tensor | float, sigma_alpha: float) -> Tensor | float:
    """(2 a + n + 2) / (2 n), the weight of log sigma2_d in `sigma2_prior`."""
    return (2 * sigma_alpha + number + 2) / (2 * number)


def sigma2_prior(number: Tensor | float, sigma_alpha: float, sigma_beta: float, sigma2: Tensor) -> Tensor:
    """sum_d [(2 a + n + 2) / (2 n) log sigma2_d + b / (n sigma2_d)]: inverse gamma prior and normalisation.

    Args:
        number: n, number of true observations; a scalar, or a number for each dimension.
        sigma_alpha: a, the shape of the prior.
        sigma_beta: b, its scale.
        sigma2: (D,).
    """
    return (log_sigma2_weight(number, sigma_alpha) * sigma2.log() + sigma_beta / (number * sigma2)).sum()


def regularization(parameters: Iterable[Tensor], weight: float) -> Tensor:
    """Weight times the sum of the norms of all parameters.

    Args:
        parameters: of any shapes.
        weight: factor of the sum.
    """
    norms = [torch.linalg.vector_norm(parameter) for parameter in parameters]
    return weight * torch.stack(norms).sum() if norms else torch.zeros(())
