"""Generative training of the GRU, as in the paper."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from uisrnn.arguments import TrainingArguments
from uisrnn.checkpoint.container import named, part
from uisrnn.errors import TrainingError
from uisrnn.model.gru import GRUObservation
from uisrnn.model.running_mean import PAPER_MEAN
from uisrnn.training import losses
from uisrnn.training.batching import ClusterBatch
from uisrnn.training.draws import Draws
from uisrnn.training.loop import Step
from uisrnn.training.team import SINGLE_PROCESS, Team, average_gradients
from uisrnn.training.tensors import ParameterCopy, load_into, load_optimizer, optimizer_tensors
from uisrnn.transfers import Fetched

SMALLEST_SIGMA2 = 1e-6
SIGMA2_RATE = 0.1
"""Step of sigma2 in an iteration, as a share of the distance to the best sigma2 for the batch."""
CHECK_EVERY = 25
UNREAD = 4
"""Steps that a GPU may have in its queue before the loop waits for the loss of the first of these steps."""
_TERMS = ("negative_log_likelihood", "sigma2_prior", "regularization")


def learning_rate(args: TrainingArguments, iteration: int) -> float:
    """The learning rate of an iteration: it halves every `learning_rate_half_life` iterations.

    Args:
        args: see `TrainingArguments`.
        iteration: number of the iteration, from 0.

    >>> learning_rate(TrainingArguments(learning_rate=0.8, learning_rate_half_life=100), 250)
    0.2
    """
    half_life = args.learning_rate_half_life
    return args.learning_rate * 0.5 ** (iteration // half_life) if half_life > 0 else args.learning_rate


def new_optimizer(model: GRUObservation) -> torch.optim.Adam:
    """Adam over the network, and, as a second group, over the initial hidden state; it does not move sigma2."""
    groups = [{"params": list(model.network.parameters())}, {"params": [model.init_hidden]}]
    return torch.optim.Adam(groups, fused=True)


def _set_learning_rate(optimizer: torch.optim.Optimizer, args: TrainingArguments, iteration: int) -> float:
    """Set the falling rate of the network; the rate of the initial hidden state is constant, as in 0.0.6."""
    network, others = optimizer.param_groups
    network["lr"] = learning_rate(args, iteration)
    others["lr"] = args.learning_rate
    return float(network["lr"])


def step_if(is_finite: Tensor, optimizer: torch.optim.Adam) -> None:
    """Take a step of a fused optimizer if a tensor on its device says so.

    `found_inf` is the protocol between optimizers and `torch.amp.GradScaler`: a fused optimizer changes nothing, its
    own state included, if `found_inf` is 1.
    """
    optimizer.found_inf = 1 - is_finite.float()  # type: ignore[attr-defined]
    try:
        optimizer.step()
    finally:
        del optimizer.found_inf  # type: ignore[attr-defined]
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            torch.autograd.graph.increment_version(parameter)  # fused optimizers do not


@dataclass(frozen=True)
class LateStep:
    """A step whose values are on their way from the device.

    Attributes:
        values: the three terms of the loss, and whether the step was taken.
        rate: the learning rate.
    """

    values: Fetched
    rate: float

    def read(self) -> Step:
        """Wait for the values."""
        *terms, is_taken = self.values.wait()
        return Step(sum(terms), dict(zip(_TERMS, terms, strict=True)) | {"learning_rate": self.rate}, bool(is_taken))


class GenerativeStage:
    """Gradient steps of network, initial hidden state and sigma2, each on a batch.

    Adam moves the network and the initial hidden state. sigma2 goes a part of the way to the best sigma2 for the batch.
    A step of Adam is as large as the learning rate, and soon larger than sigma2: sigma2 would fall to its smallest
    value, where its gradient is so steep that Adam would throw it back, far too high.

    Args:
        model: changed in place.
        optimizer: optimizer; it keeps the state of earlier training.
        batches: the batch of an iteration, on the device of the model; of several processes, the share of this process.
        development: development sequences on the device of the model, or None.
        args: see `TrainingArguments`.
        draws: source of randomness.
        team: processes that train together; the loss is the loss of their batches joined.
    """

    name = "generative"
    check_every = CHECK_EVERY
    cure = "lower learning_rate, or scale the observations to about 1"

    def __init__(
        self,
        model: GRUObservation,
        optimizer: torch.optim.Adam,
        batches: Callable[[int], ClusterBatch],
        development: ClusterBatch | None,
        args: TrainingArguments,
        draws: Draws,
        team: Team = SINGLE_PROCESS,
    ) -> None:
        self.iterations = args.train_iteration
        self._model = model
        self._optimizer = optimizer
        self._batches = batches
        self._args = args
        self._development = development
        self._draws = draws
        self._team = team
        self.most_unread = UNREAD if model.device.type == "cuda" else 0
        self._parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self._best = ParameterCopy(self._parameters)

    def start(self) -> None:
        pass

    def step(self, iteration: int) -> "LateStep":
        self._draws.seed_torch(iteration, self._model.device)
        rate = _set_learning_rate(self._optimizer, self._args, iteration)
        self._model.train()
        try:
            with torch.inference_mode(False), torch.enable_grad():
                return LateStep(Fetched(self._descend(self._batches(iteration))), rate)
        finally:
            self._model.eval()

    def _descend(self, batch: ClusterBatch) -> Tensor:
        """Take a step if loss and gradient are finite; no processor waits for the answer.

        Returns:
            (4,) the three terms, and 1 if the step was taken, else 0.
        """
        self._model.zero_grad(set_to_none=True)
        number = self._number(batch)
        terms = self._terms(batch, number)
        terms.sum().backward()  # type: ignore[no-untyped-call]
        values = self._mean(terms)
        average_gradients(self._team, self._parameters)
        norm = nn.utils.clip_grad_norm_(self._model.network.parameters(), self._args.grad_max_norm)
        others = [self._model.init_hidden.grad, self._model.sigma2.grad]
        sums = [gradient.sum() for gradient in others if gradient is not None]
        is_finite = torch.stack([values.sum(), norm, *sums]).isfinite().all()
        step_if(is_finite, self._optimizer)
        self._move_sigma2(number, is_finite)
        return torch.cat([values, is_finite[None]])

    @torch.no_grad()
    def _move_sigma2(self, number: float, is_finite: Tensor) -> None:
        """Move sigma2 towards the minimum of the loss over sigma2, unless sigma2 is fixed or the step is not finite.

        The gradient is g = A / sigma2 - B / sigma2^2, with A = (2 a + n + 2) / (2 n), B = S / 2 + b / n and the mean
        square S of the residuals. The minimum is B / A = sigma2 - sigma2^2 g / A, which is positive.
        """
        sigma2 = self._model.sigma2
        if sigma2.grad is not None:
            weight = losses.log_sigma2_weight(number, self._args.sigma_alpha)
            moved = sigma2 - SIGMA2_RATE * sigma2.square() * sigma2.grad / weight
            sigma2.copy_(torch.where(is_finite, moved.clamp_(min=SMALLEST_SIGMA2), sigma2))

    def _number(self, batch: ClusterBatch) -> float:
        """The number of observations in the batches of all processes."""
        return float(self._team.sum(np.array([len(batch.packing)], dtype=np.float64))[0])

    def _terms(self, batch: ClusterBatch, number: float) -> Tensor:
        """The three terms; their mean over processes is the loss of all `number` observations."""
        likelihood, *others = loss_terms(self._model, batch, self._args, number)
        share = len(batch.packing) * self._team.size / number
        return torch.stack([likelihood * share, *others])

    def _mean(self, terms: Tensor) -> Tensor:
        """The mean of the terms over all processes, in double precision."""
        values = terms.detach().double()
        self._team.average([values])
        return values

    @torch.no_grad()
    def check(self) -> float | None:
        if self._development is None:
            return None
        self._draws.seed_torch(self.iterations, self._model.device)  # equal samples at each check
        terms = self._terms(self._development, self._number(self._development))
        likelihood, prior = self._mean(terms[:2]).tolist()
        return float(likelihood + prior)

    def remember(self) -> None:
        self._best.take()

    def settle(self) -> None:
        """Take the best parameters.

        Raises:
            TrainingError: a weight is not finite after the last step.
        """
        if self._best.was_taken:
            self._best.put()
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self._model.parameters()):
            raise TrainingError("training: the weights are not finite; lower learning_rate")

    def tensors(self) -> dict[str, Tensor]:
        return {
            **named("model", self._model.state_dict()),
            **named("adam", optimizer_tensors(self._optimizer)),
            **named("best", self._best.tensors()),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        load_into(self._model, part("model", tensors))
        load_optimizer(self._optimizer, part("adam", tensors))
        self._best.restore(part("best", tensors))


def loss_terms(
    model: GRUObservation, batch: ClusterBatch, args: TrainingArguments, number: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Negative log likelihood, sigma2 prior and regularization of a batch.

    The predictions are the running means of the paper, whatever running mean the model decodes with, as in 0.1.2.
    `args.loss` chooses their targets.

    Args:
        model: the model.
        batch: sequences, each of a single cluster, on the device of the model.
        args: target of the predictions, weights of the terms, and precision of the network's products.
        number: number of observations that divides the prior; None: the number in the batch.

    Returns:
        Three scalars.
    """
    observations = batch.observations
    packing = batch.packing
    target = losses.TARGETS[args.loss](args)
    is_mixed = args.precision == "mixed" and model.device.type == "cuda"
    with torch.autocast(model.device.type, torch.bfloat16, enabled=is_mixed):
        outputs = model.packed_outputs(observations, packing)
    means = packing.pack(PAPER_MEAN.over_time(packing.pad(outputs.to(model.dtype))))
    return (
        losses.negative_log_likelihood(
            target.of(observations, packing), losses.natural(means, model.sigma2), model.sigma2
        ),
        losses.sigma2_prior(number or len(packing), args.sigma_alpha, args.sigma_beta, model.sigma2),
        losses.regularization(model.network.parameters(), args.regularization_weight),
    )
