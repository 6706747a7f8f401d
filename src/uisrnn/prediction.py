"""What a model does with observations: whole sequences to labels, streams, one stream in two lines."""

from abc import ABC, abstractmethod
from typing import Any

import torch

from uisrnn.arguments import InferenceArguments
from uisrnn.decoding.decoder import Decoder
from uisrnn.decoding.hypotheses import scores_of
from uisrnn.decoding.stream import Stream
from uisrnn.errors import ArgumentError, InputTypeError
from uisrnn.model.joint import Joint
from uisrnn.progress import bar_for
from uisrnn.sequences import coded as data
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import is_one_observation, is_single


class Predictor(ABC):
    """A model as those see it who only use it."""

    _online: Stream | None = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy has no stream of its own yet."""
        return {name: value for name, value in vars(self).items() if name != "_online"}

    @abstractmethod
    def _joint(self) -> Joint[Any]:
        """The probability of observations and labels.

        Raises:
            NotFittedError: it is not known yet.
        """

    @abstractmethod
    def fingerprint(self) -> str:
        """A text that only models have in common which give the same labels."""

    @property
    @abstractmethod
    def _verbosity(self) -> int: ...

    def decoder(self, args: object = None, clusters: Any = None) -> Decoder[Any]:
        """What `predict` and `stream` work with; for those who drive the search themselves.

        Args:
            args: `InferenceArguments`, any object with those attributes, or None for all defaults.
            clusters: see `predict`.

        Raises:
            ArgumentError, InputError, InputTypeError, NotFittedError: see `predict`.
        """
        inference_args = InferenceArguments.of(args)
        return Decoder.of(self._joint(), inference_args, clusters)

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
            test_sequences: a list of (T, D) arrays or `LabeledSequence`s, or one of them.
            args: `InferenceArguments`, any object with those attributes, or None for all defaults.
            clusters: known clusters: a mapping from their names (strings or integers) to observations (T, D).
            return_scores: whether to return `Scores` too.
            joins: for one array, (T,) booleans: whether each observation is at the time of the observation before it;
                for a list, as many of these, or None in place of any. Observations of one time get different labels.
                None: no observation joins; a `LabeledSequence` with times has its joins from equal times.

        Returns:
            For a list, as many lists of T labels; for one array, one list. Labels are 0, 1, 2, ... in the order of
            their first appearance; those of known clusters are their names. With `return_scores`, a pair of that and
            of `Scores` in the same form.

        Raises:
            ArgumentError: an argument is not acceptable, or contradicts another.
            InputError: sequences have a wrong shape, dimension or length, or values that are not finite; or more
                observations have one time than labels are possible.
            InputTypeError: they are not arrays or lists at all.
            NotFittedError: `transition_bias` or `crp_alpha` is not known yet.
        """
        workers = torch.get_num_threads()
        labels, scores, single = self._predict(test_sequences, args, clusters, return_scores, workers, joins)
        if single:
            return (labels[0], scores[0]) if return_scores else labels[0]
        return (labels, scores) if return_scores else labels

    def predict_single(self, test_sequence: Any, args: object = None, *, clusters: Any = None) -> list[Label]:
        """Label the observations of one sequence; see `predict`.

        Args:
            test_sequence: (T, D).
            args: see `predict`.
            clusters: see `predict`.

        Returns:
            T labels.

        Raises:
            ArgumentError, InputError, InputTypeError, NotFittedError: as `predict` does.
        """
        if not is_single(test_sequence):
            raise InputTypeError("test_sequence must be one (T, D) array; predict() takes a list of sequences")
        labels: list[Label] = self.predict(test_sequence, args, clusters=clusters)
        return labels

    def _predict(
        self, test_sequences: Any, args: object, clusters: Any, with_scores: bool, workers: int, joins: Any = None
    ) -> tuple[list[list[Label]], list[Any], bool]:
        """Labels and scores of all sequences, and whether there was a single one."""
        decoder = self.decoder(args, clusters)
        model = decoder.search.joint.observation
        sequences, single = data.unlabeled(test_sequences, model.observation_dim, joins)
        steps = decoder.args.test_iteration * sum(len(one.observations) for one in sequences)
        progress = bar_for(self._verbosity, steps, "prediction")
        found = decoder.decode(sequences, workers if model.device.type == "cpu" else 1, progress)
        labels = [decoder.names.of(one[0].codes) for one in found]
        return labels, [scores_of(one, decoder.names) for one in found] if with_scores else [], single

    def stream(self, inference_args: object = None, *, clusters: Any = None) -> Stream:
        """A decoder that lives as long as the conversation; see `Stream`.

        With no `commit_lag`, its final labels are those of `predict` with `test_iteration` 1. The model must not be
        trained while it lives.

        Args:
            inference_args: `InferenceArguments`, any object with those attributes, or None for all defaults.
            clusters: known clusters, see `predict`.

        Raises:
            ArgumentError: as `predict` does, and where `num_clusters` is given or `commit_lag` is less than
                `look_ahead` - 1.
            InputError, InputTypeError, NotFittedError: as `predict` does.
        """
        return Stream.of(self, inference_args, clusters)

    def online_predict(self, observations: Any = None, args: object = None, *, reset: bool = False) -> Any:
        """Label observations as they come, in the one stream that a model has of its own; see `stream` for more.

        Training and loading end it.

        Args:
            observations: one (D,) or a block of them (n, D); None, only to reset.
            args: `InferenceArguments`, where the stream starts.
            reset: forget what came before.

        Returns:
            The current best label of the observation, or labels of the block; None without observations.

        Raises:
            ArgumentError: `args` differ from those that the stream started with.
            InputError, InputTypeError, NotFittedError: as `predict` does.
        """
        if reset:
            self._online = None
        if observations is None:
            return None
        stream = self._online
        if stream is None:
            stream = self.stream(args)
        elif args is not None and InferenceArguments.of(args) != stream.args:
            raise ArgumentError("args must be those that the stream started with; begin anew with reset=True")
        update = stream.push(observations)
        self._online = stream
        return update.label if is_one_observation(observations) else update.labels
