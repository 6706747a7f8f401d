"""How each observation model is first fitted, and what discriminative training may learn from afterwards."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol

import numpy as np
import torch

from uisrnn.arguments import TrainingArguments
from uisrnn.data.labels import Codes
from uisrnn.data.sequences import CodedSequence
from uisrnn.model.gru import GRUObservation
from uisrnn.model.kinds import AnyObservation
from uisrnn.model.plda import PLDAObservation
from uisrnn.progress import Progress
from uisrnn.training.batching import ClusterSequences, join
from uisrnn.training.discriminative import Fold
from uisrnn.training.failure import restored_on_failure
from uisrnn.training.history import History
from uisrnn.training.loop import new_optimizer, train
from uisrnn.training.two_covariance import ClusterScatter

FEWEST_SEQUENCES = 5
_DEVELOPMENT_SHARE = 0.2
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


def _wants_folds(sequences: Sequence[CodedSequence], args: TrainingArguments) -> bool:
    """Whether discriminative training is asked for, and enough sequences have more than one observation."""
    teaching = sum(len(one.observations) > 1 for one in sequences)
    return args.discriminative_iteration > 0 and teaching >= FEWEST_SEQUENCES


class Trainer(Protocol):
    """Fits an observation model to labelled sequences by what generates them."""

    learning_rate: float
    """The highest in discriminative training."""

    def learns_with(self, args: TrainingArguments) -> bool:
        """Whether `fit` with these arguments leaves a trained model."""

    def guard(self) -> AbstractContextManager[None]:
        """What the model must be again where fitting or the training after it fails."""

    def fit(
        self, sequences: Sequence[CodedSequence], args: TrainingArguments, progress: Progress
    ) -> tuple[History, Folds]:
        """Change the model.

        Args:
            sequences: with labels; whether equal ones in two sequences are one cluster says
                `args.enforce_cluster_id_uniqueness`.
            args: see `TrainingArguments`.
            progress: told after each step.
        """


class GRUTrainer:
    """Gradient steps as in the paper; development sequences are kept away from them.

    Args:
        model: changed in place.
        generator: source of randomness.
    """

    learning_rate = 1e-4

    def __init__(self, model: GRUObservation, generator: np.random.Generator) -> None:
        self._model, self._generator = model, generator
        self._optimizer: torch.optim.Adam | None = None

    def learns_with(self, args: TrainingArguments) -> bool:
        """Where there is an iteration."""
        return args.train_iteration + args.discriminative_iteration > 0

    def guard(self) -> AbstractContextManager[None]:
        """Nothing: it goes on from where a failure left it."""
        return nullcontext()

    def fit(
        self, sequences: Sequence[CodedSequence], args: TrainingArguments, progress: Progress
    ) -> tuple[History, Folds]:
        """See `Trainer.fit`."""
        folds = self._folds(sequences, args)
        if folds.development:
            sequences = folds.train[0].sequences
        observations, codes = join(sequences, unique=args.enforce_cluster_id_uniqueness)
        clusters = ClusterSequences(observations, codes, args.num_permutations, args.max_length, self._generator)
        if self._optimizer is None:
            self._optimizer = new_optimizer(self._model)
        return train(self._model, self._optimizer, clusters.batches(args.batch_size), args, progress), folds

    def _folds(self, sequences: Sequence[CodedSequence], args: TrainingArguments) -> Folds:
        if not _wants_folds(sequences, args):
            return Folds()
        order = self._generator.permutation(len(sequences))
        held_out = set(order[: max(round(_DEVELOPMENT_SHARE * len(sequences)), 1)].tolist())
        development = [sequences[number] for number in sorted(held_out)]
        others = [one for number, one in enumerate(sequences) if number not in held_out]
        if not args.enforce_cluster_id_uniqueness:
            others = _of_other_clusters(others, development)
        return Folds([Fold(self._model, others)], [Fold(self._model, development)])


def _of_other_clusters(sequences: list[CodedSequence], development: Sequence[CodedSequence]) -> list[CodedSequence]:
    """Those without a cluster of the development sequences, unless that would leave less than half of them."""
    known = np.concatenate([one.labels for one in development if one.labels is not None])
    others = [one for one in sequences if one.labels is not None and not np.isin(one.labels, known).any()]
    return others if 2 * len(others) >= len(sequences) else sequences


class PLDATrainer:
    """Closed form; a fold's model comes from the clusters of the other folds, so that it meets those of its own as new.

    Args:
        model: changed in place.
        generator: source of randomness.
    """

    learning_rate = 1e-2

    def __init__(self, model: PLDAObservation, generator: np.random.Generator) -> None:
        self._model, self._generator = model, generator

    def learns_with(self, args: TrainingArguments) -> bool:
        """Always."""
        return True

    def guard(self) -> AbstractContextManager[None]:
        """What it was: half of a closed form is no model."""
        return restored_on_failure(self._model.state_dict().values())

    def fit(
        self, sequences: Sequence[CodedSequence], args: TrainingArguments, progress: Progress
    ) -> tuple[History, Folds]:
        """See `Trainer.fit`."""
        observations, codes = join(sequences, unique=args.enforce_cluster_id_uniqueness)
        _values, codes = np.unique(codes, return_inverse=True)
        scatter = ClusterScatter(observations, codes)
        scatter.covariances().install(self._model)
        if not _wants_folds(sequences, args):
            return History(), Folds()
        return History(), self._folds(sequences, codes, scatter)

    def _folds(self, sequences: Sequence[CodedSequence], codes: Codes, scatter: ClusterScatter) -> Folds:
        ends = np.cumsum([len(one.observations) for one in sequences])
        parts = np.array_split(self._generator.permutation(len(sequences)), min(_MOST_FOLDS, len(sequences)))
        folds = []
        for part in parts:
            clusters = np.unique(
                np.concatenate([codes[ends[i] - len(sequences[i].observations) : ends[i]] for i in part])
            )
            model = self._model.with_same_parameters()
            scatter.covariances(without=clusters).install(model)
            folds.append(Fold(model, [sequences[i] for i in part]))
        held_out = max(round(_DEVELOPMENT_SHARE * len(folds)), 1)
        return Folds(folds[held_out:], folds[:held_out])


def trainer_for(model: AnyObservation, generator: np.random.Generator) -> Trainer:
    """The one that knows this model."""
    if isinstance(model, GRUObservation):
        return GRUTrainer(model, generator)
    return PLDATrainer(model, generator)
