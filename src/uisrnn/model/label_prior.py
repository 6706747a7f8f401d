"""p(y_t, z_t | y_1 .. y_{t-1}): transition and assignment together, Eqs. (6) and (7)."""

from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Integers, Reals, compiled
from uisrnn.model.assignment import Assignment
from uisrnn.model.transition import Transition


class PriorWeights(NamedTuple):
    """The numbers of a label prior, for compiled loops.

    Attributes:
        log_stay: log p(z_t = 0).
        log_change: log p(z_t = 1).
        crp_alpha: alpha.
        current_share: c of `Assignment`.
    """

    log_stay: float
    log_change: float
    crp_alpha: float
    current_share: float


@dataclass(frozen=True)
class LabelPrior:
    """p(y_t, z_t | y_1 .. y_{t-1}).

    Attributes:
        transition: p(z_t).
        assignment: p(y_t | z_t = 1, ...).
        crp_alpha: weight of a new cluster.
    """

    transition: Transition
    assignment: Assignment
    crp_alpha: float

    @property
    def weights(self) -> PriorWeights:
        """The same in numbers."""
        return PriorWeights(
            self.transition.log_stay, self.transition.log_change, self.crp_alpha, self.assignment.current_share
        )

    def log_prob(self, block_counts: Integers, last: int, clusters: int) -> Reals:
        """Log probability of each label for the next observation; see `label_log_probs`.

        Args:
            block_counts: (clusters or more,) blocks so far.
            last: the label of the last observation, -1 where there is none.
            clusters: number of clusters so far.

        Returns:
            (clusters + 1,): existing clusters, then a new one.
        """
        result = np.empty(clusters + 1)
        label_log_probs(block_counts, last, clusters, self.weights, result)
        return result


@compiled
def label_log_probs(block_counts: Integers, last: int, clusters: int, prior: PriorWeights, result: Reals) -> None:
    """Log probability of each label for the next observation.

    The first observation of all is no change: it takes a known cluster or a new one by Eq. (7) alone, so without
    known clusters it starts one with probability 1.

    Args:
        block_counts: (clusters or more,) N_k.
        last: y_{t-1}, or -1 before the first observation.
        clusters: number of clusters so far; the next number is a new one.
        prior: its weights.
        result: (clusters + 1 or more,) to be filled; entries after `clusters` are left alone.
    """
    total = prior.crp_alpha
    for cluster in range(clusters):
        total += block_counts[cluster] * (prior.current_share if cluster == last else 1.0)
    change = (prior.log_change if last >= 0 else 0.0) - log(total)
    for cluster in range(clusters):
        result[cluster] = change + log(block_counts[cluster])
    result[clusters] = change + log(prior.crp_alpha)
    if last >= 0:
        result[last] = prior.log_stay
