"""The class UISRNN: a model value with the calls of users."""

import dataclasses
import os
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from uisrnn import checkpoint, prediction
from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments
from uisrnn.attributes import ModelField, RequiredModelField
from uisrnn.checkpoint import Checkpoint
from uisrnn.construction import checkpoint_of, model_of, new_model
from uisrnn.corpus.corpus import Corpus
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.stream import Stream
from uisrnn.errors import ArgumentError, InputTypeError
from uisrnn.log import ModelLogger
from uisrnn.model.conventions import Conventions
from uisrnn.model.placement import is_faster_on_cpu, on_faster_device
from uisrnn.prediction import parallel_predict as parallel_predict
from uisrnn.randomness import generator_from
from uisrnn.sequences import coded as data
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import is_one_observation, is_single
from uisrnn.training.checkpoints import Checkpoints, require_checkpoints
from uisrnn.training.fit import Context, fit, fit_observation_model
from uisrnn.training.history import History
from uisrnn.training.loop import Deadline
from uisrnn.training.reading import read_sequences
from uisrnn.training.team import SINGLE_PROCESS, Team, require_team
from uisrnn.training.watcher import SILENT_WATCHER, Watcher, require_watcher

_U = TypeVar("_U", bound="UISRNN")


class UISRNN:
    """Unbounded interleaved-state recurrent neural network, arXiv:1810.04719.

    Several threads may predict with the same model. A single thread at a time may train it or load into it.

    Args:
        args: `ModelArguments`, any object with the same attributes, or None for all defaults.

    Attributes:
        logger: a standard logger; its level follows `verbosity`.

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

    arguments = ModelField[ModelArguments]()
    """Arguments that the model was made with, or the arguments in its file."""

    transition_bias = ModelField[float | None]()
    """p0, the probability that the label changes; None before it is estimated. It may be set."""

    transition_bias_denominator = ModelField[float]()
    """Weight of `transition_bias` in the mean with the estimate of the next `fit`. It may be set."""

    transition_spread = RequiredModelField[float | None]()
    """How much p0 differs from sequence to sequence, 0 in the paper; None before it is estimated. It may be set."""

    crp_alpha = RequiredModelField[float | None]()
    """Alpha, the weight of a new cluster; None before it is estimated. It may be set."""

    likelihood_scale = RequiredModelField[float]()
    """Factor of -log p(x) if the inference arguments give none; 1 in the paper. It may be set."""

    conventions = ModelField[Conventions]()
    """Choices where the paper and 0.1.2 differ: `PAPER`, or `V0` for a model from a file of 0.1.2. It may be set."""

    fitted = ModelField[bool]()
    """Whether the model was trained, in this process or before it was saved. It may be set."""

    front_end = ModelField[str | None]()
    """Name of the front end that made the training observations; None: unknown. It may be set."""

    _online: Stream | None = None

    def __init__(self, args: object = None) -> None:
        arguments = dataclasses.replace(ModelArguments.of(args))  # a copy: the caller may change the original
        self.logger = ModelLogger(arguments.verbosity)
        self._generator = generator_from(arguments.seed)
        self._model = new_model(arguments, self._generator)
        self._trainer = self._model.registration.trainer(self._model.observation)
        self._told_device = False

    def __getstate__(self) -> dict[str, Any]:
        """A copy has no online stream."""
        return {name: value for name, value in vars(self).items() if name != "_online"}

    # --- properties ---

    @property
    def device(self) -> torch.device:
        """The device of the weights; with `ModelArguments.device` "auto", labels may come from a copy on the CPU."""
        return self._model.observation.device

    @property
    def observation_dim(self) -> int:
        """D, the dimension of an observation."""
        return self.arguments.observation_dim

    @property
    def observation_mean(self) -> NDArray[np.float32] | None:
        """(D,) the mean of the training observations in plda and context_plda; None in other models."""
        center = getattr(self._model.observation, "center", None)
        return None if center is None else center.detach().cpu().numpy()

    @property
    def rnn_model(self) -> nn.Module:
        """The network of the GRU, shared by all clusters."""
        network: nn.Module = self._part("rnn_model", "network")
        return network

    @property
    def rnn_init_hidden(self) -> nn.Parameter:
        """The learned hidden state of a new cluster of the GRU: (depth, 1, hidden)."""
        hidden: nn.Parameter = self._part("rnn_init_hidden", "init_hidden")
        return hidden

    @property
    def sigma2(self) -> nn.Parameter:
        """The variance of an observation about the prediction of the GRU: (D,)."""
        sigma2: nn.Parameter = self._part("sigma2", "sigma2")
        return sigma2

    def _part(self, name: str, attribute: str) -> Any:
        if not hasattr(self._model.observation, attribute):
            raise AttributeError(f"observation model {self.arguments.observation_model!r} has no {name}")
        return getattr(self._model.observation, attribute)

    @property
    def estimate_transition_bias(self) -> bool:
        """Whether `fit` estimates p0; False if the arguments give it."""
        return self._model.estimates_transition_bias

    @property
    def estimate_crp_alpha(self) -> bool:
        """Whether `fit` estimates alpha; False if the arguments give it."""
        return self._model.estimates_crp_alpha

    @property
    def estimate_sigma2(self) -> bool:
        """Whether `fit` learns sigma2; False if the arguments give it."""
        return self.arguments.sigma2 is None

    def fingerprint(self) -> str:
        """A digest that is equal for two models if and only if they give the same labels."""
        return self._model.fingerprint()

    def draw_seed(self) -> int:
        """A seed for work elsewhere; the seeds of all calls differ and follow from the seed of the model."""
        return int(self._generator.integers(2**62))

    # --- training ---

    def fit(
        self,
        train_sequences: Any,
        train_cluster_ids: Any = None,
        args: object = None,
        *,
        watcher: Watcher = SILENT_WATCHER,
        checkpoints: Checkpoints | None = None,
        team: Team = SINGLE_PROCESS,
    ) -> History:
        """Train on labelled sequences; a further call continues from the current model.

        First the observation model is fitted to the sequences: the GRU by gradient steps, the other models in closed
        form. Then, if `discriminative_iteration` is not 0 and there are at least 5 sequences, all parameters are
        trained on the labels that the decoder finds; some sequences are kept apart to choose the best iteration.

        A step without a finite loss is skipped; after ten of them in a row training fails.

        Args:
            train_sequences: a list of (T, D) arrays or `LabeledSequence`s; or a single (N, D) array of concatenated
                sequences, in which each boundary between two sequences counts as a label change in the estimate of
                `transition_bias`; or data that need not fit into memory: a `Dataset`, the path of a file or a folder,
                or an iterable of `LabeledSequence`s. The form does not change the model.
            train_cluster_ids: T strings or integers for each sequence, or N for a single array; None: the labels of the
                `LabeledSequence`s.
            args: `TrainingArguments`, any object with the same attributes, or None for all defaults.
            watcher: receives the figures of training at each iteration, for example a `TensorBoard`.
            checkpoints: settings of a folder from which a later call can resume after a kill.
            team: processes that train this model together, for example a `ProcessGroup` under `torchrun`. Each process
                calls `fit` with the same arguments and the same `Dataset`, and reads its share.

        Returns:
            Each loss term at each iteration.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError: sequences or labels have a wrong shape, dimension or length, or values are not finite.
            InputTypeError: sequences or labels are not arrays or lists.
            TrainingError: losses or a weight are not finite, or covariances cannot be computed. If training fails or
                is interrupted, a GRU keeps its current weights, and any other model is restored; scalars and `fitted`
                are unchanged.
            CheckpointError: the last checkpoint is damaged, or belongs to another training.
            OSError: a file of the dataset cannot be read, or a disk is full; the last checkpoint stays whole.
        """
        training_args = TrainingArguments.of(args)
        require_watcher(watcher)
        require_checkpoints(checkpoints)
        require_team(team)
        deadline = Deadline(training_args.max_time)
        with read_sequences(train_sequences, train_cluster_ids, self._model, team, self.logger) as read:
            self.online_predict(reset=True)
            context = Context(self.draw_seed(), self.logger, deadline, team, checkpoints, watcher)
            learned, history = fit(self._model, self._trainer, read.corpus, training_args, context)
        self._model = dataclasses.replace(learned, front_end=read.front_end(self.logger))
        return history

    def fit_concatenated(self, train_sequence: Any, train_cluster_id: Any, args: object = None) -> History:
        """Train the observation model only, without discriminative training, on a single (N, D) array; see `fit`.

        Args:
            train_sequence: (N, D).
            train_cluster_id: N labels; equal labels mean the same cluster.
            args: see `fit`.

        Returns:
            Each loss term at each iteration.

        Raises:
            InputError, InputTypeError, ArgumentError, TrainingError: see `fit`.
        """
        if not is_single(train_sequence):
            raise InputTypeError("train_sequence must be one (N, D) array; fit() takes a list of sequences")
        labeled, _single = data.labeled(train_sequence, train_cluster_id, self.observation_dim)
        training_args = TrainingArguments.of(args)
        self.online_predict(reset=True)
        context = Context(self.draw_seed(), self.logger, Deadline(training_args.max_time))
        corpus = Corpus.of(labeled)
        self._model, history = fit_observation_model(self._model, self._trainer, corpus, training_args, context)
        return history

    # --- prediction ---

    def decoder(self, args: object = None, clusters: Any = None) -> Decoder[Any]:
        """The decoder of `predict` and `stream`, to run the search step by step.

        Args:
            args: `InferenceArguments`, any object with the same attributes, or None for all defaults.
            clusters: see `predict`.

        Raises:
            ArgumentError, InputError, InputTypeError, NotFittedError: see `predict`.
        """
        inference_args = InferenceArguments.of(args)
        joint = self._model.joint()
        if not self.fitted:
            self.logger.warning("this model was never trained: its labels mean nothing")
        if self.arguments.device == "auto" and is_faster_on_cpu(self._model.observation):
            self._tell_device()
            joint = on_faster_device(joint)
        return Decoder.of(joint, inference_args, clusters)

    def _tell_device(self) -> None:
        """Say once that decoding does not use the GPU."""
        if not self._told_device:
            self.logger.info(
                "the model is on %s; a copy on the CPU labels, because it is faster (device='cuda' labels on the GPU)",
                self.device,
            )
        self._told_device = True

    def predict(
        self,
        test_sequences: Any,
        args: object = None,
        *,
        clusters: Any = None,
        return_scores: bool = False,
        joins: Any = None,
    ) -> Any:
        """Label observations.

        Args:
            test_sequences: a list of (T, D) arrays or `LabeledSequence`s, or a single array or sequence.
            args: `InferenceArguments`, any object with the same attributes, or None for all defaults.
            clusters: known clusters: a mapping from their names (strings or integers) to observations (T, D).
            return_scores: whether to return `Scores` too.
            joins: (T,) booleans for a single array, or such booleans or None for each sequence of a list: whether each
                observation has the same time as the observation before it. Observations of the same time get different
                labels. None: all times differ. The joins of a `LabeledSequence` with times follow from its times.

        Returns:
            T labels for each sequence of a list, or for a single array. Labels are 0, 1, 2, ... in the order of
            their first appearance; known clusters have their names. With `return_scores`, a pair of the labels and of
            `Scores` in the same form.

        Raises:
            ArgumentError: an argument is not acceptable, or contradicts another argument.
            InputError: sequences have a wrong shape, dimension or length, values are not finite, or more observations
                have the same time than labels are possible.
            InputTypeError: sequences are not arrays or lists.
            NotFittedError: `transition_bias` or `crp_alpha` is not known yet.
        """
        return prediction.predict(self, test_sequences, args, clusters, joins).in_form_of_input(return_scores)

    def predict_single(self, test_sequence: Any, args: object = None, *, clusters: Any = None) -> list[Label]:
        """Label the observations of a single sequence; see `predict`.

        Args:
            test_sequence: (T, D).
            args: see `predict`.
            clusters: see `predict`.

        Returns:
            T labels.

        Raises:
            ArgumentError, InputError, InputTypeError, NotFittedError: see `predict`.
        """
        if not is_single(test_sequence):
            raise InputTypeError("test_sequence must be one (T, D) array; predict() takes a list of sequences")
        return prediction.predict(self, test_sequence, args, clusters).labels[0]

    def stream(self, inference_args: object = None, *, clusters: Any = None) -> Stream:
        """A decoder for observations that arrive over time; see `Stream`.

        Without `commit_lag`, its final labels are the labels of `predict` with `test_iteration` 1. The model must not
        be trained during the life of the stream.

        Args:
            inference_args: `InferenceArguments`, any object with the same attributes, or None for all defaults.
            clusters: known clusters, see `predict`.

        Raises:
            ArgumentError: see `predict`; or `num_clusters` is given, or `commit_lag` is less than `look_ahead` - 1.
            InputError, InputTypeError, NotFittedError: see `predict`.
        """
        return Stream.of(self, inference_args, clusters)

    def online_predict(self, observations: Any = None, args: object = None, *, reset: bool = False) -> Any:
        """Label observations as they arrive, in the model's own stream; `stream` makes further streams.

        Training and loading end the stream.

        Args:
            observations: an observation (D,) or a block (n, D); None, only to reset.
            args: `InferenceArguments` of the stream, at its first call.
            reset: forget the earlier observations.

        Returns:
            The current best label of the observation, or labels of the block; None without observations.

        Raises:
            ArgumentError: `args` differ from the arguments at the first call.
            InputError, InputTypeError, NotFittedError: see `predict`.
        """
        if reset:
            self._online = None
        if observations is None:
            return None
        stream = self._online
        if stream is None:
            stream = self.stream(args)
        elif args is not None and InferenceArguments.of(args) != stream.args:
            raise ArgumentError("args must be the arguments at the start of the stream; begin anew with reset=True")
        update = stream.push(observations)
        self._online = stream
        return update.label if is_one_observation(observations) else update.labels

    # --- files ---

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write the model to a file in a single step; after a kill at any moment the older file is whole.

        Args:
            filepath: the file; its folder must exist.

        Raises:
            CheckpointError: a weight or scalar is NaN or infinite; nothing is written.
            OSError: the file cannot be written.
        """
        checkpoint.write(filepath, checkpoint_of(self._model))

    def to_bytes(self) -> bytes:
        """The content of the file that `save` writes, for a process or a machine without access to the file.

        Raises:
            CheckpointError: see `save`.
        """
        return checkpoint.pack(checkpoint_of(self._model))

    def load(self, filepath: str | os.PathLike[str]) -> None:
        """Become the model in a file of this library or of 0.1.2, whatever its dimensions.

        verbosity, enable_cuda, device, threads and seed stay. If the file is of 0.1.2, dropout and the choice of
        fixed transition_bias and sigma2 stay too. The file does not hold the state of the optimizer.

        Args:
            filepath: the file.

        Raises:
            CheckpointError: the file is truncated, foreign or hostile; the model is unchanged.
            OSError: the file does not exist or cannot be opened.
        """
        self._become(checkpoint.read(filepath))
        self.logger.info("loaded %s: D=%d, transition_bias=%s", filepath, self.observation_dim, self.transition_bias)

    def load_bytes(self, content: bytes) -> None:
        """Become the model in the content of a file; see `load`.

        Args:
            content: result of `to_bytes`.

        Raises:
            CheckpointError: see `load`.
        """
        self._become(checkpoint.unpack(content))

    def _become(self, content: Checkpoint) -> None:
        model = model_of(content, self.arguments, self._generator)
        self.online_predict(reset=True)
        self._model = model
        self._trainer = model.registration.trainer(model.observation)

    @classmethod
    def from_file(cls: type[_U], filepath: str | os.PathLike[str], args: object = None) -> _U:
        """A new model from a file, whatever its dimensions; see `load`.

        Args:
            filepath: the file.
            args: source of verbosity, enable_cuda, device, threads and seed.

        Raises:
            CheckpointError, OSError: see `load`.
        """
        model = cls(args)
        model.load(filepath)
        return model
