"""The model as an estimator of scikit-learn, with the best that is known for the data given."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from uisrnn import extras
from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments
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


class _NotFittedError(NotFittedError, exceptions.NotFittedError):  # type: ignore[misc]
    """What both libraries call by this name."""


class UISRNNClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Learns to cluster sequences of observations from labelled ones; the dimension comes from the data.

    The defaults are those of `recommended_arguments`, which did best on speakers not met in training: the observation
    model `context_plda` with discriminative training, decoded in one pass. With less than 5 sequences only its closed
    form is fitted.

    X is either a list of sequences, each a (T, D) array or a `LabeledSequence`, with as many label lists for y; or
    one array (N, D) of all observations with N labels, as other estimators and pipelines take it, where `lengths` or
    `groups` say which observations are a sequence, and without them all are one. Lengths are those of sequences
    behind one another; groups tell for each observation the sequence that it is of.

    Searches and cross-validations split a list by sequences, and need nothing more. They split one array by
    observations, and keep the sequences whole only if groups are handed on to `fit` and `score`, which they are with
    `sklearn.set_config(enable_metadata_routing=True)`, `set_fit_request(groups=True)`, `set_score_request(groups=True)`
    and a splitter that knows groups, `GroupKFold` for example; otherwise all that is left counts as one sequence.
    (`cross_val_predict` hands nothing to `predict`: split the sequences yourself.)

    Args:
        observation_model: this and all others but `same_names` are those of `ModelArguments`, `TrainingArguments` and
            `InferenceArguments`; they are checked by `fit` and `predict`.
        plda_dim: of the plda models.
        plda_context: of `context_plda`.
        rnn_hidden_size: of `gru`.
        train_iteration: of `gru`.
        learning_rate: of `gru`.
        discriminative_iteration: of all.
        transition_bias: None: estimated.
        crp_alpha: None: estimated.
        likelihood_scale: None: learned.
        beam_size: of decoding.
        look_ahead: of decoding.
        same_names: whether equal labels in two sequences are the same cluster, as where speakers have names.
        seed: of everything random.
        verbosity: as that of the model.

    Attributes:
        model_: the fitted `UISRNN`, for streams, known clusters, confidence and files.
        history_: how training went.
        n_features_in_: D.
        feature_names_in_: names of the columns where X was one data frame.

    >>> import numpy as np, uisrnn
    >>> generator = np.random.default_rng(0)
    >>> labels = [list("aaabbbccaab")] * 8
    >>> places = generator.normal(size=(8, 3, 4)) * 3
    >>> x = [one["abc".index(c)] + generator.normal(size=4) * 0.1 for one, l in zip(places, labels) for c in l]
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
        discriminative_iteration: int = 300,
        transition_bias: float | None = None,
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
            X: sequences, or one array of observations; see above.
            y: labels, strings or integers; None: those that `LabeledSequence`s have.
            lengths: for one array, the numbers of observations of its sequences; their sum is N.
            groups: for one array, instead of lengths, N strings or integers: equal ones are a sequence, in the order
                in which they stand.

        Returns:
            The estimator itself.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError, InputTypeError: X, y, lengths or groups have a wrong shape, length or type, or there are values
                that are not finite.
            TrainingError: see `UISRNN.fit`.
        """
        self._decoding()
        model_args, training_args = ModelArguments.of(self), self._training()
        layout = self._layout(X, lengths, groups, reset=True)
        labels = layout.labels(_labels(X, y))
        model = UISRNN(replace(model_args, observation_dim=layout.sequences[0].observations.shape[1]))
        self.history_ = model.fit(layout.sequences, labels, training_args)
        self.model_ = model
        return self

    def predict(self, X: Any, lengths: Any = None, groups: Any = None) -> Any:  # noqa: N803
        """Label observations in one pass; see `UISRNN.predict`.

        Args:
            X: sequences, or one array of observations, as in `fit`.
            lengths: see `fit`.
            groups: see `fit`.

        Returns:
            For a list of sequences, as many lists of T labels; for one array an array of N. Labels are 0, 1, 2, ... by
            first appearance, anew in each sequence: equal labels in two sequences do not mean the same cluster.

        Raises:
            NotFittedError: `fit` was not called.
            ArgumentError, InputError, InputTypeError: as `fit` does.
        """
        self._require_fitted()
        layout = self._layout(X, lengths, groups, reset=False)
        return layout.join(self.model_.predict(layout.sequences, self._decoding()))

    def fit_predict(self, X: Any, y: Any = None, lengths: Any = None, groups: Any = None) -> Any:  # noqa: N803
        """Train a new model, and label the very observations that it was trained on; see `fit` and `predict`."""
        return self.fit(X, y, lengths, groups).predict(X, lengths, groups)

    def score(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        lengths: Any = None,
        groups: Any = None,
        sample_weight: Any = None,
    ) -> float:
        """Mean over sequences of the share of right labels after the best renaming, long and short ones alike.

        Args:
            X: sequences, or one array of observations, as in `fit`.
            y: the true labels, as in `fit`.
            lengths: see `fit`.
            groups: see `fit`.
            sample_weight: how much each sequence counts in the mean; for one array how much each observation does, and
                a sequence counts as the mean of its own.

        Returns:
            A number from 0 to 1, the mean of `compute_sequence_match_accuracy`.

        Raises:
            NotFittedError, ArgumentError, InputError, InputTypeError: as `predict` does.
        """
        self._require_fitted()
        layout = self._layout(X, lengths, groups, reset=False)
        truth, _single = data.labeled(layout.sequences, layout.labels(_labels(X, y)), self.n_features_in_)
        weights = None if sample_weight is None else layout.weights(sample_weight)
        found = self.model_.predict(layout.sequences, self._decoding())
        pairs = zip(truth, found, strict=True)
        accuracies = [compute_sequence_match_accuracy(one.labels, labels) for one, labels in pairs]
        return float(np.average(accuracies, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def _training(self) -> TrainingArguments:
        if not isinstance(self.same_names, (bool, np.bool_)):
            raise ArgumentError(f"same_names must be True or False, but is {self.same_names!r}")
        return replace(TrainingArguments.of(self), enforce_cluster_id_uniqueness=not self.same_names)

    def _decoding(self) -> InferenceArguments:
        return replace(InferenceArguments.of(self), test_iteration=1)

    def _require_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise _NotFittedError("this UISRNNClusterer is not fitted: call fit(X, y) first")

    def _layout(self, X: Any, lengths: Any, groups: Any, *, reset: bool) -> Layout:  # noqa: N803
        """X with all its sequences checked; with `reset`, their dimension is that of the estimator from now on."""
        if is_single(X):
            return self._stacked(X, lengths, groups, reset)
        if lengths is not None or groups is not None:
            raise ArgumentError("lengths and groups cut one (N, D) array into sequences, but X is a list of sequences")
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
    except (TypeError, RuntimeError) as error:  # a RuntimeError is what tensors raise that will not become arrays
        raise InputTypeError(str(error)) from error


def _labels(X: Any, y: Any) -> Labels:  # noqa: N803
    """The labels that are given, or those of sequences that have some."""
    if y is not None:
        return y
    if isinstance(X, LabeledSequence):
        return X.labels
    if isinstance(X, (list, tuple)) and all(isinstance(one, LabeledSequence) for one in X):
        return [one.labels for one in X]
    raise InputError("UISRNNClusterer requires y to be passed, but the target y is None")
