"""The label after a change: the distance dependent Chinese restaurant process of Eq. (7); estimates of alpha."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from scipy import optimize, special

from uisrnn.compiled import Flags
from uisrnn.errors import ArgumentError
from uisrnn.model.groups import events_of
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labels import Codes


@dataclass(frozen=True)
class Assignment:
    """p(y_t | z_t = 1, y_1 .. y_{t-1}) over the clusters so far and a new cluster; N_k are numbers of blocks.

    p(y_t = k) = N_k / (sum_{j != y_{t-1}} N_j + c N_{y_{t-1}} + alpha), with alpha in place of N_k for a new cluster

    Attributes:
        current_share: c. The paper has 0: a change leads to another cluster, so the probabilities of all other
            clusters and of a new cluster add up to 1. 0.1.2 decodes with 1: the blocks of the current cluster stay in
            the denominator.
    """

    current_share: float


_MOST = 1e100
"""Upper bound of a shape, and of a rate and its reciprocal, so that all results are finite."""

PAPER_ASSIGNMENT = Assignment(current_share=0.0)
V0_ASSIGNMENT = Assignment(current_share=1.0)


def estimate_crp_alpha(cluster_ids: Any, prior: tuple[float, float] | None = None) -> float:
    """Estimate alpha of Eq. (7) from labels, as the share of new clusters among changes or as a posterior maximum.

    Without a prior, the closed form of Fini and Brutti (arXiv:1911.01266) with additive smoothing, K clusters and C
    changes in each sequence:

        alpha = (sum (K - 1) + 1) / (sum C + 2)

    This is a probability, so it is below 1, and it ignores that existing clusters gain weight: its expectation is not
    the alpha of Eq. (7). With a prior alpha ~ Gamma(shape, rate), the result is the alpha that maximises the log
    posterior density under Eq. (7) with the paper's denominator; S_t = sum_{j != y_{t-1}} N_j are the blocks of the
    other clusters:

        sum over changes of [y_t is new] log alpha - log(S_t + alpha), + (shape - 1) log alpha - rate alpha

    There is a single maximum; shape > 1 keeps it off 0, and rate > 0 keeps it finite. The prior has most influence if
    sequences are few or have only two clusters: the first change always leads to a new cluster, so it is no evidence.
    Without any evidence, alpha is (shape - 1) / rate.

    Args:
        cluster_ids: a list of label sequences, or the labels of a sequence; see `estimate_transition_bias`.
        prior: shape > 1 and rate > 0 of the Gamma distribution; None: the closed form.

    Returns:
        alpha > 0.

    Raises:
        ArgumentError: a bad prior.
        InputError, InputTypeError: labels that are neither strings nor integers; see `uisrnn.sequences.labels.encode`.

    >>> labels = [["a", "b", "a", "c"], [1, 1]]
    >>> estimate_crp_alpha(labels)
    0.6
    >>> round(estimate_crp_alpha(labels, prior=(2, 1)), 6)
    1.0
    """
    sequences = labelling.as_sequences(cluster_ids)
    blocks = [block_clusters(labelling.encode(labels, f"sequence {number}")) for number, labels in enumerate(sequences)]
    return _share_of_new(blocks) if prior is None else AlphaEvidence.of(blocks).posterior_maximum(*_checked(prior))


def block_clusters(codes: Codes) -> Codes:
    """The cluster of each block (run of equal labels): (T,) -> (blocks,)."""
    return codes[np.flatnonzero(np.diff(codes, prepend=-1))]


def _share_of_new(blocks: Sequence[Codes]) -> float:
    new = sum(int(clusters.max()) for clusters in blocks if len(clusters))
    changes = sum(len(clusters) - 1 for clusters in blocks if len(clusters))
    return (new + 1) / (changes + 2)


@dataclass(frozen=True)
class AlphaEvidence:
    """Counts on which the posterior of alpha under Eq. (7) depends; the counts of several sequences add up.

    Changes with S_t = 0, the first change of each sequence, are no evidence and are left out.

    Attributes:
        new: number of changes to a new cluster.
        others: (S,) number of changes with s blocks of other clusters, for s = 0, 1, ...
    """

    new: int
    others: Codes

    @staticmethod
    def of(blocks: Sequence[Codes]) -> "AlphaEvidence":
        """The evidence of sequences, from the clusters of their blocks; any numbers will do."""
        others = [blocks_of_others(clusters)[1:] for clusters in blocks]
        new = sum(max(len(np.unique(clusters)) - 2, 0) for clusters in blocks)
        return AlphaEvidence(new, np.bincount(np.concatenate([*others, np.empty(0, dtype=np.int64)]), minlength=1))

    @staticmethod
    def of_groups(codes: Codes, joins: Flags) -> "AlphaEvidence":
        """The evidence of a sequence with observations of the same time; see `uisrnn.model.groups`.

        Args:
            codes: (T,) by first appearance.
            joins: (T,).
        """
        counts, totals = events_of(codes, joins)
        others = np.bincount(totals[totals >= 0].astype(np.int64), minlength=1)
        return AlphaEvidence(int(counts[2] - others[0]), np.append(0, others[1:]))

    def __add__(self, other: "AlphaEvidence") -> "AlphaEvidence":
        """The evidence of both."""
        others = np.zeros(max(len(self.others), len(other.others)), dtype=np.int64)
        for counts in (self.others, other.others):
            others[: len(counts)] += counts
        return AlphaEvidence(self.new + other.new, others)

    def posterior_maximum(self, shape: float, rate: float) -> float:
        """The root of the derivative to log alpha, c - sum_t alpha / (S_t + alpha) - rate alpha, which falls.

        c is shape - 1 and the new clusters at the n changes. As S_t >= 1 there, the root lies between c / (n + rate)
        and c / rate.
        """
        counts = self.others[1:]
        log_others = np.log(np.arange(1, len(self.others)))
        log_rate = math.log(rate)
        c = shape - 1 + self.new
        low = math.log(c) - math.log(counts.sum() + rate)
        high = math.log(c) - log_rate

        def slope(log_alpha: float) -> float:
            return c - float(counts @ special.expit(log_alpha - log_others)) - math.exp(log_alpha + log_rate)

        return math.exp(optimize.brentq(slope, low - 1, high + 1, xtol=1e-12))


def blocks_of_others(blocks: Codes) -> Codes:
    """S_t at each change: earlier blocks without the blocks of the last cluster: (blocks,) -> (blocks - 1,)."""
    order = np.argsort(blocks, kind="stable")
    of_cluster = np.empty_like(blocks)
    of_cluster[order] = np.arange(1, len(blocks) + 1) - np.searchsorted(blocks[order], blocks[order])
    return (np.arange(1, len(blocks) + 1) - of_cluster)[:-1]


def _checked(prior: Any) -> tuple[float, float]:
    pair = tuple(prior) if isinstance(prior, (tuple, list, np.ndarray)) else ()
    if len(pair) == 2 and all(isinstance(value, Real) and not isinstance(value, bool) for value in pair):
        shape, rate = pair
        if 1 < shape < _MOST and 1 / _MOST < rate < _MOST:
            return float(shape), float(rate)
    raise ArgumentError(f"prior must be two numbers, shape > 1 and rate > 0, or None, but is {prior!r}")
