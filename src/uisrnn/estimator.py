"""Fit and predict in their plain form, with the best that is known for the data given."""

from collections.abc import Sequence
from typing import Any

from uisrnn.arguments import InferenceArguments, ModelArguments, TrainingArguments
from uisrnn.data import sequences as data
from uisrnn.data.labels import Label
from uisrnn.errors import NotFittedError
from uisrnn.training.history import History
from uisrnn.uisrnn import UISRNN

DISCRIMINATIVE_ITERATION = 300


class UISRNNClusterer:
    """Learns to cluster sequences of observations from labelled ones; the dimension comes from the data.

    The defaults are those that did best on speakers not met in training (`benchmarks/accuracy.py`): the observation
    model `context_plda` with discriminative training, decoded in one pass. With less than 5 sequences only its closed
    form is fitted.

    Args:
        observation_model: see `ModelArguments`.
        discriminative_iteration: see `TrainingArguments`.
        beam_size: see `InferenceArguments`.
        same_names: whether equal labels in two sequences are the same cluster, as where speakers have names.
        seed: of everything random.
        verbosity: see `ModelArguments`.

    Attributes:
        model_: the fitted `UISRNN`, for streams, known clusters, scores and files.
        history_: how training went.

    >>> import numpy as np, uisrnn
    >>> generator = np.random.default_rng(0)
    >>> labels = [list("aaabbbccaab")] * 8
    >>> places = generator.normal(size=(8, 3, 4)) * 3
    >>> x = [one["abc".index(c)] + generator.normal(size=4) * 0.1 for one, l in zip(places, labels) for c in l]
    >>> sequences = np.split(np.array(x), 8)
    >>> clusterer = uisrnn.UISRNNClusterer(discriminative_iteration=0, seed=0, verbosity=0)
    >>> clusterer.fit(sequences[:7], labels[:7]).predict(sequences[7:])
    [[0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 1]]
    """

    model_: UISRNN
    history_: History

    def __init__(
        self,
        observation_model: str = "context_plda",
        discriminative_iteration: int = DISCRIMINATIVE_ITERATION,
        beam_size: int = 10,
        same_names: bool = False,
        seed: int | None = None,
        verbosity: int = 2,
    ) -> None:
        self.observation_model = observation_model
        self.discriminative_iteration = discriminative_iteration
        self.beam_size = beam_size
        self.same_names = same_names
        self.seed = seed
        self.verbosity = verbosity

    def fit(self, sequences: Any, labels: Any) -> "UISRNNClusterer":
        """Train a new model.

        Args:
            sequences: a list of (T, D) arrays, or one such array.
            labels: as many lists of T strings or integers, or one.

        Raises:
            ArgumentError: an argument is not acceptable.
            InputError, InputTypeError: see `UISRNN.fit`.
        """
        InferenceArguments(beam_size=self.beam_size)
        labeled, _single = data.labeled(sequences, labels)
        dim = labeled[0].observations.shape[1]
        model = UISRNN(
            ModelArguments(
                observation_model=self.observation_model,
                observation_dim=dim,
                crp_alpha=None,
                seed=self.seed,
                verbosity=self.verbosity,
            )
        )
        training = TrainingArguments(
            discriminative_iteration=self.discriminative_iteration, enforce_cluster_id_uniqueness=not self.same_names
        )
        self.history_ = model.fit(sequences, labels, training)
        self.model_ = model
        return self

    def predict(self, sequences: Any) -> Any:
        """Label observations in one pass; see `UISRNN.predict`.

        Args:
            sequences: a list of (T, D) arrays, or one such array.

        Returns:
            As many lists of T labels, or one.

        Raises:
            NotFittedError: `fit` was not called.
            InputError, InputTypeError: see `UISRNN.predict`.
        """
        if not hasattr(self, "model_"):
            raise NotFittedError("this UISRNNClusterer is not fitted: call fit(sequences, labels) first")
        args = InferenceArguments(beam_size=self.beam_size, test_iteration=1)
        labels: list[Label] | list[Sequence[Label]] = self.model_.predict(sequences, args)
        return labels
