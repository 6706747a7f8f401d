"""Which cluster speaks after a change: the distance dependent Chinese restaurant process of Eq. (7)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


class Assignment(Protocol):
    """p(y_t | z_t = 1, y_1 .. y_{t-1}) over the clusters so far and a new one."""

    def log_denominator(self, block_counts: Integers, last: Integers, crp_alpha: float) -> Reals:
        """Logarithm of what the weights are divided by.

        Args:
            block_counts: (beam, cluster) N_k, the number of blocks of cluster k so far.
            last: (beam,) the cluster of the last observation.
            crp_alpha: alpha, the weight of a new cluster.

        Returns:
            (beam,)
        """


@dataclass(frozen=True)
class PaperAssignment:
    """The paper's: a change leads to another cluster, so the weights of all others and alpha add up to 1.

    p(y_t = k) = N_k / (sum_{j != y_{t-1}} N_j + alpha)
    """

    def log_denominator(self, block_counts: Integers, last: Integers, crp_alpha: float) -> Reals:
        """Sum without the current cluster; see `Assignment.log_denominator`."""
        others = block_counts.sum(axis=1) - block_counts[np.arange(len(last)), last]
        result: Reals = np.log(others + crp_alpha)
        return result


@dataclass(frozen=True)
class V0Assignment:
    """What 0.1.2 decodes with: the current cluster's blocks stay in the denominator.

    p(y_t = k) = N_k / (sum_j N_j + alpha)
    """

    def log_denominator(self, block_counts: Integers, last: Integers, crp_alpha: float) -> Reals:
        """Sum over all clusters; see `Assignment.log_denominator`."""
        result: Reals = np.log(block_counts.sum(axis=1) + crp_alpha)
        return result


def log_weights(block_counts: Integers, last: Integers, clusters: Integers, crp_alpha: float) -> Reals:
    """Logarithms of the weights of Eq. (7): N_k of another cluster, alpha of a new one, 0 of all else.

    Args:
        block_counts: (beam, cluster) with at least one column more than any beam has clusters.
        last: (beam,) the cluster of the last observation, which a change cannot lead to.
        clusters: (beam,) how many clusters each beam has; the next column is its new cluster.
        crp_alpha: alpha.

    Returns:
        (beam, cluster), minus infinity where the weight is 0.
    """
    beams = np.arange(len(last))
    weights = block_counts.astype(np.float64)
    weights[beams, last] = 0.0
    weights[beams, clusters] = crp_alpha
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        return np.log(weights)
