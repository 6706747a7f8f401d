"""Generative training of the GRU, as in the paper."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from uisrnn.arguments import TrainingArguments
from uisrnn.errors import TrainingError
from uisrnn.model.gru import GRUObservation
from uisrnn.model.running_mean import PAPER_MEAN
from uisrnn.progress import Progress
from uisrnn.training import losses
from uisrnn.training.batching import Batch
from uisrnn.training.history import History

SMALLEST_SIGMA2 = 1e-6


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
    """Adam over the network, and, as a second group, over the initial hidden state and sigma2 unless it is fixed."""
    others = [parameter for parameter in (model.init_hidden, model.sigma2) if parameter.requires_grad]
    groups = [{"params": list(model.network.parameters())}, {"params": others}]
    return torch.optim.Adam(groups, fused=model.device.type in ("cpu", "cuda"))


def _set_learning_rate(optimizer: torch.optim.Optimizer, args: TrainingArguments, iteration: int) -> float:
    """Let the network's rate fall, and keep that of the others.

    So did 0.0.6, and it matters: sigma2 must go on following the residuals, which shrink while the network learns.
    """
    network, others = optimizer.param_groups
    network["lr"], others["lr"] = learning_rate(args, iteration), args.learning_rate
    return float(network["lr"])


def train(
    model: GRUObservation,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[Batch],
    args: TrainingArguments,
    progress: Progress,
) -> History:
    """Fit network, initial hidden state and sigma2 by gradient steps, one a batch.

    Args:
        model: changed in place.
        optimizer: its state goes on from earlier training.
        batches: at least `args.train_iteration` of them.
        args: see `TrainingArguments`.
        progress: told the loss and its terms after each step.

    Returns:
        Each loss term at each iteration.

    Raises:
        TrainingError: a loss is not finite, and the model is as before that step; or the last step made a weight so.
    """
    history = History()
    model.train()
    try:
        with progress, torch.inference_mode(False), torch.enable_grad():
            for iteration in range(args.train_iteration):
                rate = _set_learning_rate(optimizer, args, iteration)
                terms = _step(model, optimizer, next(batches), args, iteration)
                _record(history, terms, rate)
                progress.record(
                    negative_log_likelihood=terms[0], sigma2_prior=terms[1], regularization=terms[2], learning_rate=rate
                )
                progress.advance(loss=sum(terms))
    finally:
        model.eval()
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise TrainingError(f"after {len(history)} iterations the weights are not finite; lower learning_rate")
    return history


def _step(
    model: GRUObservation, optimizer: torch.optim.Optimizer, batch: Batch, args: TrainingArguments, iteration: int
) -> list[float]:
    optimizer.zero_grad(set_to_none=True)
    terms = torch.stack(loss_terms(model, batch, args))
    values = terms.tolist()
    if not math.isfinite(sum(values)):
        raise TrainingError(
            f"iteration {iteration}: the loss is not finite (negative log likelihood {values[0]}, sigma2 prior "
            f"{values[1]}, regularization {values[2]}); lower learning_rate, or scale the observations to about 1"
        )
    terms.sum().backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.network.parameters(), args.grad_max_norm)
    optimizer.step()
    if model.sigma2.requires_grad:
        model.sigma2.data.clamp_(min=SMALLEST_SIGMA2)
    return [float(value) for value in values]


def loss_terms(model: GRUObservation, batch: Batch, args: TrainingArguments) -> tuple[Tensor, Tensor, Tensor]:
    """Negative log likelihood, sigma2 prior and regularization of one batch.

    The predictions are the paper's running means, whatever the model decodes with: so did 0.1.2. What they are
    compared with is for `args.loss` to say.

    Args:
        model: the model.
        batch: sequences of one cluster each.
        args: the target of the predictions, and weights of the terms.

    Returns:
        Three scalars.
    """
    observations = batch.observations.to(model.device, model.dtype)
    mask = batch.mask.to(model.device)
    target = losses.TARGETS[args.loss](args)
    mean = PAPER_MEAN.over_time(model.outputs(observations, batch.lengths))
    return (
        losses.negative_log_likelihood(target.of(observations, mask), mean[mask], model.sigma2),
        losses.sigma2_prior(int(batch.lengths.sum()), args.sigma_alpha, args.sigma_beta, model.sigma2),
        losses.regularization(model.network.parameters(), args.regularization_weight),
    )


def _record(history: History, terms: list[float], rate: float) -> None:
    history.negative_log_likelihood.append(terms[0])
    history.sigma2_prior.append(terms[1])
    history.regularization.append(terms[2])
    history.learning_rate.append(rate)
