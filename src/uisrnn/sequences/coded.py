"""Sequences checked once at the door; nothing downstream knows where they came from."""

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
    """Observations with the numbers of their labels: what model, training and decoding see of a sequence.

    Attributes:
        observations: (T, D) float32, finite.
        labels: (T,) codes, or None where unknown; equal codes mean equal labels, in sequences read together as in one.
        joins: (T,) whether each observation is at the time of the observation before it; None: no observation is.
        name: how error messages call it.
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
    """Check what `predict` is given.

    Args:
        values: one sequence of observations (an array or a `LabeledSequence`), or a list or tuple of them.
        dim: the D that is needed, None for any.
        joins: for one array, (T,) booleans: whether each observation is at the time of the observation before it. For
            a list, as many of these, or None in place of any. A `LabeledSequence` with times has them from its times.

    Returns:
        The sequences, and whether there was a single one.

    Raises:
        InputError, InputTypeError: see `observations` and `checked_joins`; the message names the sequence.
    """
    if is_single(values):
        return [_unlabeled(values, dim, "sequence", joins)], True
    sequences = _required(values, "sequences")
    if joins is None:
        joins = [None] * len(sequences)
    if not isinstance(joins, (list, tuple)) or len(joins) != len(sequences):
        raise InputError(f"joins must be a list with an array or None for each of {len(sequences)} sequences")
    return [
        _unlabeled(one, dim, f"sequence {number}", joining)
        for number, (one, joining) in enumerate(zip(sequences, joins, strict=True))
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
    """Check what `fit` is given.

    Args:
        values: a list of sequences of observations (arrays or `LabeledSequence`s), or one (concatenated) sequence.
        cluster_ids: as many lists of labels, or the labels of the one sequence; None: those that `LabeledSequence`s
            have.
        dim: the D that is needed, None for any.

    Returns:
        The sequences with their labels, and whether there was a single one.

    Raises:
        InputError: as in `observations`, and where the number of labels differs from that of the observations, or two
            observations of one time have one label.
        InputTypeError: something is not a list or an array at all.
    """
    if is_single(values):
        return [_labeled(values, cluster_ids, dim, "sequence", {})], True
    sequences = _required(values, "sequences")
    if cluster_ids is None and all(isinstance(one, LabeledSequence) for one in sequences):
        cluster_ids = [one.labels for one in sequences]
    if not isinstance(cluster_ids, (list, tuple)) and getattr(cluster_ids, "ndim", 0) == 0:
        raise InputTypeError(f"cluster_ids must be a list of label lists, but are {type(cluster_ids).__name__}")
    if len(cluster_ids) != len(sequences):
        raise InputError(
            f"cluster_ids must have one list of labels a sequence: {len(sequences)}, but are {len(cluster_ids)}"
        )
    pairs = zip(sequences, cluster_ids, strict=True)
    known: dict[Any, int] = {}
    return [_labeled(one, ids, dim, f"sequence {number}", known) for number, (one, ids) in enumerate(pairs)], False


def _required(values: Any, what: str) -> list[Any]:
    if not isinstance(values, (list, tuple, np.ndarray)):
        raise InputTypeError(
            f"{what} must be a list of (T, D) arrays or one such array, but are {type(values).__name__}"
        )
    if len(values) == 0:
        raise InputError(f"{what}: at least one is needed, but the list is empty")
    return list(values)


def _labeled(values: Any, cluster_ids: Any, dim: int | None, where: str, known: dict[Any, int]) -> CodedSequence:
    if cluster_ids is None and isinstance(values, LabeledSequence):
        _unlabeled(values, dim, where)
        return coded(values, known)
    one = _unlabeled(values, dim, where)
    codes = labelling.encode(cluster_ids, one.name, known)
    if len(codes) != len(one.observations):
        raise InputError(
            f"{one.name}: {len(one.observations)} observations need as many labels, but there are {len(codes)}"
        )
    times = values.times if isinstance(values, LabeledSequence) else None
    require_distinct(cluster_ids, codes, one.joins, times, one.name)
    return replace(one, labels=codes)


def coded(one: LabeledSequence, known: dict[Any, int]) -> CodedSequence:
    """A sequence with numbers for its labels.

    Args:
        one: with labels.
        known: the numbers of labels of earlier sequences, to which new ones are added.

    Raises:
        InputError: it has no labels, or two observations of one time have one label.
    """
    if one.labels is None:
        raise InputError(f"{one.name}: labels are needed, but it has none")
    codes, joins = labelling.encode(one.labels, one.name, known), joins_of_times(one.times)
    require_distinct(one.labels, codes, joins, one.times, one.name)
    return CodedSequence(one.observations, codes, one.name, joins)
