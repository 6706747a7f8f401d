"""Training of plda and context_plda: covariances in closed form."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import islice

import numpy as np

from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.corpus import Indexes
from uisrnn.model.plda import PLDAObservation
from uisrnn.parallel import in_parallel
from uisrnn.progress import Progress
from uisrnn.training.discriminative import Fold
from uisrnn.training.loop import StageRecord
from uisrnn.training.tensors import restored_on_failure
from uisrnn.training.trainer import DEVELOPMENT_SHARE, Folds, TrainingTask
from uisrnn.training.two_covariance import ClusterScatter, TwoCovariance

_MOST_FOLDS = 50
_FOLDS_AT_ONCE = 16


class PLDATrainer:
    """Covariances of the training sequences.

    The model of a fold has the covariances of the other folds, so the clusters of the fold are new to it.

    Args:
        model: changed in place; a failure restores it.
    """

    learning_rate = 1e-2
    starting_scales: Sequence[float] = (1.0,)  # parts may prefer scales below 0.3, which fail on other kinds of talk

    def __init__(self, model: PLDAObservation) -> None:
        self._model = model

    def learns_with(self, args: TrainingArguments) -> bool:
        return True

    def guard(self) -> AbstractContextManager[None]:
        return restored_on_failure(self._model.state_dict().values())

    def fit(self, task: TrainingTask, progress: Progress) -> tuple[StageRecord, Folds]:
        scatter = ClusterScatter(task.corpus, task.args.enforce_cluster_id_uniqueness, task.context.team)
        scatter.covariances().install(self._model)
        return StageRecord(ended=True), self.folds(task, scatter) if task.is_discriminative else Folds()

    def folds(self, task: TrainingTask, scatter: ClusterScatter) -> Folds:
        """Folds of the sequences of this process.

        All processes together have about as many folds as a single process would have, so the covariances of a fold
        lack the clusters of few sequences.
        """
        team = task.context.team
        order = task.shuffled()
        own = min(max(_MOST_FOLDS // team.size, 2), len(order))  # at least a training fold and a development fold
        parts: list[Indexes] = []
        is_own: list[bool] = []
        for rank, number in enumerate(team.gather(own)):
            parts += np.array_split(order if rank == team.rank else order[:0], number)
            is_own += [rank == team.rank] * number
        covariances = scatter.each_without([scatter.clusters_of(part) for part in parts])  # all processes need all
        pairs = zip(parts, covariances, strict=True)
        own_pairs = (pair for belongs_here, pair in zip(is_own, pairs, strict=True) if belongs_here)

        def fold_of(pair: tuple[Indexes, TwoCovariance]) -> Fold:
            part, covariance = pair
            model = self._model.with_same_parameters()
            covariance.install(model)
            return Fold(model, task.corpus.subset(part))

        folds: list[Fold] = []
        while some := list(islice(own_pairs, _FOLDS_AT_ONCE)):
            folds += in_parallel(fold_of, some)
        held_out = max(round(DEVELOPMENT_SHARE * len(folds)), 1)
        return Folds(folds[held_out:], folds[:held_out])
