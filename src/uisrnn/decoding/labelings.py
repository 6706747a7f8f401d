"""The record of a label sequence under consideration, and the function that copies it.

The table of beams and a frontier hold such records in two arrays: an entry for each label sequence, and an entry for
each of its clusters. To add a field, add a line to `LABELING` or `CLUSTER` and a check to `snapshot.py`.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.compiled import compiled

Records = NDArray[np.void]

LABELING: np.dtype[Any] = np.dtype(
    [
        ("score", np.float64),  # negative log joint so far
        ("clusters", np.int32),  # number of clusters
        ("stays", np.int32),  # number of observations that continue a block: z = 0
        ("changes", np.int32),  # number of observations that start a block although a block could continue: z = 1
        ("visited", np.int32),  # number of distinct labels in the current copy of the sequence
    ],
    align=True,
)

CLUSTER: np.dtype[Any] = np.dtype(
    [
        ("row", np.int32),  # pool row of its state; 0, which is `FRESH`, for a new cluster
        ("count", np.int32),  # number of blocks N_k
        ("seen", np.bool_),  # whether the label occurs in the current copy of the sequence
        ("mark", np.uint8),  # whether it occurs in the last two groups of observations; see `uisrnn.model.groups`
    ],
    align=True,
)


class Labelings(Protocol):
    """Records of label sequences: all that the scores of their continuations depend on."""

    @property
    def labelings(self) -> Records:
        """(n,) of `LABELING`."""

    @property
    def clusters(self) -> Records:
        """(n, cluster) of `CLUSTER`."""


@compiled
def copy_labeling(source: Labelings, number: int, target: Labelings, into: int) -> None:
    """Copy a label sequence. Entries of the target after its last cluster stay as they are."""
    target.labelings[into] = source.labelings[number]
    for cluster in range(source.labelings[number]["clusters"]):
        target.clusters[into, cluster] = source.clusters[number, cluster]
