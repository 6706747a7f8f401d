"""Sequences for model, training and decoding: checked once, with numbers for labels."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from uisrnn.compiled import Flags
from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.joins import checked_joins, joins_of_times, require_distinct
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.observations import Observations, is_single, observations


@dataclass(frozen=True)
class CodedSequence:
    """Observations with the numbers of their labels, as model, training and decoding see a sequence.

    Attributes:
        observations: (T, D) float32, finite.
        labels: (T,) codes, or None if unknown; equal codes mean equal labels, also in other sequences of the reading.
        joins: (T,) whether each observation is at the time of the observation before it; None: no observation is.
        name: of the sequence in error messages.
    """

    observations: Observations
    labels: labelling.Codes | None = None
    name: str = "sequence"
    joins: Flags | None = None

    @property
    def joining(self) -> Flags:
        """`joins`, also if no observation joins."""
        return np.zeros(len(self.observations), dtype=np.bool_) if self.joins is None else self.joins


def unlabeled(values: Any, dim: int | None = None, joins: Any = None) -> tuple[list[CodedSequence], bool]:
    """Check the sequences that `predict` gets.

    Args:
        values: a sequence of observations (an array or a `LabeledSequence`), or a list, tuple or array of sequences.
        dim: the required D, None for any.
        joins: for an array, (T,) booleans: whether each observation is at the time of the observation before it. For a
            list, an array or None for each sequence. A `LabeledSequence` with times has its joins from its times.

    Returns:
        The sequences, and whether `values` is a single sequence.

    Raises:
        InputError, InputTypeError: see `observations` and `checked_joins`; the message names the sequence.
    """
    if is_single(values):
        return [_unlabeled(values, dim, "sequence", joins)], True
    sequences = _required(values)
    if joins is None:
        joins = [None] * len(sequences)
    if not isinstance(joins, (list, tuple)) or len(joins) != len(sequences):
        raise InputError(f"joins must be a list with an array or None for each of {len(sequences)} sequences")
    return [
        _unlabeled(sequence, dim, f"sequence {number}", joining)
        for number, (sequence, joining) in enumerate(zip(sequences, joins, strict=True))
    ], False


def _unlabeled(values: Any, dim: int | None, where: str, joins: Any = None) -> CodedSequence:
    if not isinstance(values, LabeledSequence):
        checked = observations(values, dim, where)
        return CodedSequence(checked, name=where, joins=checked_joins(joins, len(checked), where))
    if dim not in (None, values.observations.shape[1]):
        raise InputError(f"{values.name}: observations must be (T, {dim}), but are {values.observations.shape}")
    if values.times is not None and joins is not None:
        raise InputError(f"{values.name}: joins must be None, because the sequence has times")
    joining = checked_joins(joins, len(values), values.name) if values.times is None else joins_of_times(values.times)
    return CodedSequence(values.observations, name=values.name, joins=joining)


def labeled(values: Any, cluster_ids: Any = None, dim: int | None = None) -> tuple[list[CodedSequence], bool]:
    """Check the sequences and labels that `fit` gets.

    Args:
        values: a list of sequences of observations (arrays or `LabeledSequence`s), or a single (concatenated) sequence.
        cluster_ids: a list of labels for each sequence, or the labels of the single sequence; None: the labels of
            `LabeledSequence`s.
        dim: the required D, None for any.

    Returns:
        The sequences with their labels, and whether `values` is a single sequence.

    Raises:
        InputError: as in `observations`; also if a sequence has not as many labels as observations, or two
            observations of the same time have the same label.
        InputTypeError: an argument is neither a list nor an array.
    """
    if is_single(values):
        return [_labeled(values, cluster_ids, dim, "sequence", {})], True
    sequences = _required(values)
    if cluster_ids is None and all(isinstance(sequence, LabeledSequence) for sequence in sequences):
        cluster_ids = [sequence.labels for sequence in sequences]
    if not isinstance(cluster_ids, (list, tuple)) and getattr(cluster_ids, "ndim", 0) == 0:
        raise InputTypeError(f"cluster_ids must be a list of label lists, but are {type(cluster_ids).__name__}")
    if len(cluster_ids) != len(sequences):
        raise InputError(
            f"cluster_ids must have a list of labels for each of {len(sequences)} sequences, but are {len(cluster_ids)}"
        )
    pairs = zip(sequences, cluster_ids, strict=True)
    known: dict[Any, int] = {}
    return [
        _labeled(sequence, ids, dim, f"sequence {number}", known) for number, (sequence, ids) in enumerate(pairs)
    ], False


def _required(values: Any) -> list[Any]:
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise InputTypeError(
            f"sequences must be a list of (T, D) arrays or a (T, D) array, but are {type(values).__name__}"
        )
    if len(values) == 0:
        raise InputError("sequences: at least one sequence is needed, but the list is empty")
    return list(values)


def _labeled(values: Any, cluster_ids: Any, dim: int | None, where: str, known: dict[Any, int]) -> CodedSequence:
    sequence = _unlabeled(values, dim, where)
    name = sequence.name
    times = None
    if isinstance(values, LabeledSequence):
        times = values.times
        cluster_ids = values.labels if cluster_ids is None else cluster_ids
        if cluster_ids is None:
            raise InputError(f"{name}: labels are needed, but it has none")
    codes = labelling.encode(cluster_ids, name, known)
    length = len(sequence.observations)
    if len(codes) != length:
        raise InputError(f"{name}: {length} observations need as many labels, but there are {len(codes)}")
    require_distinct(cluster_ids, codes, sequence.joins, times, name)
    return replace(sequence, labels=codes)


def coded(sequence: LabeledSequence, known: dict[Any, int]) -> CodedSequence:
    """A sequence with numbers for its labels.

    Args:
        sequence: with labels.
        known: the numbers of labels of earlier sequences; new labels are added.

    Raises:
        InputError: the sequence has no labels, or two observations of the same time have the same label.
    """
    return _labeled(sequence, None, None, sequence.name, known)
