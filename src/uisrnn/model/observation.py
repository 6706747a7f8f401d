"""The first seam: what the decoder and the training know about an observation model."""

import math
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from uisrnn.model.rows import Rows

S = TypeVar("S", bound=Rows)


@dataclass(frozen=True)
class Prediction(Rows):
    """The Gaussian N(mean, variance) with diagonal covariance, expected of a cluster's next observation.

    Attributes:
        mean: (..., D).
        variance: (..., D), positive.
    """

    mean: Tensor
    variance: Tensor


def negative_log_density(x: Tensor, prediction: Prediction) -> Tensor:
    """-log N(x; mean, variance) = sum_d [(x - mean)^2 / (2 variance) + log(2 pi variance) / 2], Eq. (11).

    Args:
        x: (D,) or (..., D).
        prediction: (..., D).

    Returns:
        (...) float64; only the sum over dimensions is of that precision.
    """
    squared = (x - prediction.mean).square() / prediction.variance
    logarithm = (2 * math.pi * prediction.variance).log()
    return 0.5 * (squared + logarithm).sum(dim=-1, dtype=torch.float64)


class ObservationModel(Protocol[S]):
    """p(x_t | earlier observations of the same cluster), with whatever state a cluster needs for it.

    States are a dataclass of tensors with a leading row axis (`Rows`), one row a cluster; what is in it is the
    model's own affair. A new model is one new file that passes the law tests.
    """

    @property
    def observation_dim(self) -> int:
        """D."""

    @property
    def device(self) -> torch.device:
        """Where states live."""

    @property
    def dtype(self) -> torch.dtype:
        """Precision of observations and states."""

    def initial(self) -> S:
        """The state of a cluster without observations: one row."""

    def predict(self, states: S) -> Prediction:
        """What is expected of the next observation of each row's cluster: (rows, D)."""

    def advance(self, states: S, x: Tensor) -> S:
        """The states after one more observation, each.

        Args:
            states: n rows.
            x: (D,) for all rows or (n, D).

        Returns:
            n new rows; the given ones are untouched.
        """

    def unroll(self, observations: Tensor, lengths: Tensor) -> Prediction:
        """Predictions for whole sequences of one cluster each, for training.

        Args:
            observations: (time, batch, D), padded at the end with anything finite.
            lengths: (batch,) true lengths, on the CPU.

        Returns:
            (time, batch, D): at time t the prediction for observation t from those before it; after the end of a
            sequence anything finite.
        """
