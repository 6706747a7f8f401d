"""Changes of the label: z_t of Eq. (6), and the estimate of its probability, Eq. (13)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from uisrnn.sequences import labels as labelling


@dataclass(frozen=True)
class Transition:
    """p(z_t = 1 | z_1 .. z_{t-1}) = (p0 + r c) / (1 + r n), after c changes at n earlier steps.

    This is the posterior mean of a change rate that is the same at all steps of a sequence, but differs from sequence
    to sequence. The rates have a Beta distribution of mean p0 and variance p0 (1 - p0) r / (1 + r). With r = 0, all
    sequences have the rate p0, as in the paper.

    Attributes:
        bias: p0, between 0 and 1, both excluded.
        spread: r, at least 0.
    """

    bias: float
    spread: float = 0.0


def estimate_transition_bias(cluster_ids: Any, smooth: float = 1) -> tuple[float, float]:
    """Estimate p0 as the share of label changes among all neighbouring pairs, Eq. (13) with additive smoothing.

    p0 = (changes + smooth) / (pairs + 2 smooth)

    Args:
        cluster_ids: a list of label sequences, or the labels of a sequence. Prefer the list: in a concatenation, each
            boundary between two sequences with different labels counts as a change.
        smooth: added to the changes and to their complement; keeps p0 off 0 and 1.

    Returns:
        p0, and the denominator with which estimates from several calls are averaged.

    Raises:
        InputError, InputTypeError: labels that are neither strings nor integers; see `uisrnn.sequences.labels.encode`.

    >>> estimate_transition_bias([["a", "a", "b"], [1, 1]])
    (0.4, 5.0)
    """
    changes = 0
    pairs = 0
    for number, labels in enumerate(labelling.as_sequences(cluster_ids)):
        codes = labelling.encode(labels, f"sequence {number}")
        changes += int(np.count_nonzero(np.diff(codes)))
        pairs += max(len(codes) - 1, 0)
    return smoothed_share(changes, pairs, smooth)


def smoothed_share(changes: float, pairs: float, smooth: float = 1) -> tuple[float, float]:
    """The estimate from counts; see `estimate_transition_bias`.

    Args:
        changes: neighbouring pairs whose labels differ.
        pairs: all neighbouring pairs.
        smooth: added to both counts.
    """
    denominator = float(pairs + 2 * smooth)
    return (changes + smooth) / denominator, denominator
