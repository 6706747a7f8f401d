"""Generative training of the GRU, as in the paper."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from uisrnn.arguments import TrainingArguments
from uisrnn.errors import TrainingError
from uisrnn.model.gru import GRUObservation
from uisrnn.model.running_mean import PAPER_MEAN
from uisrnn.training import losses
from uisrnn.training.batching import Batch
from uisrnn.training.course import Step, is_finite
from uisrnn.training.draws import Draws
from uisrnn.training.state import Snapshot, load_into, load_optimizer, named, optimizer_tensors, part
from uisrnn.training.team import ALONE, Team, average_gradients

SMALLEST_SIGMA2 = 1e-6
SIGMA2_RATE = 0.1
"""Share of the way from sigma2 to the best sigma2 for a batch that one iteration goes."""
CHECK_EVERY = 25


def learning_rate(args: TrainingArguments, iteration: int) -> float:
    """The rate at an iteration: halved each time that `learning_rate_half_life` iterations have passed.

    Args:
        args: see `TrainingArguments`.
        iteration: from 0.

    >>> learning_rate(TrainingArguments(learning_rate=0.8, learning_rate_half_life=100), 250)
    0.2
    """
    half_life = args.learning_rate_half_life
    return args.learning_rate * 0.5 ** (iteration // half_life) if half_life > 0 else args.learning_rate


def new_optimizer(model: GRUObservation) -> torch.optim.Adam:
    """Adam over the network, and, as a second group, over the initial hidden state; sigma2 has steps of its own."""
    groups = [{"params": list(model.network.parameters())}, {"params": [model.init_hidden]}]
    return torch.optim.Adam(groups, fused=model.device.type in ("cpu", "cuda"))


def _set_learning_rate(optimizer: torch.optim.Optimizer, args: TrainingArguments, iteration: int) -> float:
    """Lower the rate of the network, and keep the rate of the initial hidden state, as 0.0.6 did."""
    network, others = optimizer.param_groups
    network["lr"], others["lr"] = learning_rate(args, iteration), args.learning_rate
    return float(network["lr"])


class GenerativeStage:
    """Gradient steps for network, initial hidden state and sigma2, with one batch each; see `Stage`.

    Adam moves the network and the initial hidden state. sigma2 has no learning rate: Adam's steps are of the size of
    the learning rate, which is soon larger than sigma2, and the gradient beyond the smallest sigma2 is so steep that
    Adam throws sigma2 back, far too high. Instead sigma2 goes a part of the way to the best sigma2 for the batch, and
    the gradient of the predictions does not depend on how sigma2 differs between dimensions (`losses.natural`).

    Args:
        model: changed in place.
        optimizer: its state goes on from earlier training.
        batches: the batch of each iteration; that of this process, where there are several.
        development: what was kept apart, or None.
        args: see `TrainingArguments`.
        draws: source of randomness.
        team: the processes that train together; the loss is that of all their batches as one.
    """

    name = "generative"
    check_every = CHECK_EVERY
    cure = "lower learning_rate, or scale the observations to about 1"

    def __init__(
        self,
        model: GRUObservation,
        optimizer: torch.optim.Adam,
        batches: Callable[[int], Batch],
        development: Batch | None,
        args: TrainingArguments,
        draws: Draws,
        team: Team = ALONE,
    ) -> None:
        self.iterations = args.train_iteration
        self._model, self._optimizer, self._batches, self._args = model, optimizer, batches, args
        self._development, self._draws, self._team = development, draws, team
        self._parameters = [one for one in model.parameters() if one.requires_grad]
        self._best = Snapshot(self._parameters)

    def start(self) -> None:
        """Nothing."""

    def step(self, iteration: int) -> Step:
        """See `Stage.step`."""
        self._draws.seed_torch(iteration, self._model.device)
        rate = _set_learning_rate(self._optimizer, self._args, iteration)
        self._model.train()
        try:
            with torch.inference_mode(False), torch.enable_grad():
                values, taken = self._descend(self._batches(iteration))
        finally:
            self._model.eval()
        names = ("negative_log_likelihood", "sigma2_prior", "regularization")
        return Step(sum(values), {**dict(zip(names, values, strict=True)), "learning_rate": rate}, taken)

    def _descend(self, batch: Batch) -> tuple[list[float], bool]:
        """The three terms, and whether a step was taken."""
        self._model.zero_grad(set_to_none=True)
        number = self._number(batch)
        terms = self._terms(batch, number)
        values = self._mean(terms)
        if not is_finite(values):
            return values, False
        terms.sum().backward()  # type: ignore[no-untyped-call]
        average_gradients(self._team, self._parameters)
        gradients = [one.grad for one in self._parameters if one.grad is not None]
        norm = nn.utils.clip_grad_norm_(self._model.network.parameters(), self._args.grad_max_norm)
        if not bool(torch.stack([norm, *(one.sum() for one in gradients)]).isfinite().all()):
            return values, False
        self._optimizer.step()
        self._move_sigma2(number)
        return values, True

    @torch.no_grad()
    def _move_sigma2(self, number: float) -> None:
        """Go a part of the way to the minimum of the loss over sigma2, unless sigma2 is fixed.

        Where the gradient g is zero, A / sigma2 = (S / 2 + b / n) / sigma2^2, A = (2 a + n + 2) / (2 n), S the mean
        square of the residuals; so the minimum is at sigma2 - sigma2^2 g / A. It is positive.
        """
        sigma2 = self._model.sigma2
        if sigma2.grad is not None:
            curvature = losses.log_sigma2_weight(number, self._args.sigma_alpha)
            sigma2 -= SIGMA2_RATE * sigma2.square() * sigma2.grad / curvature
            sigma2.clamp_(min=SMALLEST_SIGMA2)

    def _number(self, batch: Batch) -> float:
        """The number of observations in the batches of all processes."""
        return float(self._team.sum(np.array([int(batch.lengths.sum())], dtype=np.float64))[0])

    def _terms(self, batch: Batch, number: float) -> Tensor:
        """The three terms; their mean over processes is the loss of all `number` observations."""
        likelihood, *others = loss_terms(self._model, batch, self._args, number)
        share = int(batch.lengths.sum()) * self._team.size / number
        return torch.stack([likelihood * share, *others])

    def _mean(self, terms: Tensor) -> list[float]:
        values = np.array(terms.tolist(), dtype=np.float64)
        found: list[float] = (self._team.sum(values) / self._team.size).tolist()
        return found

    @torch.no_grad()
    def check(self) -> float | None:
        """See `Stage.check`."""
        if self._development is None:
            return None
        self._draws.seed_torch(self.iterations, self._model.device)  # equal samples at each check
        return sum(self._mean(self._terms(self._development, self._number(self._development))[:2]))

    def remember(self) -> None:
        """See `Stage.remember`."""
        self._best.take()

    def settle(self) -> None:
        """See `Stage.settle`.

        Raises:
            TrainingError: the last step made a weight that is not finite.
        """
        if self._best.was_taken:
            self._best.put()
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self._model.parameters()):
            raise TrainingError("training: the weights are not finite; lower learning_rate")

    def tensors(self) -> dict[str, Tensor]:
        """See `Stage.tensors`."""
        return {
            **named("model", self._model.state_dict()),
            **named("adam", optimizer_tensors(self._optimizer)),
            **named("best", self._best.tensors()),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Stage.restore`."""
        load_into(self._model, part("model", tensors))
        load_optimizer(self._optimizer, part("adam", tensors))
        self._best.restore(part("best", tensors))


def loss_terms(
    model: GRUObservation, batch: Batch, args: TrainingArguments, number: float | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Negative log likelihood, sigma2 prior and regularization of one batch.

    The predictions are the paper's running means, whatever the model decodes with: so did 0.1.2. What they are
    compared with is for `args.loss` to say.

    Args:
        model: the model.
        batch: sequences of one cluster each.
        args: the target of the predictions, weights of the terms, and the precision of the network's products.
        number: of observations that the prior is divided by; None: those of the batch.

    Returns:
        Three scalars.
    """
    observations = batch.observations.to(model.device, model.dtype)
    mask = batch.mask.to(model.device)
    target = losses.TARGETS[args.loss](args)
    is_mixed = args.precision == "mixed" and model.device.type == "cuda"
    with torch.autocast(model.device.type, torch.bfloat16, enabled=is_mixed):
        outputs = model.outputs(observations, batch.lengths)
    mean = losses.natural(PAPER_MEAN.over_time(outputs.to(model.dtype))[mask], model.sigma2)
    return (
        losses.negative_log_likelihood(target.of(observations, mask), mean, model.sigma2),
        losses.sigma2_prior(number or int(batch.lengths.sum()), args.sigma_alpha, args.sigma_beta, model.sigma2),
        losses.regularization(model.network.parameters(), args.regularization_weight),
    )
