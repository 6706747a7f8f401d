"""Which cluster speaks after a change: the distance dependent Chinese restaurant process of Eq. (7)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assignment:
    """p(y_t | z_t = 1, y_1 .. y_{t-1}) over the clusters so far and a new one, N_k being numbers of blocks.

    p(y_t = k) = N_k / (sum_{j != y_{t-1}} N_j + c N_{y_{t-1}} + alpha), with alpha in place of N_k for a new cluster

    Attributes:
        current_share: c. The paper has 0: a change leads to another cluster, so the weights of all others and alpha
            add up to 1. With 1, as 0.1.2 decodes, the current cluster's blocks stay in the denominator.
    """

    current_share: float


PAPER_ASSIGNMENT = Assignment(current_share=0.0)
V0_ASSIGNMENT = Assignment(current_share=1.0)
