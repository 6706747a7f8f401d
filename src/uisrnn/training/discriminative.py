"""Discriminative training: all parameters together, on the labels that the decoder finds."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uisrnn.checkpoint.container import named, part
from uisrnn.compiled import Reals
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import InputError, TrainingError
from uisrnn.sequences.coded import CodedSequence
from uisrnn.training.draws import Draws, Purpose
from uisrnn.training.expected_errors import Objective
from uisrnn.training.loop import Step, is_finite
from uisrnn.training.sequence_scores import LearnedPrior
from uisrnn.training.team import SINGLE_PROCESS, Team, average_gradients
from uisrnn.training.tensors import ParameterCopy, Tensors, copy_into, load_optimizer, optimizer_tensors

CROP_LENGTH = 50
BATCH_SIZE = 16
PRIOR_LEARNING_RATE = 1e-2
WARM_UP = 20
CHECK_EVERY = 25
DEVELOPMENT_CROPS = 64
AVERAGING = 0.98


@dataclass(frozen=True)
class Fold:
    """Sequences, and a model that was fitted without their clusters.

    Attributes:
        model: the model; it shares its trained parameters with the models of other folds.
        corpus: the sequences.
    """

    model: Any
    corpus: Corpus


@dataclass(frozen=True)
class Crop:
    """Parts of the sequences of a fold.

    Attributes:
        model: the model of the fold.
        sequences: the parts, with labels.
        sources: the number of the whole sequence of each part, different in all folds.
    """

    model: Any
    sequences: Sequence[CodedSequence]
    sources: Sequence[int]


class Crops:
    """A source of short parts of sequences, which are long enough for several label sequences and cheap to decode.

    Args:
        folds: the sequences; each is drawn in proportion to its number of observations. Sequences of one observation
            are left out, because their label is never wrong.
    """

    def __init__(self, folds: Sequence[Fold]) -> None:
        self._folds = [Fold(fold.model, fold.corpus.subset(np.flatnonzero(fold.corpus.lengths > 1))) for fold in folds]
        self._cumulated = [np.cumsum(fold.corpus.lengths) for fold in self._folds]
        sizes = np.array([int(ends[-1]) if len(ends) else 0 for ends in self._cumulated])
        self._shares = sizes / sizes.sum()
        self._first_source = np.cumsum([0, *(len(fold.corpus) for fold in self._folds)]).tolist()

    def draw(self, number: int, generator: np.random.Generator) -> list[Crop]:
        """`number` parts, grouped by fold."""
        picked = np.bincount(generator.choice(len(self._folds), size=number, p=self._shares))
        crops = []
        for fold in np.flatnonzero(picked).tolist():
            sources, sequences = zip(*(self._crop(fold, generator) for _ in range(picked[fold])), strict=True)
            crops.append(Crop(self._folds[fold].model, sequences, sources))
        return crops

    def _crop(self, fold: int, generator: np.random.Generator) -> tuple[int, CodedSequence]:
        corpus = self._folds[fold].corpus
        cumulated = self._cumulated[fold]
        number = int(np.searchsorted(cumulated, generator.integers(cumulated[-1]), side="right"))
        first = int(generator.integers(max(int(corpus.lengths[number]) - CROP_LENGTH, 0) + 1))
        return self._first_source[fold] + number, corpus.read(number, first, first + CROP_LENGTH)


class DiscriminativeStage:
    """Gradient steps that minimise an objective; the best parameters on development folds are kept.

    Args:
        train: folds to learn from; parameters of their models change in place.
        development: folds to choose the iteration by; without development folds, the last iteration is chosen.
        prior: changed in place.
        objective: the function to minimise.
        iterations: number of gradient steps.
        learning_rate: highest learning rate of the observation model.
        draws: source of randomness.
        team: processes that train together; each draws its share of the parts of a step.
        starting_scales: likelihood scales to start from, besides the scale of the model.

    Attributes:
        parameters: all trained parameters.
    """

    name = "discriminative"
    most_unread = 0
    check_every = CHECK_EVERY
    cure = "scale the observations to about 1"

    def __init__(
        self,
        train: Sequence[Fold],
        development: Sequence[Fold],
        prior: LearnedPrior,
        objective: Objective,
        iterations: int,
        learning_rate: float,
        draws: Draws,
        team: Team = SINGLE_PROCESS,
        starting_scales: Sequence[float] = (),
    ) -> None:
        self._starting_scales = starting_scales
        self.iterations = iterations
        self._prior = prior
        self._objective = objective
        self._draws = draws
        self._team = team
        weights = train[0].model.discriminative_parameters()
        scalars = [scalar for scalar in prior.parameters() if scalar.requires_grad]
        self.parameters: list[Tensor] = [*weights, *scalars]
        self._rates = (learning_rate, PRIOR_LEARNING_RATE)
        self._optimizer = torch.optim.Adam([{"params": weights}, {"params": scalars}])
        self._crops = Crops(train)
        self._held_out: list[Crop] = []
        if development:
            held_out = Crops(development)
            self._held_out = held_out.draw(self._share_of(DEVELOPMENT_CROPS), draws.generator(Purpose.DEVELOPMENT))
        self._average = ParameterCopy(self.parameters)
        self._best = ParameterCopy(self.parameters)

    def _share_of(self, number: int) -> int:
        """The share of this process in `number` parts, at least 1."""
        return -(-number // self._team.size)

    def start(self) -> None:
        """Choose a likelihood scale at which the beam is undecided, because only then there are gradients."""
        with _decoder_errors_as_training_errors():
            crops = self._crops.draw(self._share_of(DEVELOPMENT_CROPS), self._draws.generator(Purpose.SCALE))
            self._choose_scale(crops)
        self._average.take()

    def step(self, iteration: int) -> Step:
        factor = min(1.0, (iteration + 1) / WARM_UP) * (1 - 0.95 * iteration / self.iterations)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._draws.seed_torch(iteration, self.parameters[0].device)
        crops = self._crops.draw(self._share_of(BATCH_SIZE), self._draws.generator(Purpose.CROPS, iteration))
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._mean(self._backward(crops))
        return Step(loss, {"learning_rate": self._rates[0] * factor}, is_finite([loss]) and self._descend())

    def _backward(self, crops: Sequence[Crop]) -> float:
        """Sum the gradients of a batch, and return its loss."""
        total = 0.0
        number = sum(len(crop.sequences) for crop in crops)
        with torch.inference_mode(False), torch.enable_grad():
            for crop in crops:
                try:
                    loss = self._objective(crop.model, self._prior, crop.sequences).sum() / number
                except InputError:  # no beam has a finite score; the sequences were checked before
                    return math.nan
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        return total

    def _descend(self) -> bool:
        """Take a step if the gradient is finite."""
        average_gradients(self._team, self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        if not bool(norm.isfinite()):
            return False
        self._optimizer.step()
        pairs = zip(self._average.values, self.parameters, strict=True)
        self._average.take([torch.lerp(now.detach(), average, AVERAGING) for average, now in pairs])
        return True

    def check(self) -> float | None:
        """The loss with averaged parameters, which vary less."""
        if not self._held_out:
            return None
        now = ParameterCopy(self.parameters)
        now.take()
        self._average.put()
        try:
            with _decoder_errors_as_training_errors():
                return self._mean(float(self._losses(self._held_out).mean()))
        finally:
            now.put()

    def remember(self) -> None:
        self._best.take(self._average.values)

    def settle(self) -> None:
        (self._best if self._best.was_taken else self._average).put()

    @torch.no_grad()
    def _choose_scale(self, crops: Sequence[Crop]) -> None:
        """The best scale, unless the scale of the model may be as good: few sequences tell little."""
        log_scale = self._prior.log_scale
        now = log_scale.item()
        others = [math.log(scale) for scale in self._starting_scales if not math.isclose(math.log(scale), now)]
        losses: dict[float, Reals] = {}
        for start in [now, *others]:
            log_scale.fill_(start)
            losses[start] = self._by_source(crops, self._losses(crops))
        finite = {start: loss.sum() for start, loss in losses.items() if not np.isnan(loss).any()}
        best = min(finite, key=finite.__getitem__, default=now)
        log_scale.fill_(best if now not in finite or _is_surely_negative(losses[best] - losses[now]) else now)

    @torch.no_grad()
    def _losses(self, crops: Sequence[Crop]) -> Reals:
        """The loss of each part."""
        return torch.cat([self._objective(crop.model, self._prior, crop.sequences) for crop in crops]).double().numpy()

    def _by_source(self, crops: Sequence[Crop], losses: Reals) -> Reals:
        """The sums of the losses of each whole sequence, for all processes."""
        sources = np.concatenate([crop.sources for crop in crops])
        sums = np.bincount(np.unique(sources, return_inverse=True)[1], weights=losses)
        return np.concatenate(self._team.gather(sums))

    def _mean(self, loss: float) -> float:
        return float(self._team.sum(np.array([loss], dtype=np.float64))[0] / self._team.size)

    def tensors(self) -> Tensors:
        now = {str(number): parameter for number, parameter in enumerate(self.parameters)}
        return {
            **named("now", now),
            **named("adam", optimizer_tensors(self._optimizer)),
            **named("average", self._average.tensors()),
            **named("best", self._best.tensors()),
        }

    def restore(self, tensors: Tensors) -> None:
        now = part("now", tensors)
        copy_into(self.parameters, [now[str(number)] for number in range(len(now))])
        load_optimizer(self._optimizer, part("adam", tensors))
        self._average.restore(part("average", tensors))
        self._best.restore(part("best", tensors))


def _is_surely_negative(differences: Reals) -> bool:
    """Whether the sum of independent differences is below 0 by more than its standard error."""
    number = len(differences)
    if number < 2:
        return False
    standard_error = math.sqrt(number * differences.var(ddof=1))
    return bool(differences.sum() + standard_error < 0)


@contextmanager
def _decoder_errors_as_training_errors() -> Iterator[None]:
    """The sequences were checked before, so the parameters are the cause of errors of the decoder."""
    try:
        yield
    except InputError as error:
        raise TrainingError(f"discriminative training: no beam has a finite score: {error}") from error
