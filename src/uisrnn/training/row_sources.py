"""Sources of the observations of batches, on the device of the model."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from uisrnn.corpus.corpus import Indexes, InMemory, RowReader
from uisrnn.model.packing import Packing
from uisrnn.training.batching import ClusterBatch, ClusterSequences
from uisrnn.transfers import page_locked, sent

_SHARE_OF_GPU = 0.25
_AHEAD = 3


class RowSource(Protocol):
    """Gives the observations of a batch in two parts, so that a thread can do the first part ahead of time.

    Attributes:
        ahead: number of batches to prepare ahead of time.
    """

    ahead: int

    def prepare(self, rows: Indexes) -> Tensor:
        """Do the work of the CPU for the observations of some rows."""

    def finish(self, prepared: Tensor) -> Tensor:
        """The observations (n, D) on the device, from the result of `prepare`."""


class ResidentRows:
    """All observations are on the device; only numbers of rows go there.

    Args:
        observations: (N, D) on the device.
    """

    def __init__(self, observations: Tensor) -> None:
        self._observations = observations
        self.ahead = _AHEAD if observations.is_cuda else 0

    def prepare(self, rows: Indexes) -> Tensor:
        return page_locked(torch.from_numpy(rows), self._observations.device)

    def finish(self, prepared: Tensor) -> Tensor:
        return self._observations.index_select(0, sent(prepared, self._observations.device))


class ReadRows:
    """Observations are read for each batch, and then sent to the device.

    Args:
        reader: reads rows.
        device: device of the model.
    """

    def __init__(self, reader: RowReader, device: torch.device) -> None:
        self._reader = reader
        self._device = device
        self.ahead = max(reader.ahead, _AHEAD if device.type == "cuda" else 0)

    def prepare(self, rows: Indexes) -> Tensor:
        """Read neighbouring rows together, and each row once."""
        needed, order = np.unique(rows, return_inverse=True)
        runs = np.split(needed, np.flatnonzero(np.diff(needed) > 1) + 1)
        read = np.concatenate([self._reader.read(int(run[0]), int(run[-1]) + 1) for run in runs])
        return page_locked(torch.from_numpy(read[order]), self._device)

    def finish(self, prepared: Tensor) -> Tensor:
        return sent(prepared, self._device)


def row_source(reader: RowReader, device: torch.device) -> RowSource:
    """The source for a device.

    A GPU holds all observations if they are in memory and need at most a quarter of the free memory of the GPU.
    """
    if isinstance(reader, InMemory) and (device.type == "cpu" or _fits(reader, device)):
        return ResidentRows(torch.as_tensor(reader.observations, device=device))
    return ReadRows(reader, device)


def _fits(rows: InMemory, device: torch.device) -> bool:
    return rows.observations.nbytes <= _SHARE_OF_GPU * torch.cuda.mem_get_info(device)[0]


class BatchSource:
    """The batches of a training on the device of the model.

    Args:
        sequences: draws the batches.
        rows: source of the observations.
        device: device of the model.
    """

    def __init__(self, sequences: ClusterSequences, rows: RowSource, device: torch.device) -> None:
        self._sequences = sequences
        self._rows = rows
        self._device = device

    def __len__(self) -> int:
        """The number of sequences."""
        return len(self._sequences)

    def prepare(self, iteration: int) -> ClusterBatch:
        """Do the work of the CPU for the batch of an iteration; any thread may do it."""
        return self._prepared(*self._sequences.batch(iteration))

    def finish(self, prepared: ClusterBatch) -> ClusterBatch:
        """The batch on the device, from the result of `prepare`."""
        return ClusterBatch(self._rows.finish(prepared.observations), prepared.packing.to(self._device))

    def read(self, numbers: Indexes) -> ClusterBatch:
        """Some sequences, on the device."""
        return self.finish(self._prepared(*self._sequences.draw(numbers)))

    def _prepared(self, rows: Indexes, packing: Packing) -> ClusterBatch:
        return ClusterBatch(self._rows.prepare(rows), packing.page_locked(self._device))
