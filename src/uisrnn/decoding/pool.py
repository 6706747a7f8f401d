"""Cluster states shared by all beams: each distinct state is held, predicted and advanced once."""

from typing import Generic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.model.observation import ObservationModel, Prediction, S, negative_log_density

RowNumbers = NDArray[np.int64]

FRESH = 0
"""The row of a cluster without observations; it is never freed."""

_FIRST_CAPACITY = 32


class Pool(Generic[S]):
    """Rows of cluster states and of their predictions.

    A state follows from which observations its cluster took, so beams that agree on that hold the same row. Rows
    never change: one more observation makes a new row. Rows that no beam holds any more are used again.

    Args:
        model: the observation model.
    """

    @torch.no_grad()
    def __init__(self, model: ObservationModel[S]) -> None:
        self._model = model
        fresh = model.initial()
        self._states = fresh.with_capacity(_FIRST_CAPACITY)
        self._predictions: Prediction = model.predict(fresh).with_capacity(_FIRST_CAPACITY)
        self._references = np.zeros(_FIRST_CAPACITY, dtype=np.int64)
        self._references[FRESH] = 1

    @property
    def capacity(self) -> int:
        """Rows that there is room for."""
        return len(self._references)

    @property
    def used(self) -> int:
        """Rows that are held, the fresh one included."""
        return int(np.count_nonzero(self._references))

    @torch.no_grad()
    def negative_log_densities(self, x: Tensor) -> NDArray[np.float64]:
        """-log p(x | state) of every row in use.

        Args:
            x: (D,) an observation.

        Returns:
            (capacity,), infinite for rows that are free.
        """
        used = np.flatnonzero(self._references)
        scores = np.full(self.capacity, np.inf)
        scores[used] = negative_log_density(x, self._predictions.take(self._index(used))).cpu().numpy()
        return scores

    @torch.no_grad()
    def advance(self, rows: RowNumbers, x: Tensor) -> RowNumbers:
        """Give each of these states one more observation.

        Args:
            rows: (n,) distinct row numbers.
            x: (D,) the observation.

        Returns:
            (n,) the numbers of the new rows; they are not held by anybody yet, see `hold`.
        """
        new = self._free(len(rows))
        states = self._model.advance(self._states.take(self._index(rows)), x)
        self._states.put(self._index(new), states)
        self._predictions.put(self._index(new), self._model.predict(states))
        return new

    def hold(self, rows: RowNumbers) -> None:
        """Count anew who holds what.

        Args:
            rows: all row numbers that beams hold, of any shape, repeated as often as they are held.
        """
        self._references = np.bincount(rows.ravel(), minlength=self.capacity)
        self._references[FRESH] += 1

    def _free(self, number: int) -> RowNumbers:
        free = np.flatnonzero(self._references == 0)
        while len(free) < number:
            self._grow()
            free = np.flatnonzero(self._references == 0)
        return free[:number]

    def _grow(self) -> None:
        capacity = 2 * self.capacity
        self._states = self._states.with_capacity(capacity)
        self._predictions = self._predictions.with_capacity(capacity)
        self._references = np.concatenate([self._references, np.zeros(capacity - self.capacity, dtype=np.int64)])

    def _index(self, rows: RowNumbers) -> Tensor:
        return torch.from_numpy(rows).to(self._model.device)
