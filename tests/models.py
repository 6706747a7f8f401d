"""Observation models over which the law tests run: those of the library, and a small one that only tests know.

The latter shows that a new model needs nothing but the protocol of `uisrnn.model.observation`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from uisrnn.model.conventions import ASSIGNMENTS, RUNNING_MEANS
from uisrnn.model.gru import GRUObservation
from uisrnn.model.joint import Joint
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.observation import ObservationModel, PlainStepper, Prediction
from uisrnn.model.plda import PLDAObservation
from uisrnn.model.rows import Rows
from uisrnn.model.transition import Transition

DIM = 3
CPU = torch.device("cpu")


@dataclass(frozen=True)
class CountStates(Rows):
    """Number of a cluster's observations, and what follows from them for the next."""

    count: Tensor
    mean: Tensor
    variance: Tensor


@dataclass(frozen=True)
class ConjugateGaussian:
    """x ~ N(m, 1), m ~ N(0, 4): the variance of the prediction falls with the number of observations."""

    observation_dim: int = DIM
    device: torch.device = CPU
    dtype: torch.dtype = torch.float64
    views: int = 1
    context: int = 0

    def features(self, observations: Tensor, earlier: int = 0) -> Tensor:
        return observations[earlier:, None]

    def initial(self) -> CountStates:
        zero = torch.zeros(1, self.observation_dim, dtype=self.dtype)
        return CountStates(torch.zeros(1, 1, dtype=self.dtype), zero, zero + 5)

    def predict(self, states: CountStates) -> Prediction:
        return Prediction(states.mean, states.variance)

    def encode(self, x: Tensor) -> Tensor:
        return x

    def advance(self, states: CountStates, encoded: Tensor) -> CountStates:
        precision = states.count + 0.25
        mean = (states.mean * precision + encoded) / (precision + 1)
        return CountStates(states.count + 1, mean, (1 + 1 / (precision + 1)).expand_as(mean))

    def stepper(self, states: CountStates) -> PlainStepper:
        return PlainStepper(self, states)

    def least_cost(self) -> float:
        return self.observation_dim * math.log(2 * math.pi) / 2

    def unroll(self, features: Tensor, lengths: Tensor) -> Prediction:
        before = torch.cat([torch.zeros_like(features[:1]), features[:-1]]).cumsum(0)
        precision = torch.arange(len(features), dtype=self.dtype)[:, None, None] + 0.25
        return Prediction(before / precision, (1 + 1 / precision).expand_as(before))

    def discriminative_parameters(self) -> list[nn.Parameter]:
        return []


def gru(depth: int = 1, running_mean: str = "paper", hidden: int = 5, dim: int = DIM, seed: int = 0) -> GRUObservation:
    """A GRU model with random weights large enough that outputs differ from cluster to cluster."""
    generator = torch.Generator().manual_seed(seed)
    model = GRUObservation(dim, hidden, depth, 0.0, 0.5, RUNNING_MEANS[running_mean]).double().eval()
    with torch.no_grad():
        for parameter in [*model.network.parameters(), model.init_hidden]:
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.8)
        model.sigma2.copy_(torch.rand(dim, generator=generator, dtype=torch.float64) + 0.2)
    return model


def plda(context: int = 0, dim: int = DIM, feature_dim: int = DIM - 1, seed: int = 0) -> PLDAObservation:
    """A two-covariance model with random parameters."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    model = PLDAObservation(dim, feature_dim, context).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(random(*parameter.shape) * 0.3)
        model.center.copy_(random(dim) * 0.2)
        model.projection.copy_(random(dim, feature_dim))
        model.eigenvalues.copy_(random(feature_dim).exp() * 4)
    return model


def feature_dim(model: ObservationModel) -> int:
    """F."""
    return model.predict(model.initial()).mean.shape[1]


OBSERVATION_MODELS: dict[str, Callable[[], ObservationModel]] = {
    "gru": gru,
    "gru depth 2": lambda: gru(depth=2),
    "gru v0 mean": lambda: gru(running_mean="v0"),
    "plda": plda,
    "context plda": lambda: plda(context=2),
    "conjugate gaussian": ConjugateGaussian,
}


def joint(
    model: ObservationModel,
    assignment: str = "paper",
    bias: float = 0.3,
    crp_alpha: float = 0.7,
    scale: float = 1.0,
    spread: float = 0.1,
) -> Joint:
    """A model with a label prior."""
    return Joint(model, LabelPrior(Transition(bias, spread), ASSIGNMENTS[assignment], crp_alpha), scale)
