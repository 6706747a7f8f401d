"""The first seam: what the decoder and the training know about an observation model."""

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
    """The Gaussian N(mean, variance) with diagonal covariance, expected of a cluster's next observation.

    Attributes:
        mean: (..., F).
        variance: (..., F), or (1, F) if all predictions have the same; always positive.
    """

    mean: Tensor
    variance: Tensor


def log_normaliser(variance: Tensor) -> Tensor:
    """sum_d log(2 pi variance_d) / 2, what -log N(x; mean, variance) is at its mean: (..., D) -> (...) float64."""
    return 0.5 * (2 * math.pi * variance).log().sum(dim=-1, dtype=torch.float64)


def negative_log_density(x: Tensor, prediction: Prediction) -> Tensor:
    """-log N(x; mean, variance) = sum_d [(x - mean)^2 / (2 variance) + log(2 pi variance) / 2], Eq. (11).

    Args:
        x: (D,) or (..., D).
        prediction: (..., D).

    Returns:
        (...) float64; only the sum over dimensions is of that precision.
    """
    squared = (x - prediction.mean).square() / prediction.variance
    return 0.5 * squared.sum(dim=-1, dtype=torch.float64) + log_normaliser(prediction.variance)


class ObservationModel(Protocol[S]):
    """p(x_t | earlier observations of the same cluster), with whatever state a cluster needs for it.

    The model looks at an observation through its features, a vector each for one or two *views* of it: where it
    continues the block of its cluster, and where it starts one. Only these are predicted, encoded and taken by states.

    States are a dataclass of tensors with a leading row axis (`Rows`), one row a cluster; what is in it is the
    model's own affair. A new model is one new file that passes the law tests.
    """

    @property
    def observation_dim(self) -> int:
        """D."""

    @property
    def views(self) -> int:
        """V: 2 if an observation that starts a block is looked at in another way, the last; else 1."""

    @property
    def context(self) -> int:
        """How many observations before one its features depend on."""

    @property
    def device(self) -> torch.device:
        """Where states live."""

    @property
    def dtype(self) -> torch.dtype:
        """Precision of observations and states."""

    def features(self, observations: Tensor, earlier: int = 0) -> Tensor:
        """All views of consecutive observations.

        Args:
            observations: (earlier + n, D).
            earlier: the first ones are only the context of the others; at most `context` of them matter. Without any,
                the sequence begins with the first.

        Returns:
            (n, V, F).
        """

    def initial(self) -> S:
        """The state of a cluster without observations: one row."""

    def predict(self, states: S) -> Prediction:
        """What is expected of the features of the next observation of each row's cluster: (rows, F).

        The mean must be a tensor of the states, and so must the variance if it has a row for each: they are asked
        for once, and must follow when rows of the states are overwritten.
        """

    def encode(self, x: Tensor) -> Tensor:
        """What `advance` needs to know of features, whatever the state that takes them.

        For a whole sequence at once that is one matrix product, in place of one for each state and observation.

        Args:
            x: (n, F).

        Returns:
            (n, ...), one row an observation.
        """

    def advance(self, states: S, encoded: Tensor) -> S:
        """The states after one more observation, each.

        Args:
            states: n rows.
            encoded: (n, ...) from `encode`, the observation for each of them.

        Returns:
            n new rows; the given ones are untouched.
        """

    def stepper(self, states: S) -> "Stepper":
        """What encodes observations and advances rows of a table of states in place.

        A model that has nothing faster than `encode` and `advance` returns `PlainStepper(self, states)`.

        Args:
            states: the table, which stays where it is.
        """

    def least_cost(self) -> float:
        """A number that -log p(x_t | ...) never falls below, whatever the state and the observation."""

    def unroll(self, features: Tensor, lengths: Tensor) -> Prediction:
        """Predictions for whole sequences of one cluster each, with gradients.

        Args:
            features: (time, batch, F), padded at the end with anything finite.
            lengths: (batch,) true lengths, on the CPU.

        Returns:
            (time, batch, F): at time t the prediction for observation t from those before it; after the end of a
            sequence anything finite.
        """

    def discriminative_parameters(self) -> Sequence[nn.Parameter]:
        """The parameters that discriminative training changes; empty if there are none."""


class Stepper(Protocol):
    """Gives states in a table one more observation, without gradients."""

    def encode(self, x: Tensor) -> Tensor:
        """See `ObservationModel.encode`."""

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        """Write the states of rows after one more observation into other rows.

        Args:
            rows: (n,) the rows.
            new: (n,) where to write, distinct and none of `rows`.
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
        """See `ObservationModel.encode`."""
        return self.model.encode(x)

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        """See `Stepper.move`."""
        sources, targets, taken = (torch.from_numpy(numbers).to(encoded.device) for numbers in (rows, new, which))
        advanced = self.model.advance(self.states.take(sources), encoded.index_select(0, taken))
        self.states.put(targets, advanced)
