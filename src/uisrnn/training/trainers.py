"""How each observation model is first fitted, and what discriminative training may learn from afterwards."""

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus, Indexes
from uisrnn.errors import ArgumentError
from uisrnn.model.gru import GRUObservation
from uisrnn.model.kinds import AnyObservation
from uisrnn.model.plda import PLDAObservation
from uisrnn.progress import Progress
from uisrnn.sequences.labels import Codes
from uisrnn.training.batching import Batch, ClusterSequences
from uisrnn.training.course import Course, Surroundings, run
from uisrnn.training.discriminative import Fold
from uisrnn.training.draws import Draws, Purpose
from uisrnn.training.failure import restored_on_failure
from uisrnn.training.generative import GenerativeStage, new_optimizer
from uisrnn.training.prefetch import Prefetched
from uisrnn.training.team import Team
from uisrnn.training.two_covariance import ClusterScatter

FEWEST_SEQUENCES = 5
_DEVELOPMENT_SHARE = 0.2
_DEVELOPMENT_SEQUENCES = 64
_MOST_FOLDS = 50


class Folds(NamedTuple):
    """What discriminative training learns from, and what it is judged by; both are empty where it is not wanted.

    Attributes:
        train: folds.
        development: folds of other sequences. For the GRU they share no cluster with the others where labels say which
            is which and enough are left; the covariances of plda know none of their clusters.
    """

    train: Sequence[Fold] = ()
    development: Sequence[Fold] = ()


@dataclass(frozen=True)
class Lesson:
    """What a model is fitted with.

    Attributes:
        corpus: labelled sequences; whether equal labels in two of them are one cluster says
            `args.enforce_cluster_id_uniqueness`.
        args: see `TrainingArguments`.
        draws: source of randomness.
        around: what the training runs in.
    """

    corpus: Corpus
    args: TrainingArguments
    draws: Draws
    around: Surroundings

    @property
    def is_discriminative(self) -> bool:
        """Whether discriminative training is asked for, and enough sequences have more than one observation."""
        return self.args.discriminative_iteration > 0 and self._suffices

    @property
    def keeps_apart(self) -> bool:
        """Whether something is to be kept apart, and there is enough."""
        return self.is_discriminative or (self.args.patience is not None and self._suffices)

    @property
    def _suffices(self) -> bool:
        numbers: list[int] = self.around.team.gather(len(self._teaching()))
        return min(numbers) > 1 and sum(numbers) >= FEWEST_SEQUENCES  # one to learn from, one to be judged by

    def _teaching(self) -> Indexes:
        """The numbers of the sequences with more than one observation, as the label of a single one is never wrong."""
        return np.flatnonzero(self.corpus.lengths > 1)

    def shuffled(self) -> Indexes:
        """The same in random order."""
        return self.draws.generator(Purpose.FOLDS).permutation(self._teaching())


class Trainer(Protocol):
    """Fits an observation model to labelled sequences by what generates them."""

    learning_rate: float
    """The highest in discriminative training."""

    def learns_with(self, args: TrainingArguments) -> bool:
        """Whether `fit` with these arguments leaves a trained model."""

    def guard(self) -> AbstractContextManager[None]:
        """What the model must be again where fitting or the training after it fails."""

    def fit(self, lesson: Lesson, progress: Progress) -> tuple[Course, Folds]:
        """Change the model.

        Args:
            lesson: what it is fitted with.
            progress: told after each step.
        """


class GRUTrainer:
    """Gradient steps as in the paper; development sequences are kept away from them.

    Args:
        model: changed in place.
    """

    learning_rate = 1e-4

    def __init__(self, model: GRUObservation) -> None:
        self._model = model
        self._optimizer: torch.optim.Adam | None = None

    def learns_with(self, args: TrainingArguments) -> bool:
        """Where there is an iteration."""
        return args.train_iteration + args.discriminative_iteration > 0

    def guard(self) -> AbstractContextManager[None]:
        """Nothing: it goes on from where a failure left it."""
        return nullcontext()

    def fit(self, lesson: Lesson, progress: Progress) -> tuple[Course, Folds]:
        """See `Trainer.fit`."""
        args, draws, team = lesson.args, lesson.draws, lesson.around.team
        corpus, apart = _split(lesson) if lesson.keeps_apart else (lesson.corpus, None)
        args = dataclasses.replace(args, batch_size=_share_of_batch(args, team))
        sequences = ClusterSequences(Clusters.of(corpus, args.enforce_cluster_id_uniqueness), args, draws)
        development = None if apart is None or args.patience is None else _development_batch(apart, args, draws)
        if self._optimizer is None:
            self._optimizer = new_optimizer(self._model)
        with Prefetched(sequences.batch, corpus.rows.ahead, args.train_iteration) as batches:
            stage = GenerativeStage(self._model, self._optimizer, batches, development, args, draws, team)
            course = run(stage, lesson.around, progress)
        if apart is None or not lesson.is_discriminative:
            return course, Folds()
        return course, Folds([Fold(self._model, corpus)], [Fold(self._model, apart)])


def _share_of_batch(args: TrainingArguments, team: Team) -> int | None:
    """How many cluster sequences of a batch this process takes."""
    if args.batch_size is None:
        return None
    if args.batch_size < team.size:
        raise ArgumentError(
            f"batch_size must be at least 1 for each of {team.size} processes, but is {args.batch_size}"
        )
    return args.batch_size // team.size + (team.rank < args.batch_size % team.size)


def _development_batch(corpus: Corpus, args: TrainingArguments, draws: Draws) -> Batch:
    """Some of the cluster sequences that were kept apart."""
    sequences = ClusterSequences(Clusters.of(corpus, args.enforce_cluster_id_uniqueness), args, draws)
    order = draws.generator(Purpose.DEVELOPMENT).permutation(len(sequences))
    return sequences.read(order[:_DEVELOPMENT_SEQUENCES])


def _split(lesson: Lesson) -> tuple[Corpus, Corpus]:
    """Sequences to learn from, and others to be judged by."""
    corpus, order = lesson.corpus, lesson.shuffled()
    held_out = np.sort(order[: max(round(_DEVELOPMENT_SHARE * len(order)), 1)])
    others = np.setdiff1d(np.arange(len(corpus)), held_out)
    if not lesson.args.enforce_cluster_id_uniqueness:
        known = np.concatenate(lesson.around.team.gather(_clusters_of(corpus, held_out)))
        others = _of_other_clusters(corpus, others, known)
    return corpus.subset(others), corpus.subset(held_out)


def _clusters_of(corpus: Corpus, numbers: Indexes) -> Codes:
    return np.unique(np.concatenate([corpus.block_codes(number) for number in numbers.tolist()]))


def _of_other_clusters(corpus: Corpus, numbers: Indexes, known: Codes) -> Indexes:
    """Those without one of the clusters of development sequences, unless that would leave too few of them."""
    is_other = np.array([not np.isin(corpus.block_codes(number), known).any() for number in numbers.tolist()])
    others: Indexes = numbers[is_other]
    return others if 2 * len(others) >= len(numbers) and (corpus.lengths[others] > 1).any() else numbers


class PLDATrainer:
    """Closed form; a fold's model comes from the clusters of the other folds, so that it meets those of its own as new.

    Args:
        model: changed in place.
    """

    learning_rate = 1e-2

    def __init__(self, model: PLDAObservation) -> None:
        self._model = model

    def learns_with(self, args: TrainingArguments) -> bool:
        """Always."""
        return True

    def guard(self) -> AbstractContextManager[None]:
        """What it was: half of a closed form is no model."""
        return restored_on_failure(self._model.state_dict().values())

    def fit(self, lesson: Lesson, progress: Progress) -> tuple[Course, Folds]:
        """See `Trainer.fit`."""
        scatter = ClusterScatter(lesson.corpus, lesson.args.enforce_cluster_id_uniqueness, lesson.around.team)
        scatter.covariances().install(self._model)
        return Course(ended=True), self._folds(lesson, scatter) if lesson.is_discriminative else Folds()

    def _folds(self, lesson: Lesson, scatter: ClusterScatter) -> Folds:
        """Each process of a team has folds of its own, about as many in all as a single process would have.

        So a fold's covariances lack the clusters of few sequences, however many processes there are.
        """
        team, order = lesson.around.team, lesson.shuffled()
        own = min(max(_MOST_FOLDS // team.size, 2), len(order))  # one to learn from, one to be judged by
        folds = []
        for rank, number in enumerate(team.gather(own)):
            is_own = rank == team.rank
            for part in np.array_split(order if is_own else order[:0], number):
                covariances = scatter.covariances(without=scatter.clusters_of(part))  # by all processes
                if is_own:
                    model = self._model.with_same_parameters()
                    covariances.install(model)
                    folds.append(Fold(model, lesson.corpus.subset(part)))
        held_out = max(round(_DEVELOPMENT_SHARE * len(folds)), 1)
        return Folds(folds[held_out:], folds[:held_out])


def trainer_for(model: AnyObservation) -> Trainer:
    """The one that knows this model."""
    return GRUTrainer(model) if isinstance(model, GRUObservation) else PLDATrainer(model)
