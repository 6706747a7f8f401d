"""What sequences are like, and what about them often goes wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.sequences.labeled import LabeledSequence

_MANY = 0.05  # a share worth a warning
_UNIT = 1e-3


@dataclass(frozen=True)
class Health:
    """Figures about sequences.

    Attributes:
        sequences: how many there are.
        observations: in all of them.
        dim: D of the observations.
        lengths: observations of each sequence.
        labelled: how many sequences have labels.
        labels: different labels in all of them.
        clusters: different labels of each that has some.
        hop: median of the seconds between two distinct times; None without such times.
        warnings: what is unusual, in words.
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
    """Look at sequences.

    Args:
        sequences: at least one.

    Raises:
        InputError: they differ in dimension.

    >>> health_of([LabeledSequence([[3.0, 0.0], [0.0, 0.0]], ["a", "b"], name="call")]).warnings
    ['75 % of all numbers are exactly 0', '1 of 2 observations are all zero', ...]
    """
    dims = {one.observations.shape[1]: one.name for one in sequences}
    if len(dims) > 1:
        raise InputError(
            f"observations must have one dimension, but have {', '.join(f'{d} ({n})' for d, n in dims.items())}"
        )
    labelled = [one.labels for one in sequences if one.labels is not None]
    hops = [np.diff(np.unique(one.times)) for one in sequences if one.times is not None]
    return Health(
        sequences=len(sequences),
        observations=sum(map(len, sequences)),
        dim=next(iter(dims)),
        lengths=[len(one) for one in sequences],
        labelled=len(labelled),
        labels=len({label for labels in labelled for label in labels}),
        clusters=[len(set(labels)) for labels in labelled],
        hop=float(np.median(np.concatenate(hops))) if any(map(len, hops)) else None,
        warnings=[*_of_values(sequences), *_of_labels(sequences)],
    )


def _of_values(sequences: Sequence[LabeledSequence]) -> list[str]:
    x = np.concatenate([one.observations for one in sequences])
    warnings = []
    zeros = float((x == 0).mean())
    if zeros > _MANY:
        warnings.append(f"{zeros:.0%} of all numbers are exactly 0".replace("%", " %"))
    norms = np.linalg.norm(x.astype(np.float64), axis=1)
    if (norms == 0).any():
        warnings.append(f"{(norms == 0).sum()} of {len(x)} observations are all zero")
    if not np.allclose(norms, 1, atol=_UNIT):
        low, high = norms.min(), norms.max()
        warnings.append(f"observations are not normalised: their lengths are {low:.3g} to {high:.3g}")
    constant = int((x == x[0]).all(axis=0).sum())
    if constant and len(x) > 1:
        warnings.append(f"{constant} of {x.shape[1]} dimensions never change")
    repeated = _repeated(sequences)
    if repeated > _MANY * len(x):
        warnings.append(f"{repeated} of {len(x)} observations equal the one before them")
    return warnings


def _repeated(sequences: Sequence[LabeledSequence]) -> int:
    equal: list[NDArray[np.bool_]] = [(one.observations[1:] == one.observations[:-1]).all(axis=1) for one in sequences]
    return int(sum(one.sum() for one in equal))


def _of_labels(sequences: Sequence[LabeledSequence]) -> list[str]:
    labelled = [one.labels for one in sequences if one.labels is not None]
    if not labelled:
        return ["there are no labels, so that nothing can be trained on it"]
    warnings = []
    if len(labelled) < len(sequences):
        warnings.append(f"{len(sequences) - len(labelled)} of {len(sequences)} sequences have no labels")
    if all(len(set(labels)) == 1 for labels in labelled):
        warnings.append("no sequence has two labels: changes cannot be learned from it")
    elif all(len(set(labels)) == len(labels) for labels in labelled):
        warnings.append("no label is twice in a sequence: what makes a cluster cannot be learned from it")
    return warnings
