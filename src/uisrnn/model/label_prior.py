"""p(y_t, z_t | y_1 .. y_{t-1}): transition and assignment, Eqs. (6) and (7); see `groups` for joins."""

from dataclasses import dataclass
from math import inf, log
from typing import NamedTuple

import numpy as np

from uisrnn.compiled import Integers, Reals, compiled
from uisrnn.model.assignment import Assignment
from uisrnn.model.groups import GOES_ON, TAKEN, Marks, denominator, meaning
from uisrnn.model.transition import Transition


class PriorWeights(NamedTuple):
    """The numbers of a label prior, for compiled loops.

    Attributes:
        change: p0.
        spread: r of `Transition`.
        crp_alpha: alpha.
        current_share: c of `Assignment`.
    """

    change: float
    spread: float
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
        """The numbers of the prior, for compiled loops."""
        return PriorWeights(self.transition.bias, self.transition.spread, self.crp_alpha, self.assignment.current_share)

    def log_prob(
        self, block_counts: Integers, marks: Marks, joins: bool = False, stays: int = 0, changes: int = 0
    ) -> Reals:
        """Log probability of each label for the next observation; see `label_log_probs`.

        Args:
            block_counts: (clusters or more,) N_k.
            marks: (clusters,) marks of the clusters so far; see `uisrnn.model.groups`.
            joins: whether the next observation is at the time of the last observation.
            stays: number of observations so far with z = 0.
            changes: number of observations so far with z = 1.

        Returns:
            (clusters + 1,): the existing clusters, then a new cluster.
        """
        result = np.empty(len(marks) + 1)
        label_log_probs(block_counts, marks, len(marks), joins, stays, changes, self.weights, result)
        return result


@compiled
def label_log_probs(
    block_counts: Integers,
    marks: Marks,
    clusters: int,
    joins: bool,
    stays: int,
    changes: int,
    prior: PriorWeights,
    result: Reals,
) -> None:
    """Log probability of each label for the next observation; see `uisrnn.model.groups` for the rule.

    The first observation of a sequence is no change: its label follows from Eq. (7) alone. So without known clusters,
    it starts a cluster with probability 1.

    Args:
        block_counts: (clusters or more,) N_k.
        marks: (clusters or more,) whether a label is in the last two groups of observations.
        clusters: number of clusters so far; this is also the label of a new cluster.
        joins: whether the next observation is at the time of the last observation.
        stays: number of observations so far with z = 0.
        changes: number of observations so far with z = 1.
        prior: the weights of the prior.
        result: (clusters + 1 or more,) to be filled; entries after `clusters` stay as they are.
    """
    total, going_on = denominator(prior.crp_alpha, block_counts, marks, clusters, joins, prior.current_share)
    change = -log(total)
    stay = -inf
    if going_on:
        evidence = log(1.0 + prior.spread * (stays + changes))
        change += log(prior.change + prior.spread * changes) - evidence
        stay = log(1.0 - prior.change + prior.spread * stays) - evidence - log(going_on)
    for cluster in range(clusters):
        means = meaning(marks[cluster], joins)
        if means == TAKEN:
            result[cluster] = -inf
        elif means == GOES_ON:
            result[cluster] = stay
        else:
            result[cluster] = change + log(block_counts[cluster])
    result[clusters] = change + log(prior.crp_alpha)
