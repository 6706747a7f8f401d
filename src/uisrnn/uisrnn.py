"""The class UISRNN(Predictor): a thin face of model, training, decoding and model files."""

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any, TypeVar

import torch
from torch import nn

from uisrnn import checkpoint
from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments
from uisrnn.data import sequences as data
from uisrnn.data.labels import Label
from uisrnn.data.observations import is_single
from uisrnn.data.sequences import CodedSequence
from uisrnn.errors import ArgumentError, InputTypeError, NotFittedError
from uisrnn.log import ModelLogger
from uisrnn.model.assignment import estimate_crp_alpha
from uisrnn.model.conventions import ASSIGNMENTS, PAPER, RUNNING_MEANS, Conventions
from uisrnn.model.gru import GRUObservation
from uisrnn.model.joint import Joint
from uisrnn.model.kinds import KINDS, AnyObservation
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition, estimate_transition_bias
from uisrnn.prediction import Predictor
from uisrnn.progress import bar_for
from uisrnn.randomness import generator_from, torch_seeded
from uisrnn.training.discriminative import train_discriminatively
from uisrnn.training.history import History
from uisrnn.training.hypotheses import LearnedPrior
from uisrnn.training.objectives import OBJECTIVES
from uisrnn.training.trainers import FEWEST_SEQUENCES, Folds, trainer_for

_U = TypeVar("_U", bound="UISRNN")
_OF_THE_PROCESS = ("verbosity", "enable_cuda", "seed")
ALPHA_PRIOR = (2.0, 1.0)
"""Shape and rate of the Gamma prior of an alpha that is estimated; its mode is 1, what alpha is when it is not."""


class UISRNN(Predictor):
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
        self.arguments = dataclasses.replace(ModelArguments.of(args))  # a copy: the caller may change theirs
        self.logger = ModelLogger(self.arguments.verbosity)
        self._transition_bias = self.arguments.transition_bias
        self.transition_bias_denominator = 0.0
        self.fitted = False
        self._generator = generator_from(self.arguments.seed)
        self._conventions = PAPER
        self.likelihood_scale = KINDS[self.arguments.observation_model].likelihood_scale
        self._crp_alpha = self.arguments.crp_alpha
        self._observation = self._new_observation(self.arguments)
        self._trainer = trainer_for(self._observation, self._generator)

    def _new_observation(self, args: ModelArguments) -> AnyObservation:
        with torch_seeded(self._generator, torch.device("cpu")):
            model = KINDS[args.observation_model].build(args)
        cuda = args.enable_cuda and torch.cuda.is_available()
        return model.to("cuda:0" if cuda else "cpu").eval()

    @property
    def conventions(self) -> Conventions:
        """What it does where the paper and 0.1.2 differ: `PAPER`, unless it comes from a file of 0.1.2 or is set."""
        return self._conventions

    @conventions.setter
    def conventions(self, conventions: Conventions) -> None:
        self._conventions = conventions
        if isinstance(self._observation, GRUObservation):
            self._observation.running_mean = RUNNING_MEANS[conventions.running_mean]

    @property
    def transition_bias(self) -> float | None:
        """p0; None until it is estimated. It may be set."""
        return self._transition_bias

    @transition_bias.setter
    def transition_bias(self, value: float | None) -> None:
        self._transition_bias = ModelArguments(transition_bias=value).transition_bias

    @property
    def crp_alpha(self) -> float | None:
        """Alpha, the weight of a new cluster; None until it is estimated. It may be set."""
        return self._crp_alpha

    @crp_alpha.setter
    def crp_alpha(self, value: float) -> None:
        if value is None:
            raise ArgumentError("crp_alpha must be a number > 0, but is None")
        self._crp_alpha = ModelArguments(crp_alpha=value).crp_alpha

    @property
    def likelihood_scale(self) -> float:
        """What -log p(x) is multiplied by where inference arguments do not say: 1 in the paper. It may be set."""
        return self._likelihood_scale

    @likelihood_scale.setter
    def likelihood_scale(self, value: float) -> None:
        given = InferenceArguments(likelihood_scale=value).likelihood_scale
        if given is None:
            raise ArgumentError("likelihood_scale must be a number > 0, but is None")
        self._likelihood_scale = given

    @property
    def device(self) -> torch.device:
        """The GPU where there is one and `enable_cuda` allows it, else the CPU."""
        return self._observation.device

    @property
    def observation_dim(self) -> int:
        """D, the dimension of an observation."""
        return self.arguments.observation_dim

    @property
    def rnn_model(self) -> nn.Module:
        """The network that all clusters share."""
        return self._gru("rnn_model").network

    @property
    def rnn_init_hidden(self) -> nn.Parameter:
        """The learned hidden state of a new cluster: (depth, 1, hidden)."""
        return self._gru("rnn_init_hidden").init_hidden

    @property
    def sigma2(self) -> nn.Parameter:
        """The variance of an observation about its prediction: (D,)."""
        return self._gru("sigma2").sigma2

    def _gru(self, name: str) -> GRUObservation:
        if not isinstance(self._observation, GRUObservation):
            raise AttributeError(f"observation model {self.arguments.observation_model!r} has no {name}")  # noqa: TRY004
        return self._observation

    @property
    def estimate_transition_bias(self) -> bool:
        """Whether `fit` estimates p0; not where it was given."""
        return self.arguments.transition_bias is None

    @property
    def estimate_crp_alpha(self) -> bool:
        """Whether `fit` estimates alpha; not where it was given."""
        return self.arguments.crp_alpha is None

    @property
    def estimate_sigma2(self) -> bool:
        """Whether `fit` learns sigma2; not where it was given."""
        return self.arguments.sigma2 is None

    # --- training ---

    def fit(self, train_sequences: Any, train_cluster_ids: Any = None, args: object = None) -> History:
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
        labeled, single = data.labeled(train_sequences, train_cluster_ids, self.observation_dim)
        if single and self.estimate_transition_bias:
            self.logger.info(
                "transition_bias is estimated from one sequence; if it is several, concatenated, each boundary counts "
                "as a change: pass a list of sequences, or transition_bias"
            )
        with self._trainer.guard():
            history, folds = self._fit_observation(labeled, training_args)
            learned, denominator = self._estimated(labeled)
            if folds.train:
                learned = self._fit_discriminatively(learned, folds, training_args, history)
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
            history, _folds = self._fit_observation(labeled, training_args)
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

    def _fit_observation(self, labeled: Sequence[CodedSequence], args: TrainingArguments) -> tuple[History, Folds]:
        self.online_predict(reset=True)
        progress = bar_for(self.arguments.verbosity, args.train_iteration, "training")
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
        self, start: Joint[Any], folds: Folds, args: TrainingArguments, history: History
    ) -> Joint[Any]:
        """The model with what was learned; weights change in place."""
        prior = LearnedPrior(start, learn_bias=self.estimate_transition_bias, learn_alpha=self.estimate_crp_alpha)
        progress = bar_for(self.arguments.verbosity, args.discriminative_iteration, "training discriminatively")
        course = train_discriminatively(
            folds.train, folds.development, prior, OBJECTIVES[args.objective], args.discriminative_iteration,
            self._trainer.learning_rate, self._generator, progress,
        )  # fmt: skip
        history.discriminative, history.development = course.losses, course.development
        learned = prior.joint(self._observation)
        self.logger.info(
            "trained discriminatively, kept iteration %d: transition_bias=%.3f, crp_alpha=%.3f, likelihood_scale=%.3f",
            course.chosen, learned.prior.transition.bias, learned.prior.crp_alpha, learned.likelihood_scale,
        )  # fmt: skip
        return learned

    # --- prediction: see Predictor ---

    @property
    def _verbosity(self) -> int:
        return self.arguments.verbosity

    def _joint(self) -> Joint[Any]:
        if self.transition_bias is None:
            raise NotFittedError("transition_bias is not known: fit() the model, load() one, or pass transition_bias")
        if self.crp_alpha is None:
            raise NotFittedError("crp_alpha is not known: fit() the model, load() one, or pass crp_alpha")
        if not self.fitted:
            self.logger.warning("this model was never trained: its labels mean nothing")
        return self._joint_of(self.transition_bias, self.crp_alpha, self.likelihood_scale)

    def _joint_of(self, transition_bias: float, crp_alpha: float, likelihood_scale: float) -> Joint[Any]:
        prior = LabelPrior(Transition(transition_bias), ASSIGNMENTS[self.conventions.assignment], crp_alpha)
        return Joint(self._observation, prior, likelihood_scale)

    def fingerprint(self) -> str:
        """A digest of all weights and of what else decides labels; equal models in two processes have the same."""
        scalars = (self.conventions, self.transition_bias, self.crp_alpha, self.likelihood_scale)
        digest = hashlib.sha256(repr(scalars).encode())
        for name, parameter in sorted(self._observation.state_dict().items()):
            digest.update(name.encode() + parameter.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    # --- files ---

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write the model to a file, in one step: a kill at any moment leaves an older file whole.

        Args:
            filepath: the file; its folder must exist.

        Raises:
            CheckpointError: a weight or scalar is NaN or infinite; nothing is written.
            OSError: the file cannot be written.
        """
        checkpoint.write(filepath, self._checkpoint())

    def _checkpoint(self) -> checkpoint.Checkpoint:
        return checkpoint.Checkpoint(
            arguments=dataclasses.asdict(self.arguments),
            conventions=self.conventions,
            transition_bias=self.transition_bias,
            transition_bias_denominator=self.transition_bias_denominator,
            tensors=self._observation.state_dict(),
            fitted=self.fitted,
            likelihood_scale=self.likelihood_scale,
            crp_alpha=self.crp_alpha,
        )

    def load(self, filepath: str | os.PathLike[str]) -> None:
        """Become the model in a file, of this library or of 0.1.2, whatever its dimensions.

        What concerns this process stays: verbosity, enable_cuda and seed; of a file of 0.1.2, which says nothing of
        them, also dropout and whether transition_bias and sigma2 are fixed. The optimizer's state is not in the file:
        `fit` after `load` starts it anew.

        Args:
            filepath: the file.

        Raises:
            CheckpointError: the file is truncated, foreign or hostile; the model is as before.
            OSError: there is no such file, or it cannot be opened.
        """
        found = checkpoint.read(filepath)
        self.online_predict(reset=True)
        known = {name: value for name, value in found.arguments.items() if name not in _OF_THE_PROCESS}
        arguments = dataclasses.replace(self.arguments, **known)
        observation = self._new_observation(arguments)
        observation.load_state_dict(found.tensors)
        self._observation, self.arguments = observation, arguments
        self._trainer = trainer_for(observation, self._generator)
        self.conventions = found.conventions
        self.transition_bias = found.transition_bias
        self.transition_bias_denominator = found.transition_bias_denominator
        self._crp_alpha = arguments.crp_alpha if found.crp_alpha is None else found.crp_alpha
        self.likelihood_scale = found.likelihood_scale
        self.fitted = found.fitted
        self.logger.info("loaded %s: D=%d, transition_bias=%s", filepath, self.observation_dim, self.transition_bias)

    @classmethod
    def from_file(cls: type[_U], filepath: str | os.PathLike[str], args: object = None) -> _U:
        """A new model from a file, without knowing its dimensions; see `load`.

        Args:
            filepath: the file.
            args: where the process's own arguments come from (verbosity, enable_cuda, seed).

        Raises:
            CheckpointError, OSError: as `load` does.
        """
        model = cls(args)
        model.load(filepath)
        return model


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
