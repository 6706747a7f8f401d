"""The class UISRNN: a model that can be trained, a thin face of `uisrnn.training`."""

import dataclasses
import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from uisrnn.arguments import TrainingArguments
from uisrnn.data import sequences as data
from uisrnn.data.labels import Label
from uisrnn.data.observations import is_single
from uisrnn.data.sequences import CodedSequence
from uisrnn.errors import ArgumentError, InputTypeError
from uisrnn.kept import KeptModel
from uisrnn.model.assignment import estimate_crp_alpha
from uisrnn.model.joint import Joint
from uisrnn.model.transition import estimate_transition_bias
from uisrnn.progress import Both, Progress, bar_for
from uisrnn.randomness import torch_seeded
from uisrnn.training.discriminative import train_discriminatively
from uisrnn.training.history import History
from uisrnn.training.hypotheses import LearnedPrior
from uisrnn.training.objectives import OBJECTIVES
from uisrnn.training.trainers import FEWEST_SEQUENCES, Folds, trainer_for
from uisrnn.training.watcher import NOBODY, Watcher

ALPHA_PRIOR = (2.0, 1.0)
"""Shape and rate of the Gamma prior of an alpha that is estimated; its mode is 1, what alpha is when it is not."""


class UISRNN(KeptModel):
    """Unbounded interleaved-state recurrent neural network, arXiv:1810.04719.

    Args:
        args: `ModelArguments`, any object with those attributes, or None for all defaults.

    Attributes:
        arguments: what it was made with, or what its file says.
        transition_bias_denominator: the weight of that estimate when `fit` is called again.
        logger: a standard logger whose level follows `verbosity`.
        fitted: whether it was trained, here or before it was saved.

    Several threads may predict with one model; only one at a time may train it or load into it.

    Raises:
        ArgumentError: an argument is not acceptable.

    >>> import numpy as np, uisrnn
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, seed=1))
    >>> x = np.array([[0, 0], [0, 0], [1, 1], [1, 1], [0, 0], [1, 1]])
    >>> args = uisrnn.TrainingArguments(train_iteration=200, learning_rate=0.02)
    >>> history = model.fit([x] * 4, [list("aabbab")] * 4, args)
    >>> model.predict(x)
    [0, 0, 1, 1, 0, 1]
    """

    def __init__(self, args: object = None) -> None:
        super().__init__(args)
        self._trainer = trainer_for(self._observation, self._generator)

    def load(self, filepath: str | os.PathLike[str]) -> None:
        """Become the model in a file; see `KeptModel.load`.

        Args:
            filepath: the file.

        Raises:
            CheckpointError: the file is truncated, foreign or hostile; the model is as before.
            OSError: there is no such file, or it cannot be opened.
        """
        super().load(filepath)
        self._trainer = trainer_for(self._observation, self._generator)

    def fit(
        self,
        train_sequences: Any,
        train_cluster_ids: Any = None,
        args: object = None,
        *,
        watcher: Watcher = NOBODY,
    ) -> History:
        """Train on labelled sequences; called again, go on from where the model is.

        First by what generates the sequences: the GRU by gradient steps, the closed forms of the others from these
        sequences alone. Then, where `discriminative_iteration` asks for it and there are 5 sequences or more, by what
        the decoder makes of them, with a part kept apart to stop in time.

        Args:
            train_sequences: a list of (T, D) arrays or `LabeledSequence`s, or one (N, D) array of concatenated
                sequences. With the latter, each boundary between two sequences counts as a label change in the estimate
                of `transition_bias`.
            train_cluster_ids: a list of lists of T strings or integers, or one of N; None: those of the
                `LabeledSequence`s.
            args: `TrainingArguments`, any object with those attributes, or None for all defaults.
            watcher: told the figures of training while it goes on, a `TensorBoard` for example.

        Returns:
            Each loss term at each iteration.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError: sequences or labels have a wrong shape, dimension or length, or values that are not finite.
            InputTypeError: they are not arrays or lists at all.
            TrainingError: the loss or a weight is not finite, or covariances cannot be computed. Training that fails or
                is interrupted leaves a GRU with the weights that it came to, any other model as it was, and does not
                count for scalars and `fitted`.
        """
        training_args = TrainingArguments.of(args)
        if not isinstance(watcher, Watcher):
            raise ArgumentError(f"watcher must be one, for example TensorBoard('runs/1'), but is {watcher!r}")
        labeled, single = data.labeled(train_sequences, train_cluster_ids, self.observation_dim)
        if single and self.estimate_transition_bias:
            self.logger.info(
                "transition_bias is estimated from one sequence; if it is several, concatenated, each boundary counts "
                "as a change: pass a list of sequences, or transition_bias"
            )
        with self._trainer.guard(), watcher:
            watcher.started(model=dataclasses.asdict(self.arguments), training=dataclasses.asdict(training_args))
            history, folds = self._fit_observation(labeled, training_args, watcher)
            learned, denominator = self._estimated(labeled)
            if folds.train:
                learned = self._fit_discriminatively(learned, folds, training_args, history, watcher)
            watcher.learned(
                transition_bias=learned.prior.transition.bias,
                crp_alpha=learned.prior.crp_alpha,
                likelihood_scale=learned.likelihood_scale,
            )
        self._take(learned, denominator)
        self.fitted = self.fitted or self._trainer.learns_with(training_args)
        return history

    def fit_concatenated(self, train_sequence: Any, train_cluster_id: Any, args: object = None) -> History:
        """Train the observation model only, by what generates observations, on one (N, D) array; see `fit`.

        Args:
            train_sequence: (N, D).
            train_cluster_id: N labels, unique to their clusters.
            args: see `fit`.

        Returns:
            Each loss term at each iteration.

        Raises:
            InputError, InputTypeError, ArgumentError, TrainingError: as `fit` does.
        """
        where = "train_sequence"
        if not is_single(train_sequence):
            raise InputTypeError(f"{where} must be one (N, D) array; fit() takes a list of sequences")
        labeled, _single = data.labeled(train_sequence, train_cluster_id, self.observation_dim)
        training_args = dataclasses.replace(TrainingArguments.of(args), discriminative_iteration=0)
        with self._trainer.guard():
            history, _folds = self._fit_observation(labeled, training_args, NOBODY)
        self.fitted = self.fitted or self._trainer.learns_with(training_args)
        return history

    def _estimated(self, labeled: Sequence[CodedSequence]) -> tuple[Joint[Any], float]:
        """The model with scalars from these labels, as far as they are not given, and the weight of p0 later.

        The estimate of p0 is averaged with those of earlier calls, each weighted by its denominator.
        """
        labels = [one.labels for one in labeled]
        bias, alpha, denominator = self.transition_bias, self.crp_alpha, self.transition_bias_denominator
        if self.estimate_transition_bias:
            estimate, weight = estimate_transition_bias(labels)
            earlier = 0.0 if bias is None else bias * denominator
            denominator += weight
            bias = (earlier + estimate * weight) / denominator
        if self.estimate_crp_alpha:
            alpha = estimate_crp_alpha(labels, prior=ALPHA_PRIOR)
        assert bias is not None
        assert alpha is not None
        return self._joint_of(bias, alpha, self.likelihood_scale), denominator

    def _take(self, learned: Joint[Any], denominator: float) -> None:
        """Have these scalars from now on."""
        self.transition_bias_denominator = denominator
        if self.estimate_transition_bias:
            self.transition_bias = learned.prior.transition.bias
        if self.estimate_crp_alpha:
            self.crp_alpha = learned.prior.crp_alpha
        self.likelihood_scale = learned.likelihood_scale

    def _progress(self, watcher: Watcher, stage: str, iterations: int, description: str) -> Progress:
        return Both(bar_for(self.arguments.verbosity, iterations, description), watcher.stage(stage))

    def _fit_observation(
        self, labeled: Sequence[CodedSequence], args: TrainingArguments, watcher: Watcher
    ) -> tuple[History, Folds]:
        self.online_predict(reset=True)
        progress = self._progress(watcher, "generative", args.train_iteration, "training")
        with torch_seeded(self._generator, self.device):
            history, folds = self._trainer.fit(labeled, args, progress)
        if len(history):
            self.logger.info(
                "trained %d iterations on %d sequences; last loss %s", len(history), len(labeled), history.loss[-1]
            )
        if args.discriminative_iteration and not folds.train:
            self.logger.warning(
                "discriminative training needs %d sequences, but there are %d: left out", FEWEST_SEQUENCES, len(labeled)
            )
        return history, folds

    def _fit_discriminatively(
        self, start: Joint[Any], folds: Folds, args: TrainingArguments, history: History, watcher: Watcher
    ) -> Joint[Any]:
        """The model with what was learned; weights change in place."""
        prior = LearnedPrior(start, learn_bias=self.estimate_transition_bias, learn_alpha=self.estimate_crp_alpha)
        iterations = args.discriminative_iteration
        progress = self._progress(watcher, "discriminative", iterations, "training discriminatively")
        course = train_discriminatively(
            folds.train, folds.development, prior, OBJECTIVES[args.objective], iterations,
            self._trainer.learning_rate, self._generator, progress,
        )  # fmt: skip
        history.discriminative, history.development = course.losses, course.development
        learned = prior.joint(self._observation)
        self.logger.info(
            "trained discriminatively, kept iteration %d: transition_bias=%.3f, crp_alpha=%.3f, likelihood_scale=%.3f",
            course.chosen, learned.prior.transition.bias, learned.prior.crp_alpha, learned.likelihood_scale,
        )  # fmt: skip
        return learned


def parallel_predict(
    model: UISRNN, test_sequences: Any, args: object = None, num_processes: Any = 4
) -> list[list[Label]]:
    """`model.predict` with a given number of workers, which takes as many as there are cores; the same labels.

    Args:
        model: the model; it is shared, not copied: the workers are threads.
        test_sequences: a list of (T, D) arrays.
        args: see `UISRNN.predict`.
        num_processes: number of workers.

    Returns:
        As many lists of labels.

    Raises:
        InputTypeError: `test_sequences` is not a list of sequences.
        ArgumentError, InputError, NotFittedError: as `predict` does.
    """
    if is_single(test_sequences):
        raise InputTypeError("test_sequences must be a list of (T, D) arrays")
    if isinstance(num_processes, bool) or not isinstance(num_processes, Integral) or num_processes < 1:
        raise ArgumentError(f"num_processes must be an integer >= 1, but is {num_processes!r}")
    labels, _scores, _single = model._predict(test_sequences, args, None, False, int(num_processes))
    return labels
