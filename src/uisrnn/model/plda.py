"""Two-covariance observation model (PLDA): a covariance between clusters, and a covariance within clusters."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from uisrnn.model.fast.plda_step import PLDAStep, Table
from uisrnn.model.observation import PlainStepper, Prediction, Stepper, log_normaliser
from uisrnn.model.rows import Rows
from uisrnn.model.unmixing import Unmixing

INITIAL_DISCOUNT = 0.15
INITIAL_LENGTH_NORM = 0.5
_SHORTEST = 1e-12


@dataclass(frozen=True)
class PLDAStates(Rows):
    """States of clusters.

    Attributes:
        mean: (rows, F) mean of the prediction for the next observation.
        variance: (rows, F) variance of this prediction.
        count: (rows, 1) n, the number of independent observations that the cluster's observations count as.
    """

    mean: Tensor
    variance: Tensor
    count: Tensor


class PLDAObservation(nn.Module):
    """z ~ N(c, v), c ~ N(0, b): the features z of a cluster's observations spread about its centre c.

    z = r^k P'(x - m), where P makes the within-cluster covariance 1 and the between-cluster covariance diagonal, and
    r^k = (typical length / length of P'(x - m))^k brings lengths nearer to each other. Because neighbours overlap, an
    observation counts as `discount` independent observations. After observations that count as n, the prediction is
    Gaussian,

        mean_n = (p_n / v) sum of discount z,  variance_n = v + p_n,  p_n = 1 / (1 / b + n / v),

    and for a new cluster N(0, (b + v) times `new`). Ioffe, "Probabilistic linear discriminant analysis", 2006; Brummer
    and de Villiers, "The speaker partitioning problem", 2010.

    Projection, mean and the eigenvalues e of the between-cluster covariance come from labels in closed form (see
    `TwoCovariance`); b = e^power between, v = within, and the other scalars may be trained.

    Args:
        observation_dim: D.
        feature_dim: F, at most D.
        context: number of earlier observations from which an observation is unmixed; see `Unmixing`. 0: none.
    """

    center: Tensor
    projection: Tensor
    eigenvalues: Tensor

    def __init__(self, observation_dim: int, feature_dim: int, context: int = 0) -> None:
        super().__init__()
        self.observation_dim = observation_dim
        self.feature_dim = feature_dim
        self.context = context
        self.views = 2 if context else 1
        self.register_buffer("center", torch.zeros(observation_dim))
        self.register_buffer("projection", torch.eye(observation_dim, feature_dim))
        self.register_buffer("eigenvalues", torch.ones(feature_dim))
        self.power = nn.Parameter(torch.ones(()))
        self.log_between = nn.Parameter(torch.zeros(()))
        self.log_within = nn.Parameter(torch.zeros(()))
        self.log_new = nn.Parameter(torch.zeros(()))
        self.log_discount = nn.Parameter(torch.tensor(math.log(INITIAL_DISCOUNT)))
        self.length_norm = nn.Parameter(torch.tensor(INITIAL_LENGTH_NORM))
        self.unmixing = Unmixing(context) if context else None

    def discriminative_parameters(self) -> list[nn.Parameter]:
        """All scalars and the unmixing; center, projection and eigenvalues are closed forms."""
        return list(self.parameters())

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return self.center.device

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return self.center.dtype

    @property
    def discount(self) -> Tensor:
        """The number of independent observations that an observation counts as."""
        return self.log_discount.exp()

    @property
    def between(self) -> Tensor:
        """b: (F,) variance of cluster centres."""
        return self.eigenvalues.pow(self.power) * self.log_between.exp()

    @property
    def within(self) -> Tensor:
        """v: () variance of observations about their centre."""
        return self.log_within.exp()

    def with_same_parameters(self) -> "PLDAObservation":
        """A model with covariances of its own that shares the trained parameters."""
        twin = PLDAObservation(self.observation_dim, self.feature_dim, self.context).to(self.device, self.dtype)
        for name, parameter in self.named_parameters(recurse=False):
            setattr(twin, name, parameter)
        twin.unmixing = self.unmixing
        return twin

    def features(self, observations: Tensor, earlier: int = 0) -> Tensor:
        """Whitened observations of nearly equal length, unmixed; see `ObservationModel.features`."""
        z: Tensor = (observations - self.center) @ self.projection
        typical = (1 + self.eigenvalues).sum().sqrt()
        length = torch.linalg.vector_norm(z, dim=1, keepdim=True).clamp(min=_SHORTEST, max=torch.finfo(z.dtype).max)
        z = z * (typical / length).pow(self.length_norm)
        if self.unmixing is None:
            return z[earlier:, None]
        views: Tensor = self.unmixing(z, earlier)
        return views

    def _new_variance(self) -> Tensor:
        variance: Tensor = (self.between + self.within) * self.log_new.exp()
        return variance

    def _spread(self, count: Tensor) -> Tensor:
        """p_n: variance of the centre given observations that count as n, (..., 1) -> (..., F)."""
        return 1 / (1 / self.between + count / self.within)

    def initial(self) -> PLDAStates:
        """The prior of all clusters."""
        variance = self._new_variance()[None]
        return PLDAStates(torch.zeros_like(variance), variance, variance.new_zeros(1, 1))

    def predict(self, states: PLDAStates) -> Prediction:
        """Mean and variance of the states."""
        return Prediction(states.mean, states.variance)

    def encode(self, x: Tensor) -> Tensor:
        """The features themselves."""
        return x

    def advance(self, states: PLDAStates, encoded: Tensor) -> PLDAStates:
        """mean_{n+w} = mean_n + (w / v) p_{n+w} (z - mean_n), with w the discount; see `ObservationModel.advance`."""
        count = states.count + self.discount
        spread = self._spread(count)
        mean = states.mean + self.discount / self.within * spread * (encoded - states.mean)
        return PLDAStates(mean, self.within + spread, count)

    def stepper(self, states: PLDAStates) -> Stepper:
        """Compiled loops on a CPU; see `ObservationModel.stepper`."""
        if self.device.type != "cpu":
            return PlainStepper(self, states)
        table = Table(*(tensor.numpy() for tensor in (states.mean, states.variance, states.count)))
        parameters = (self.between, self.within, self.discount)
        between, within, discount = (tensor.detach().cpu() for tensor in parameters)
        return PLDAStep(table, between.reciprocal().numpy(), within.item(), discount.item())

    def least_cost(self) -> float:
        """The cost at the mean, of a cluster whose centre is known or of a new cluster."""
        known = self.within.detach().expand(self.feature_dim)
        return min(log_normaliser(known).item(), log_normaliser(self._new_variance().detach()).item())

    def unroll(self, features: Tensor, lengths: Tensor) -> Prediction:
        """All predictions from cumulative sums; see `ObservationModel.unroll`."""
        taken = torch.cat([torch.zeros_like(features[:1]), features[:-1]]).cumsum(0) * self.discount
        number = torch.arange(len(features), dtype=features.dtype, device=features.device)
        spread = self._spread(number[:, None, None] * self.discount)
        mean = taken * spread / self.within
        first = (number == 0)[:, None, None]
        return Prediction(mean, torch.where(first, self._new_variance(), self.within + spread).expand_as(mean))
