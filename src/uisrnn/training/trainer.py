"""The seam between observation models and training: a trainer fits a model to a task and keeps sequences apart."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.corpus import Corpus, Indexes
from uisrnn.progress import Progress
from uisrnn.sequences.labels import Codes
from uisrnn.training.discriminative import Fold
from uisrnn.training.draws import Draws, Purpose
from uisrnn.training.loop import StageContext, StageRecord

FEWEST_SEQUENCES = 5
DEVELOPMENT_SHARE = 0.2


class Folds(NamedTuple):
    """Sequences for discriminative training; both lists are empty if it is not wanted.

    Attributes:
        train: folds to learn from.
        development: folds of other sequences, to choose the iteration by.
    """

    train: Sequence[Fold] = ()
    development: Sequence[Fold] = ()


@dataclass(frozen=True)
class TrainingTask:
    """The sequences that a trainer fits its model to, and how.

    Attributes:
        corpus: labelled sequences; `args.enforce_cluster_id_uniqueness` says whether equal labels in two sequences are
            two clusters.
        args: see `TrainingArguments`.
        draws: source of randomness.
        context: see `StageContext`.
    """

    corpus: Corpus
    args: TrainingArguments
    draws: Draws
    context: StageContext

    @property
    def is_discriminative(self) -> bool:
        """Whether discriminative training is wanted, and enough sequences have at least two observations."""
        return self.args.discriminative_iteration > 0 and self._suffices

    @property
    def keeps_apart(self) -> bool:
        """Whether development sequences are wanted, and there are enough sequences."""
        return (self.args.discriminative_iteration > 0 or self.args.patience is not None) and self._suffices

    @property
    def _suffices(self) -> bool:
        """Whether there are enough sequences; all processes ask at the same time, because they tell their numbers."""
        numbers: list[int] = self.context.team.gather(len(self._usable()))
        # each process needs a training sequence and a development sequence
        return min(numbers) > 1 and sum(numbers) >= FEWEST_SEQUENCES

    def _usable(self) -> Indexes:
        """Numbers of the sequences with at least two observations; the label of a single observation is never wrong."""
        return np.flatnonzero(self.corpus.lengths > 1)

    def shuffled(self) -> Indexes:
        """Numbers of the sequences with at least two observations, in random order."""
        return self.draws.generator(Purpose.FOLDS).permutation(self._usable())

    def split(self) -> tuple[Corpus, Corpus]:
        """Training sequences and development sequences.

        They share no cluster if labels are global and enough training sequences remain.
        """
        corpus = self.corpus
        order = self.shuffled()
        held_out = np.sort(order[: max(round(DEVELOPMENT_SHARE * len(order)), 1)])
        others = np.setdiff1d(np.arange(len(corpus)), held_out)
        if not self.args.enforce_cluster_id_uniqueness:
            clusters = np.concatenate(self.context.team.gather(_clusters_of(corpus, held_out)))
            others = _without_clusters(corpus, others, clusters)
        return corpus.subset(others), corpus.subset(held_out)


class Trainer(Protocol):
    """Fits an observation model to labelled sequences by maximum likelihood.

    Attributes:
        learning_rate: highest learning rate of the model in discriminative training.
        starting_scales: likelihood scales that discriminative training may start from, besides the scale of the model.
    """

    learning_rate: float
    starting_scales: Sequence[float]

    def learns_with(self, args: TrainingArguments) -> bool:
        """Whether `UISRNN.fit` with these arguments leaves a trained model."""

    def guard(self) -> AbstractContextManager[None]:
        """A context around the whole training; it restores the model after a failure if the model needs that."""

    def fit(self, task: TrainingTask, progress: Progress) -> tuple[StageRecord, Folds]:
        """Change the model.

        Args:
            task: see `TrainingTask`.
            progress: receives the figures of each step.

        Returns:
            The record of the gradient steps (a closed form returns `StageRecord(ended=True)`), and the folds for
            discriminative training.
        """


def _clusters_of(corpus: Corpus, numbers: Indexes) -> Codes:
    return np.unique(np.concatenate([corpus.block_codes(number) for number in numbers.tolist()]))


def _without_clusters(corpus: Corpus, numbers: Indexes, clusters: Codes) -> Indexes:
    """The sequences that have none of these clusters; all sequences if too few would remain."""
    is_free = np.array([not np.isin(corpus.block_codes(number), clusters).any() for number in numbers.tolist()])
    free: Indexes = numbers[is_free]
    return free if 2 * len(free) >= len(numbers) and (corpus.lengths[free] > 1).any() else numbers
