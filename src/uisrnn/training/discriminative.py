"""Discriminative training: observation model and label prior together, by what the decoder makes of sequences."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import InputError, TrainingError
from uisrnn.sequences.coded import CodedSequence
from uisrnn.training.draws import Draws, Purpose
from uisrnn.training.expected_errors import Objective
from uisrnn.training.loop import Step, is_finite
from uisrnn.training.sequence_scores import LearnedPrior
from uisrnn.training.team import SINGLE_PROCESS, Team, average_gradients
from uisrnn.training.tensors import ParameterCopy, Tensors, copy_into, load_optimizer, named, optimizer_tensors, part

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
        corpus: the sequences.
    """

    model: Any
    corpus: Corpus


@dataclass(frozen=True)
class Crop:
    """Stretches of sequences of one fold.

    Attributes:
        model: that of the fold.
        sequences: the stretches, with labels.
    """

    model: Any
    sequences: Sequence[CodedSequence]


class Crops:
    """Stretches of sequences, so that each beam has something to choose from and steps are cheap.

    Args:
        folds: where they are drawn from, in proportion to the number of observations; sequences of one observation,
            whose label is never wrong, are left out.
    """

    def __init__(self, folds: Sequence[Fold]) -> None:
        self._folds = [Fold(one.model, one.corpus.subset(np.flatnonzero(one.corpus.lengths > 1))) for one in folds]
        self._cumulated = [np.cumsum(fold.corpus.lengths) for fold in self._folds]
        sizes = np.array([int(one[-1]) if len(one) else 0 for one in self._cumulated])
        self._shares = sizes / sizes.sum()

    def draw(self, number: int, generator: np.random.Generator) -> list[Crop]:
        """So many stretches, grouped by fold."""
        picked = np.bincount(generator.choice(len(self._folds), size=number, p=self._shares))
        return [
            Crop(self._folds[fold].model, [self._crop(fold, generator) for _ in range(picked[fold])])
            for fold in np.flatnonzero(picked).tolist()
        ]

    def _crop(self, fold: int, generator: np.random.Generator) -> CodedSequence:
        corpus, cumulated = self._folds[fold].corpus, self._cumulated[fold]
        number = int(np.searchsorted(cumulated, generator.integers(cumulated[-1]), side="right"))
        first = int(generator.integers(max(int(corpus.lengths[number]) - CROP_LENGTH, 0) + 1))
        return corpus.read(number, first, first + CROP_LENGTH)


class DiscriminativeStage:
    """An objective becomes small by gradient steps; kept are the parameters that do best on development folds.

    Args:
        train: folds to learn from; parameters of their models change in place.
        development: folds to choose the iteration by; without any, the last one is taken.
        prior: changed in place.
        objective: what to make small.
        iterations: gradient steps.
        learning_rate: of the observation model, at its highest.
        draws: source of randomness.
        team: the processes that train together; each draws its part of the stretches of a step.

    Attributes:
        parameters: all that is trained.
    """

    name = "discriminative"
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
    ) -> None:
        self.iterations, self._prior, self._objective = iterations, prior, objective
        self._draws, self._team = draws, team
        weights = train[0].model.discriminative_parameters()
        scalars = [one for one in prior.parameters() if one.requires_grad]
        self.parameters: list[Tensor] = [*weights, *scalars]
        self._rates = (learning_rate, PRIOR_LEARNING_RATE)
        self._optimizer = torch.optim.Adam([{"params": weights}, {"params": scalars}])
        self._crops = Crops(train)
        self._held_out: list[Crop] = []
        if development:
            held_out = Crops(development)
            self._held_out = held_out.draw(self._share_of(DEVELOPMENT_CROPS), draws.generator(Purpose.DEVELOPMENT))
        self._average, self._best = ParameterCopy(self.parameters), ParameterCopy(self.parameters)

    def _share_of(self, number: int) -> int:
        """How many of so many this process takes; at least one."""
        return -(-number // self._team.size)

    def start(self) -> None:
        """Begin at a likelihood scale where the beam is undecided, as only there it has something to teach."""
        with _decoder_errors_as_training_errors():
            crops = self._crops.draw(self._share_of(DEVELOPMENT_CROPS), self._draws.generator(Purpose.SCALE))
            self._choose_scale(crops)
        self._average.take()

    def step(self, iteration: int) -> Step:
        """See `Stage.step`."""
        factor = min(1.0, (iteration + 1) / WARM_UP) * (1 - 0.95 * iteration / self.iterations)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._draws.seed_torch(iteration, self.parameters[0].device)
        crops = self._crops.draw(self._share_of(BATCH_SIZE), self._draws.generator(Purpose.CROPS, iteration))
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._mean(self._backward(crops))
        return Step(loss, {"learning_rate": self._rates[0] * factor}, is_finite([loss]) and self._descend())

    def _backward(self, crops: Sequence[Crop]) -> float:
        """Add up the gradients of a batch, and return its loss."""
        total, number = 0.0, sum(len(crop.sequences) for crop in crops)
        with torch.inference_mode(False), torch.enable_grad():
            for crop in crops:
                try:
                    loss = self._objective(crop.model, self._prior, crop.sequences) * (len(crop.sequences) / number)
                except InputError:  # no beam has a finite score; sequences were checked at the door
                    return math.nan
                loss.backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        return total

    def _descend(self) -> bool:
        """Follow the gradient, unless it is not finite."""
        average_gradients(self._team, self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, 1.0)
        if not bool(norm.isfinite()):
            return False
        self._optimizer.step()
        pairs = zip(self._average.values, self.parameters, strict=True)
        self._average.take([torch.lerp(now.detach(), average, AVERAGING) for average, now in pairs])
        return True

    def check(self) -> float | None:
        """The loss with averaged parameters, which are steadier; see `Stage.check`."""
        if not self._held_out:
            return None
        now = ParameterCopy(self.parameters)
        now.take()
        self._average.put()
        try:
            with _decoder_errors_as_training_errors():
                return self._mean_loss(self._held_out)
        finally:
            now.put()

    def remember(self) -> None:
        """See `Stage.remember`."""
        self._best.take(self._average.values)

    def settle(self) -> None:
        """See `Stage.settle`."""
        (self._best if self._best.was_taken else self._average).put()

    @torch.no_grad()
    def _choose_scale(self, crops: Sequence[Crop]) -> None:
        log_scale = self._prior.log_scale
        now = log_scale.item()
        others = [math.log(scale) for scale in STARTING_SCALES if not math.isclose(math.log(scale), now)]
        losses: dict[float, float] = {}
        for start in [now, *others]:
            log_scale.fill_(start)
            losses[start] = self._mean_loss(crops)
        finite = {start: loss for start, loss in losses.items() if not math.isnan(loss)}
        log_scale.fill_(min(finite, key=finite.__getitem__, default=now))

    @torch.no_grad()
    def _mean_loss(self, crops: Sequence[Crop]) -> float:
        number = sum(len(crop.sequences) for crop in crops)
        losses = [
            float(self._objective(crop.model, self._prior, crop.sequences)) * len(crop.sequences) for crop in crops
        ]
        return self._mean(sum(losses) / number)

    def _mean(self, loss: float) -> float:
        return float(self._team.sum(np.array([loss], dtype=np.float64))[0] / self._team.size)

    def tensors(self) -> Tensors:
        """See `Stage.tensors`."""
        now = {str(number): one for number, one in enumerate(self.parameters)}
        return {
            **named("now", now),
            **named("adam", optimizer_tensors(self._optimizer)),
            **named("average", self._average.tensors()),
            **named("best", self._best.tensors()),
        }

    def restore(self, tensors: Tensors) -> None:
        """See `Stage.restore`."""
        now = part("now", tensors)
        copy_into(self.parameters, [now[str(number)] for number in range(len(now))])
        load_optimizer(self._optimizer, part("adam", tensors))
        self._average.restore(part("average", tensors))
        self._best.restore(part("best", tensors))


@contextmanager
def _decoder_errors_as_training_errors() -> Iterator[None]:
    """Sequences were checked at the door, so what the decoder refuses is for the parameters to answer."""
    try:
        yield
    except InputError as error:
        raise TrainingError(f"discriminative training: no beam has a finite score: {error}") from error
