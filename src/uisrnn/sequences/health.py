"""Figures about sequences, and warnings of usual mistakes in data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from uisrnn.errors import InputError
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.observations import Observations

_MANY = 0.05  # of all numbers or observations, from which a warning is due
_UNIT = 1e-3  # difference of a norm from 1


@dataclass(frozen=True)
class Health:
    """Figures about sequences.

    Attributes:
        sequences: number of sequences.
        observations: number of observations in all sequences.
        dim: D of the observations.
        lengths: number of observations of each sequence.
        labelled: number of sequences with labels.
        labels: number of different labels in all sequences.
        clusters: number of different labels of each sequence with labels.
        hop: median of the seconds between two distinct times; None without such times.
        warnings: unusual properties, in words.
    """

    sequences: int
    observations: int
    dim: int
    lengths: list[int]
    labelled: int
    labels: int
    clusters: list[int]
    hop: float | None
    warnings: list[str] = field(default_factory=list)


def health_of(sequences: Sequence[LabeledSequence]) -> Health:
    """Compute the figures.

    Args:
        sequences: at least one sequence.

    Raises:
        InputError: the sequences differ in dimension.

    >>> health_of([LabeledSequence([[3.0, 0.0], [0.0, 0.0]], ["a", "b"], name="call")]).warnings
    ['75 % of all numbers are exactly 0', '1 of 2 observations are all zero', ...]
    """
    dims = {sequence.observations.shape[1]: sequence.name for sequence in sequences}
    if len(dims) > 1:
        examples = ", ".join(f"{dim} ({name})" for dim, name in dims.items())
        raise InputError(f"observations must have the same dimension, but have {examples}")
    labelled = [sequence.labels for sequence in sequences if sequence.labels is not None]
    hops = [np.diff(np.unique(sequence.times)) for sequence in sequences if sequence.times is not None]
    return Health(
        sequences=len(sequences),
        observations=sum(map(len, sequences)),
        dim=next(iter(dims)),
        lengths=list(map(len, sequences)),
        labelled=len(labelled),
        labels=len({label for labels in labelled for label in labels}),
        clusters=[len(set(labels)) for labels in labelled],
        hop=float(np.median(np.concatenate(hops))) if any(map(len, hops)) else None,
        warnings=[*_of_values(sequences), *_of_labels(sequences)],
    )


def _of_values(sequences: Sequence[LabeledSequence]) -> list[str]:
    x = np.concatenate([sequence.observations for sequence in sequences])
    warnings = []
    zeros = float((x == 0).mean())
    if zeros > _MANY:
        warnings.append(f"{zeros:.0%} of all numbers are exactly 0".replace("%", " %"))
    norms = np.linalg.norm(x.astype(np.float64), axis=1)
    if (norms == 0).any():
        warnings.append(f"{(norms == 0).sum()} of {len(x)} observations are all zero")
    if not np.allclose(norms, 1, atol=_UNIT):
        warnings.append(f"observations are not normalised: their norms are {norms.min():.3g} to {norms.max():.3g}")
    constant = int((x == x[0]).all(axis=0).sum())
    if constant and len(x) > 1:
        warnings.append(f"{constant} of {x.shape[1]} dimensions never change")
    repeated = _repeated(sequences)
    if repeated > _MANY * len(x):
        warnings.append(f"{repeated} of {len(x)} observations equal the observation before them")
    return warnings


def _repeated(sequences: Sequence[LabeledSequence]) -> int:
    return sum(map(_repeated_in, (sequence.observations for sequence in sequences)))


def _repeated_in(x: Observations) -> int:
    return int((x[1:] == x[:-1]).all(axis=1).sum())


def _of_labels(sequences: Sequence[LabeledSequence]) -> list[str]:
    labelled = [sequence.labels for sequence in sequences if sequence.labels is not None]
    if not labelled:
        return ["there are no labels, so no model can be trained"]
    warnings = []
    if len(labelled) < len(sequences):
        warnings.append(f"{len(sequences) - len(labelled)} of {len(sequences)} sequences have no labels")
    if all(len(set(labels)) == 1 for labels in labelled):
        warnings.append("no sequence has two labels: a model cannot learn changes")
    elif all(len(set(labels)) == len(labels) for labels in labelled):
        warnings.append("no label is twice in a sequence: a model cannot learn clusters")
    return warnings
