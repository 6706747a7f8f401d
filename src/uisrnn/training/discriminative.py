"""Discriminative training: observation model and label prior together, by what the decoder makes of sequences."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uisrnn.data.sequences import CodedSequence
from uisrnn.errors import InputError, TrainingError
from uisrnn.progress import Progress
from uisrnn.training.failure import restored_on_failure
from uisrnn.training.hypotheses import LearnedPrior
from uisrnn.training.objectives import Objective

CROP_LENGTH = 50
BATCH_SIZE = 16
PRIOR_LEARNING_RATE = 1e-2
WARM_UP = 20
CHECK_EVERY = 25
DEVELOPMENT_CROPS = 64
AVERAGING = 0.98
STARTING_SCALES = (1.0, 0.3, 0.1, 0.03)


@dataclass(frozen=True)
class Fold:
    """Sequences, and a model that does not know their clusters.

    Attributes:
        model: it shares its trained parameters with the models of other folds.
        sequences: with labels.
    """

    model: Any
    sequences: Sequence[CodedSequence]


@dataclass(frozen=True)
class Course:
    """How training went.

    Attributes:
        losses: at each iteration.
        development: the loss on the development folds by iteration, empty where there are none.
        chosen: the iteration whose parameters were kept.
    """

    losses: list[float]
    development: dict[int, float]
    chosen: int


class Crops:
    """Stretches of sequences, so that each beam has something to choose from and steps are cheap.

    Args:
        folds: where they are drawn from, in proportion to the number of observations; sequences of one observation,
            whose label is never wrong, are left out.
        generator: source of randomness.
    """

    def __init__(self, folds: Sequence[Fold], generator: np.random.Generator) -> None:
        self._folds = [Fold(one.model, [x for x in one.sequences if len(x.observations) > 1]) for one in folds]
        self._generator = generator
        sizes = np.array([sum(len(one.observations) for one in fold.sequences) for fold in self._folds])
        self._shares = sizes / sizes.sum()

    def draw(self, number: int) -> Iterator[Fold]:
        """So many stretches, grouped by fold."""
        picked = np.bincount(self._generator.choice(len(self._folds), size=number, p=self._shares))
        for fold in np.flatnonzero(picked).tolist():
            one = self._folds[fold]
            yield Fold(one.model, [self._crop(one.sequences) for _ in range(picked[fold])])

    def _crop(self, sequences: Sequence[CodedSequence]) -> CodedSequence:
        lengths = np.array([len(one.observations) for one in sequences], dtype=np.float64)
        one = sequences[self._generator.choice(len(sequences), p=lengths / lengths.sum())]
        assert one.labels is not None
        first = int(self._generator.integers(max(len(one.observations) - CROP_LENGTH, 0) + 1))
        stretch = slice(first, first + CROP_LENGTH)
        return CodedSequence(one.observations[stretch], one.labels[stretch], one.name)


def train_discriminatively(
    train: Sequence[Fold],
    development: Sequence[Fold],
    prior: LearnedPrior,
    objective: Objective,
    iterations: int,
    learning_rate: float,
    generator: np.random.Generator,
    progress: Progress,
) -> Course:
    """Make an objective small by gradient steps, and keep the parameters that did best on development folds.

    Args:
        train: folds to learn from; parameters of their models change in place.
        development: folds to choose the iteration by; without any, the last one is taken.
        prior: changed in place.
        objective: what to make small.
        iterations: gradient steps.
        learning_rate: of the observation model, at its highest.
        generator: source of randomness.
        progress: told the loss after each step, and that on the development folds where it is known.

    Raises:
        TrainingError: the loss or a score is not finite. After any exception parameters are as at the start.
    """
    model = train[0].model
    weights = model.discriminative_parameters()
    scalars = [one for one in prior.parameters() if one.requires_grad]
    optimizer = torch.optim.Adam([{"params": weights}, {"params": scalars}])
    crops, losses, checks = Crops(train, generator), list[float](), dict[int, float]()
    held_out = list(Crops(development, generator).draw(DEVELOPMENT_CROPS)) if development else []
    with progress, restored_on_failure([*weights, *scalars]), _decoder_errors_as_training_errors():
        _choose_scale(list(crops.draw(DEVELOPMENT_CROPS)), prior, objective)
        best = _Best([*weights, *scalars])
        for iteration in range(iterations + 1):
            if held_out and (iteration % CHECK_EVERY == 0 or iteration == iterations):
                checks[iteration] = best.check(iteration, held_out, prior, objective)
                progress.record(development=checks[iteration])
            if iteration == iterations:
                break
            factor = min(1.0, (iteration + 1) / WARM_UP) * (1 - 0.95 * iteration / iterations)
            for group, rate in zip(optimizer.param_groups, (learning_rate, PRIOR_LEARNING_RATE), strict=True):
                group["lr"] = rate * factor
            optimizer.zero_grad(set_to_none=True)
            losses.append(_backward(crops.draw(BATCH_SIZE), prior, objective))
            if not math.isfinite(losses[-1]):
                raise TrainingError(f"iteration {iteration} of discriminative training: the loss is {losses[-1]}")
            nn.utils.clip_grad_norm_([*weights, *scalars], 1.0)
            optimizer.step()
            best.follow()
            progress.record(learning_rate=learning_rate * factor)
            progress.advance(loss=losses[-1])
    return Course(losses, checks, best.settle(iterations))


@contextmanager
def _decoder_errors_as_training_errors() -> Iterator[None]:
    """Sequences were checked at the door, so what the decoder refuses is for the parameters to answer."""
    try:
        yield
    except InputError as error:
        raise TrainingError(f"discriminative training: no beam has a finite score: {error}") from error


@torch.no_grad()
def _choose_scale(folds: Sequence[Fold], prior: LearnedPrior, objective: Objective) -> None:
    """Begin at a likelihood scale where the beam is undecided, as only there it has something to teach."""
    now = prior.log_scale.item()
    least, best = math.inf, now
    for start in [now, *(math.log(scale) for scale in STARTING_SCALES if not math.isclose(math.log(scale), now))]:
        prior.log_scale.fill_(start)
        loss = _mean_loss(folds, prior, objective)
        if loss < least:
            least, best = loss, start
    prior.log_scale.fill_(best)


@torch.no_grad()
def _mean_loss(folds: Sequence[Fold], prior: LearnedPrior, objective: Objective) -> float:
    number = sum(len(fold.sequences) for fold in folds)
    return sum(float(objective(fold.model, prior, fold.sequences)) * len(fold.sequences) for fold in folds) / number


def _backward(folds: Iterator[Fold], prior: LearnedPrior, objective: Objective) -> float:
    """Add up the gradients of a batch, and return its loss."""
    total = 0.0
    with torch.inference_mode(False), torch.enable_grad():
        for fold in folds:
            loss = objective(fold.model, prior, fold.sequences) * (len(fold.sequences) / BATCH_SIZE)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
    return total


class _Best:
    """Moving averages of parameters, which are steadier than the parameters, and the best of them so far."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = parameters
        self._average = self._best = [one.detach().clone() for one in parameters]
        self._least, self._iteration = math.inf, -1

    def follow(self) -> None:
        """The parameters have changed."""
        pairs = zip(self._average, self._parameters, strict=True)
        self._average = [torch.lerp(now, average, AVERAGING) for average, now in ((a, p.detach()) for a, p in pairs)]

    def check(self, iteration: int, folds: Sequence[Fold], prior: LearnedPrior, objective: Objective) -> float:
        """The loss of the averages on these folds; it is remembered whether it is the least so far."""
        now = [one.detach().clone() for one in self._parameters]
        self._put(self._average)
        loss = _mean_loss(folds, prior, objective)
        if loss < self._least:
            self._best, self._least, self._iteration = self._average, loss, iteration
        self._put(now)
        return loss

    def settle(self, last: int) -> int:
        """Take the best averages, or the last where nothing was checked; returns their iteration."""
        checked = self._iteration >= 0
        self._put(self._best if checked else self._average)
        return self._iteration if checked else last

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)
