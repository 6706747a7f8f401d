"""The model as an estimator of scikit-learn, with the recommended arguments as defaults."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from uisrnn import extras
from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments, recommended_arguments
from uisrnn.errors import ArgumentError, InputError, InputTypeError, NotFittedError
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.sequences import coded as data
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.layouts import Labels, Layout, Listed, Stacked, rows_of
from uisrnn.sequences.observations import is_single
from uisrnn.training.history import History
from uisrnn.uisrnn import UISRNN

extras.load("sklearn", "sklearn", "UISRNNClusterer")
from sklearn import exceptions  # noqa: E402 -- after the line that says how to install it
from sklearn.base import BaseEstimator, ClusterMixin  # noqa: E402
from sklearn.utils.validation import validate_data  # noqa: E402

_ITERATIONS = recommended_arguments()[1].discriminative_iteration
_FEWEST_FOR_ITERATIONS = 10
"""Discriminative iterations by default, and the number of sequences from which they make labels better."""


class _NotFittedError(NotFittedError, exceptions.NotFittedError):  # type: ignore[misc]
    """The `NotFittedError` of both libraries."""


class UISRNNClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator that learns from labelled sequences to cluster other sequences; the data give the dimension.

    The defaults are the `recommended_arguments`, the most accurate for unknown speakers: the observation model
    `context_plda` with discriminative training, and a single decoding pass. With fewer than 10 sequences, the estimator
    fits only the closed form of the model.

    X is a list of sequences or a single array. Each sequence of a list is a (T, D) array or a `LabeledSequence`, and y
    has a list of labels for each. A single array (N, D), as other estimators and pipelines take it, holds all
    observations, and y has N labels. `lengths` are the numbers of observations of its consecutive sequences; `groups`
    names the sequence of each observation. Without both, the array is a single sequence.

    Searches and cross-validations split a list by sequences. They split an array by observations; they keep sequences
    whole only with a splitter that uses groups, for example `GroupKFold`, and if they pass groups to `fit` and `score`
    (`sklearn.set_config(enable_metadata_routing=True)`, `set_fit_request(groups=True)` and
    `set_score_request(groups=True)`). Otherwise the observations of a split count as a single sequence.
    `cross_val_predict` passes no groups to `predict`: split the sequences before.

    `fit` and `predict` check the arguments. All except `same_names` are arguments of `ModelArguments`,
    `TrainingArguments` or `InferenceArguments`.

    Args:
        observation_model: name of the observation model.
        plda_dim: number of dimensions of the plda models.
        plda_context: number of preceding observations of `context_plda`.
        rnn_hidden_size: number of units of `gru`.
        train_iteration: number of iterations of `gru`.
        learning_rate: learning rate of `gru`.
        discriminative_iteration: number of discriminative iterations of all models; None: 300, or 0 with fewer than 10
            sequences, because the closed form alone labels better then.
        transition_bias: p0; None: estimated.
        transition_spread: how much p0 differs from sequence to sequence; None: estimated.
        crp_alpha: alpha; None: estimated.
        likelihood_scale: factor of -log p(x); None: learned.
        beam_size: number of label sequences that survive each cut of the beam.
        look_ahead: number of observations that are scored before each cut of the beam.
        same_names: whether equal labels in two sequences are the same cluster, for example names of speakers.
        seed: seed of all random numbers.
        verbosity: verbosity of the model.

    Attributes:
        model_: the fitted `UISRNN`, for streams, known clusters, confidence and files.
        history_: figures of the training.
        n_features_in_: D.
        feature_names_in_: names of the columns, if X was a data frame.

    >>> import numpy as np, uisrnn
    >>> generator = np.random.default_rng(0)
    >>> labels = [list("aaabbbccaab")] * 8
    >>> places = generator.normal(size=(8, 3, 4)) * 3
    >>> x = [place["abc".index(c)] + generator.normal(size=4) * 0.1 for place, l in zip(places, labels) for c in l]
    >>> sequences = np.split(np.array(x), 8)
    >>> clusterer = uisrnn.UISRNNClusterer(discriminative_iteration=0, seed=0, verbosity=0)
    >>> clusterer.fit(sequences[:7], labels[:7]).predict(sequences[7:])
    [[0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 1]]
    >>> clusterer.score(sequences[7:], labels[7:])
    1.0
    >>> clusterer.predict(sequences[7], lengths=[6, 5])
    array([0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 2])
    """

    model_: UISRNN
    history_: History
    n_features_in_: int

    def __init__(
        self,
        *,
        observation_model: str = "context_plda",
        plda_dim: int = 128,
        plda_context: int = 3,
        rnn_hidden_size: int = 512,
        train_iteration: int = 20000,
        learning_rate: float = 1e-3,
        discriminative_iteration: int | None = None,
        transition_bias: float | None = None,
        transition_spread: float | None = None,
        crp_alpha: float | None = None,
        likelihood_scale: float | None = None,
        beam_size: int = 10,
        look_ahead: int = 1,
        same_names: bool = False,
        seed: int | None = None,
        verbosity: int = 2,
    ) -> None:
        self.observation_model = observation_model
        self.plda_dim = plda_dim
        self.plda_context = plda_context
        self.rnn_hidden_size = rnn_hidden_size
        self.train_iteration = train_iteration
        self.learning_rate = learning_rate
        self.discriminative_iteration = discriminative_iteration
        self.transition_bias = transition_bias
        self.transition_spread = transition_spread
        self.crp_alpha = crp_alpha
        self.likelihood_scale = likelihood_scale
        self.beam_size = beam_size
        self.look_ahead = look_ahead
        self.same_names = same_names
        self.seed = seed
        self.verbosity = verbosity

    def fit(self, X: Any, y: Any = None, lengths: Any = None, groups: Any = None) -> "UISRNNClusterer":  # noqa: N803
        """Train a new model.

        Args:
            X: sequences, or an array of observations; see above.
            y: labels, strings or integers; None: the labels of the `LabeledSequence`s.
            lengths: for an array, the numbers of observations of its sequences; their sum is N.
            groups: for an array, instead of lengths, N strings or integers; observations with equal groups are a
                sequence, in their order in X.

        Returns:
            The estimator itself.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError, InputTypeError: X, y, lengths or groups have a wrong shape, length or type, or a value is not
                finite.
            TrainingError: see `UISRNN.fit`.
        """
        self._decoding()
        model_args = ModelArguments.of(self)
        training_args = self._training()
        layout = self._layout(X, lengths, groups, reset=True)
        if self.discriminative_iteration is None and len(layout.sequences) < _FEWEST_FOR_ITERATIONS:
            training_args = replace(training_args, discriminative_iteration=0)
        labels = layout.labels(_labels(X, y))
        model = UISRNN(replace(model_args, observation_dim=layout.sequences[0].observations.shape[1]))
        self.history_ = model.fit(layout.sequences, labels, training_args)
        self.model_ = model
        return self

    def predict(self, X: Any, lengths: Any = None, groups: Any = None) -> Any:  # noqa: N803
        """Label observations in a single pass; see `UISRNN.predict`.

        Args:
            X: sequences, or an array of observations, as in `fit`.
            lengths: see `fit`.
            groups: see `fit`.

        Returns:
            For a list of sequences, a list of T labels for each; for an array, an array of N labels. Labels are 0, 1,
            2, ... by first appearance in each sequence: equal labels in two sequences need not be the same cluster.

        Raises:
            NotFittedError: the estimator is not fitted.
            ArgumentError, InputError, InputTypeError: as `fit` does.
        """
        self._require_fitted()
        layout = self._layout(X, lengths, groups, reset=False)
        return layout.join(self.model_.predict(layout.sequences, self._decoding()))

    def fit_predict(self, X: Any, y: Any = None, lengths: Any = None, groups: Any = None) -> Any:  # noqa: N803
        """Train a new model, and label its training observations; see `fit` and `predict`."""
        return self.fit(X, y, lengths, groups).predict(X, lengths, groups)

    def score(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        lengths: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Mean over sequences of the share of right labels after the best renaming; each sequence has the same weight.

        Args:
            X: sequences, or an array of observations, as in `fit`.
            y: the true labels, as in `fit`.
            lengths: see `fit`.
            groups: see `fit`.
            sample_weight: weight of each sequence in the mean; for an array, the weight of each observation, and the
                weight of a sequence is the mean of the weights of its observations.

        Returns:
            A number from 0 to 1, the mean of `compute_sequence_match_accuracy`.

        Raises:
            NotFittedError, ArgumentError, InputError, InputTypeError: as `predict` does.
        """
        self._require_fitted()
        layout = self._layout(X, lengths, groups, reset=False)
        truth, _single = data.labeled(layout.sequences, layout.labels(_labels(X, y)), self.n_features_in_)
        weights = None if sample_weight is None else layout.weights(sample_weight)
        predicted = self.model_.predict(layout.sequences, self._decoding())
        pairs = zip(truth, predicted, strict=True)
        accuracies = [compute_sequence_match_accuracy(sequence.labels, labels) for sequence, labels in pairs]
        return float(np.average(accuracies, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _training(self) -> TrainingArguments:
        if not isinstance(self.same_names, (bool, np.bool_)):
            raise ArgumentError(f"same_names must be True or False, but is {self.same_names!r}")
        given = copy(self)
        if given.discriminative_iteration is None:
            given.discriminative_iteration = _ITERATIONS
        return replace(TrainingArguments.of(given), enforce_cluster_id_uniqueness=not self.same_names)

    def _decoding(self) -> InferenceArguments:
        return replace(InferenceArguments.of(self), test_iteration=1)

    def _require_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise _NotFittedError("this UISRNNClusterer is not fitted: call fit(X, y) first")

    def _layout(self, X: Any, lengths: Any, groups: Any, *, reset: bool) -> Layout:  # noqa: N803
        """The layout of X, whose sequences are checked; with `reset`, the estimator takes their dimension."""
        if is_single(X):
            return self._stacked(X, lengths, groups, reset)
        if lengths is not None or groups is not None:
            raise ArgumentError("lengths and groups cut a (N, D) array into sequences, but X is a list of sequences")
        layout = Listed.of(X)
        if reset:
            validate_data(self, layout.sequences[0].observations, skip_check_array=True)
        return layout

    def _stacked(self, X: Any, lengths: Any, groups: Any, reset: bool) -> Stacked:  # noqa: N803
        values, times = (X.observations, X.times) if isinstance(X, LabeledSequence) else (X, None)
        if np.ma.is_masked(values):
            raise InputError("X is partly masked; fill it or leave observations out")
        with _errors_of_scikit_learn_as_ours():
            values = validate_data(self, values, reset=reset, ensure_all_finite=False)
        return Stacked.of(values, rows_of(len(values), lengths, groups), times)


@contextmanager
def _errors_of_scikit_learn_as_ours() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InputError(str(error)) from error
    except (TypeError, RuntimeError) as error:  # tensors that cannot become arrays raise RuntimeError
        raise InputTypeError(str(error)) from error


def _labels(X: Any, y: Any) -> Labels:  # noqa: N803
    """y, or the labels of the sequences in X."""
    if y is not None:
        return y
    if isinstance(X, LabeledSequence):
        return X.labels
    if isinstance(X, (list, tuple)) and all(isinstance(sequence, LabeledSequence) for sequence in X):
        return [sequence.labels for sequence in X]
    raise InputError("UISRNNClusterer requires y to be passed, but the target y is None")
