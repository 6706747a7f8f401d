"""The observation model of the paper: all clusters share a GRU, and each cluster has its own hidden state."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from uisrnn.model.fast.gru_step import Affine, GRUStep, Table, Weights
from uisrnn.model.fast.prepared import prepared
from uisrnn.model.fast.recurrence import unroll
from uisrnn.model.observation import PlainStepper, Prediction, Stepper, log_normaliser
from uisrnn.model.packing import Packing
from uisrnn.model.rows import Rows
from uisrnn.model.running_mean import PAPER_MEAN, RunningMean

INITIAL_SIGMA2 = 0.1


class GRUNetwork(nn.Module):
    """m_t = linear_mean2(relu(linear_mean1(GRU(x_t, h_{t-1})))), with the parameter names of 0.1.2."""

    def __init__(self, observation_dim: int, hidden_size: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.gru = nn.GRU(observation_dim, hidden_size, depth, dropout=dropout if depth > 1 else 0.0)
        self.linear_mean1 = nn.Linear(hidden_size, hidden_size)
        self.linear_mean2 = nn.Linear(hidden_size, observation_dim)

    def forward(self, inputs: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Outputs (time, batch, D) and last hidden state (depth, batch, H), with the signature of 0.1.2."""
        states, last = self.gru(inputs, hidden)
        return self.output(states), last

    def output(self, hidden: Tensor) -> Tensor:
        """m of the last layer's hidden state: (..., H) -> (..., D)."""
        mean: Tensor = self.linear_mean2(functional.relu(self.linear_mean1(hidden)))
        return mean

    def encode(self, x: Tensor) -> Tensor:
        """a = W_ih x + b_ih of the first layer: (n, D) -> (n, 3 H)."""
        weight, _, bias, _ = self.gru.all_weights[0]
        return functional.linear(x, weight, bias)

    def step(self, encoded: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """A time step: encoded (rows, 3 H) and hidden (rows, depth, H) to the next hidden, and m (rows, D)."""
        layers: list[Tensor] = []
        for layer, (w_ih, w_hh, b_ih, b_hh) in enumerate(self.gru.all_weights):
            a = encoded if layer == 0 else functional.linear(layers[-1], w_ih, b_ih)
            h = hidden[:, layer]
            c = functional.linear(h, w_hh, b_hh)
            r, z, _ = (a + c).chunk(3, dim=1)
            n = torch.addcmul(a.chunk(3, dim=1)[2], r.sigmoid(), c.chunk(3, dim=1)[2]).tanh()
            layers.append(torch.lerp(n, h, z.sigmoid()))
        return torch.stack(layers, dim=1), self.output(layers[-1])

    def compiled_step(self, table: Table, running_mean: RunningMean) -> GRUStep:
        """The time step for rows of a table, with the current weights."""

        def affine(weight: Tensor, bias: Tensor) -> Affine:
            return Affine(prepared(weight), bias.detach().numpy().copy())  # a later training must not change a stepper

        layers = self.gru.all_weights
        weights = Weights(
            inputs=tuple(affine(w_ih, b_ih) for w_ih, _, b_ih, _ in layers),
            recurrent=tuple(affine(w_hh, b_hh) for _, w_hh, _, b_hh in layers),
            inner=affine(self.linear_mean1.weight, self.linear_mean1.bias),
            output=affine(self.linear_mean2.weight, self.linear_mean2.bias),
            skipped=running_mean.skipped,
        )
        return GRUStep(table, weights)


@dataclass(frozen=True)
class GRUStates(Rows):
    """States of clusters.

    Attributes:
        hidden: (rows, depth, H).
        mean: (rows, D) the prediction for the next observation.
        count: (rows, 1) number of observations, as floating point numbers.
    """

    hidden: Tensor
    mean: Tensor
    count: Tensor


class GRUObservation(nn.Module):
    """x_t ~ N(mu_t, sigma2), mu_t a running mean of the outputs of the cluster's GRU, Eqs. (8) to (11).

    Args:
        observation_dim: D.
        hidden_size: units H of each layer.
        depth: number of layers.
        dropout: between layers while training.
        sigma2: fixed variance; None: learn a variance for each dimension, from 0.1 on.
        running_mean: the rule for the prediction from the outputs.
    """

    sigma2: nn.Parameter

    def __init__(
        self,
        observation_dim: int,
        hidden_size: int,
        depth: int = 1,
        dropout: float = 0.0,
        sigma2: float | None = None,
        running_mean: RunningMean | None = None,
    ) -> None:
        super().__init__()
        self.observation_dim = observation_dim
        self.network = GRUNetwork(observation_dim, hidden_size, depth, dropout)
        self.init_hidden = nn.Parameter(torch.zeros(depth, 1, hidden_size))
        variance = torch.full((observation_dim,), INITIAL_SIGMA2 if sigma2 is None else sigma2)
        self.sigma2 = nn.Parameter(variance, requires_grad=sigma2 is None)
        self.running_mean = PAPER_MEAN if running_mean is None else running_mean

    def discriminative_parameters(self) -> list[nn.Parameter]:
        """All but sigma2: the likelihood scale stands for its size, and steps of equal size would make it negative."""
        return [*self.network.parameters(), self.init_hidden]

    @property
    def device(self) -> torch.device:
        """Device of the parameters."""
        return self.sigma2.device

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the parameters."""
        return self.sigma2.dtype

    views = 1
    context = 0

    def features(self, observations: Tensor, earlier: int = 0) -> Tensor:
        """The observations themselves, (n, 1, D); see `ObservationModel.features`."""
        return observations[earlier:, None]

    def initial(self) -> GRUStates:
        """A step from the learned hidden state, with input zero."""
        encoded = self.encode(self.sigma2.new_zeros(1, self.observation_dim))
        hidden, output = self.network.step(encoded, self.init_hidden.transpose(0, 1))
        return GRUStates(hidden, output, output.new_zeros(1, 1))

    def predict(self, states: GRUStates) -> Prediction:
        """The running mean, with the same variance for all clusters."""
        return Prediction(states.mean, self.sigma2[None])

    def encode(self, x: Tensor) -> Tensor:
        """The input half of the first layer's gates, (n, 3 H); see `ObservationModel.encode`."""
        return self.network.encode(x)

    def advance(self, states: GRUStates, encoded: Tensor) -> GRUStates:
        """A step of the network for each row; see `ObservationModel.advance`."""
        hidden, output = self.network.step(encoded, states.hidden)
        count = states.count + 1
        return GRUStates(hidden, torch.lerp(states.mean, output, self.running_mean.weight(count)), count)

    def stepper(self, states: GRUStates) -> Stepper:
        """Compiled loops on a CPU; see `ObservationModel.stepper`."""
        if self.device.type != "cpu":
            return PlainStepper(self, states)
        return self.network.compiled_step(Table.of(states.hidden, states.mean, states.count), self.running_mean)

    def least_cost(self) -> float:
        """sum_d log(2 pi sigma2_d) / 2, at the mean."""
        return log_normaliser(self.sigma2.detach()).item()

    def unroll(self, features: Tensor, lengths: Tensor) -> Prediction:
        """Running means of the outputs; see `ObservationModel.unroll`."""
        mean = self.running_mean.over_time(self.outputs(features, lengths))
        return Prediction(mean, self.sigma2.expand_as(mean))

    def outputs(self, observations: Tensor, lengths: Tensor) -> Tensor:
        """The network over x_0 = 0, x_1 .. x_{T-1}.

        Args:
            observations: (time, batch, D), padded at the end.
            lengths: (batch,) true lengths, on the CPU.

        Returns:
            (time, batch, D) m_0 .. m_{T-1}, zero after the end of a sequence.
        """
        packing = Packing.of(lengths.numpy()).to(observations.device)
        padded = packing.pad(self.packed_outputs(packing.pack(observations), packing))
        return functional.pad(padded, (0, 0, 0, 0, 0, len(observations) - len(padded)))

    def packed_outputs(self, observations: Tensor, packing: Packing) -> Tensor:
        """`outputs` of packed observations, packed: (n, D) -> (n, D)."""
        hidden = self.init_hidden.expand(-1, packing.batch, -1)
        inputs = PackedSequence(packing.delayed(observations), packing.sizes)
        return self.network.output(unroll(self.network.gru, inputs, hidden).data)
