"""The first seam: the protocol of observation models, through which decoding and training use them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from uisrnn.compiled import RowNumbers
from uisrnn.model.rows import Rows

S = TypeVar("S", bound=Rows)


@dataclass(frozen=True)
class Prediction:
    """The predictive density of the next observation of a cluster: N(mean, variance), with diagonal covariance.

    Attributes:
        mean: (..., F).
        variance: (..., F), or (1, F) if all predictions have the same; always positive.
    """

    mean: Tensor
    variance: Tensor


def log_normaliser(variance: Tensor) -> Tensor:
    """sum_d log(2 pi variance_d) / 2, the value of -log N(x; mean, variance) at x = mean: (..., D) -> (...) float64."""
    return 0.5 * (2 * math.pi * variance).log().sum(dim=-1, dtype=torch.float64)


def negative_log_density(x: Tensor, prediction: Prediction) -> Tensor:
    """-log N(x; mean, variance) = sum_d [(x - mean)^2 / (2 variance) + log(2 pi variance) / 2], Eq. (11).

    Args:
        x: (D,) or (..., D).
        prediction: (..., D).

    Returns:
        (...) float64; only the sum over dimensions has this precision.
    """
    squared = (x - prediction.mean).square() / prediction.variance
    return 0.5 * squared.sum(dim=-1, dtype=torch.float64) + log_normaliser(prediction.variance)


class ObservationModel(Protocol[S]):
    """p(x_t | earlier observations of the same cluster).

    A model sees an observation through its features: a vector for each *view*. With two views, the first view is for
    an observation that continues a block, and the second view for an observation that starts a block. The model
    predicts features, and the states of clusters take features.

    States are a dataclass of tensors with a leading row axis (`Rows`), a row for each cluster. Only the model knows
    the meaning of their fields. A new model is a file that passes the law tests.
    """

    @property
    def observation_dim(self) -> int:
        """D."""

    @property
    def views(self) -> int:
        """V: 2 if an observation that starts a block has a view of its own, the last view; else 1."""

    @property
    def context(self) -> int:
        """Number of earlier observations on which the features of an observation depend."""

    @property
    def device(self) -> torch.device:
        """Device of the states."""

    @property
    def dtype(self) -> torch.dtype:
        """Precision of observations and states."""

    def features(self, observations: Tensor, earlier: int = 0) -> Tensor:
        """All views of consecutive observations.

        Args:
            observations: (earlier + n, D).
            earlier: number of observations at the beginning that are only context of the others; the last `context` of
                them are enough. 0: the sequence begins with the first observation.

        Returns:
            (n, V, F).
        """

    def initial(self) -> S:
        """The state of a cluster without observations: a single row."""

    def predict(self, states: S) -> Prediction:
        """The predictive density of the features of the next observation of each cluster: (rows, F).

        The mean must be a tensor of the states, and also the variance if it has a row for each cluster: the search
        asks for them once, and they must change with the rows of the states.
        """

    def encode(self, x: Tensor) -> Tensor:
        """The part of `advance` that does not depend on the state.

        For a whole sequence this is a single matrix product, instead of a product for each state and observation.

        Args:
            x: (n, F).

        Returns:
            (n, ...), a row for each observation.
        """

    def advance(self, states: S, encoded: Tensor) -> S:
        """The states after a further observation.

        Args:
            states: n rows.
            encoded: (n, ...) from `encode`, the observation for each row.

        Returns:
            n new rows; `states` is not changed.
        """

    def stepper(self, states: S) -> "Stepper":
        """An object that encodes observations and advances rows of a table of states in place.

        A model without faster code than `encode` and `advance` returns `PlainStepper(self, states)`.

        Args:
            states: the table; the stepper keeps its tensors.
        """

    def least_cost(self) -> float:
        """A lower bound of -log p(x_t | ...) for all states and observations."""

    def unroll(self, features: Tensor, lengths: Tensor) -> Prediction:
        """Predictions for whole sequences, each of a single cluster, with gradients.

        Args:
            features: (time, batch, F), padded at the end with finite numbers.
            lengths: (batch,) true lengths, on the CPU.

        Returns:
            (time, batch, F): at time t the prediction for observation t from the observations before it; after the end
            of a sequence any finite numbers.
        """

    def discriminative_parameters(self) -> Sequence[nn.Parameter]:
        """The parameters that discriminative training changes; empty if there are none."""


class Stepper(Protocol):
    """Advances states in a table by an observation, without gradients."""

    def encode(self, x: Tensor) -> Tensor:
        """Observations in the form that `move` takes; see `ObservationModel.encode`."""

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        """Advance states by an observation and write the results into other rows.

        Args:
            rows: (n,) the rows of the states.
            new: (n,) the rows of the results, distinct and not in `rows`.
            encoded: (m, ...) observations, from `encode`.
            which: (n,) for each row, the observation.
        """


@dataclass(frozen=True)
class PlainStepper(Generic[S]):
    """Copies rows, advances the copies and writes them back.

    Attributes:
        model: the observation model.
        states: the table.
    """

    model: ObservationModel[S]
    states: S

    def encode(self, x: Tensor) -> Tensor:
        return self.model.encode(x)

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        sources, targets, taken = (torch.from_numpy(numbers).to(encoded.device) for numbers in (rows, new, which))
        advanced = self.model.advance(self.states.take(sources), encoded.index_select(0, taken))
        self.states.put(targets, advanced)
