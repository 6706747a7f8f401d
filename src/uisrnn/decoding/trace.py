"""Labels kept as back-pointers: one entry a cut of the beam, none copied as beams fork."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class Trace:
    """For each cut of the beam, where its survivors came from and which labels they took since the cut before."""

    def __init__(self) -> None:
        self._origins: list[NDArray[np.int32]] = []
        self._labels: list[NDArray[np.int32]] = []

    def append(self, origins: Integers, labels: Integers) -> None:
        """Record a cut.

        Args:
            origins: (beam,) each survivor's beam after the cut before.
            labels: (beam, block) the labels that it took since.
        """
        self._origins.append(origins.astype(np.int32))
        self._labels.append(labels.astype(np.int32))

    def labels(self, beam: int) -> Integers:
        """All labels of one beam.

        Args:
            beam: its number after the last cut.

        Returns:
            (time,) from the first observation to the last cut.
        """
        blocks = []
        for origins, labels in zip(reversed(self._origins), reversed(self._labels), strict=True):
            blocks.append(labels[beam])
            beam = int(origins[beam])
        return np.concatenate(blocks[::-1]).astype(np.int64) if blocks else np.zeros(0, dtype=np.int64)
