"""Cluster states shared by all beams: each distinct state is stored, predicted and advanced once."""

from collections.abc import Sequence
from math import log, pi
from typing import Any, Generic, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.compiled import Integers, Reals, RowNumbers, compiled, compiled_sums
from uisrnn.model.fast.steppers import has_loop, move
from uisrnn.model.observation import ObservationModel, Prediction, S, log_normaliser, negative_log_density

FRESH = 0
"""The row of a cluster without observations; it is never freed."""

_FIRST_CAPACITY = 64


class RowIndex(NamedTuple):
    """Reference counts of the rows.

    Attributes:
        holds: (capacity,) number of clusters of beams that refer to each row.
        free: (capacity,) numbers of unused rows, a stack.
        left: (1,) number of unused rows.
        shared: (1,) the rows before this number belong to all sequences and are never freed.
    """

    holds: Integers
    free: Integers
    left: Integers
    shared: Integers


class Gaussians(NamedTuple):
    """Predictions of the states of all rows.

    Attributes:
        mean: (capacity, F).
        precision: (capacity, F) 1 / variance, or (1, F) if all rows have the same variance.
        normaliser: (capacity,) or (1,) `log_normaliser` of the variance.
    """

    mean: Reals
    precision: Reals
    normaliser: Reals


class PoolArrays(NamedTuple):
    """The states and predictions of all rows, for compiled code.

    Attributes:
        stepper: advances the states; see `uisrnn.model.fast.steppers`.
        gaussians: the predictions.
        variance: (capacity, F) or (1, F) the variance of the predictions.
    """

    stepper: Any
    gaussians: Gaussians
    variance: Reals


@compiled
def take_row(index: RowIndex) -> int:
    """The number of a free row, which no beam holds yet. The pool must have a free row."""
    index.left[0] -= 1
    return int(index.free[index.left[0]])


@compiled
def free_row(index: RowIndex, row: int) -> None:
    """Mark a row as unused."""
    index.free[index.left[0]] = row
    index.left[0] += 1


@compiled
def release_row(index: RowIndex, row: int) -> None:
    """Release a row; free it if no beam holds it any more."""
    if row >= index.shared[0]:
        index.holds[row] -= 1
        if index.holds[row] == 0:
            free_row(index, row)


class Pool(Generic[S]):
    """Rows of cluster states and of their predictions.

    A state depends only on the observations of its cluster, so beams that agree on them hold the same row. Rows never
    change: a further observation makes a new row. Rows that no beam holds any more are used again.

    Args:
        model: the observation model.
        known: states of known clusters, see `enrol`; they become rows 1, 2, ...
    """

    @torch.no_grad()
    def __init__(self, model: ObservationModel[S], known: S | None = None) -> None:
        self._model = model
        shared = 1 + (0 if known is None else len(known))
        states = model.initial().with_capacity(shared)
        if known is not None:
            states.put(torch.arange(1, shared, device=model.device), known)
        self._use_table(states)
        holds = np.ones(shared, dtype=np.int32)
        free = np.zeros(shared, dtype=np.int32)
        self.index = RowIndex(holds, free, np.zeros(1, dtype=np.int32), np.full(1, shared, dtype=np.int32))
        self.reserve(_FIRST_CAPACITY)

    @torch.no_grad()
    def _use_table(self, states: S) -> None:
        self._states = states
        self._stepper = self._model.stepper(states)
        prediction = self._model.predict(states)
        self._mean = prediction.mean
        self._variance = prediction.variance
        self._precision = self._variance.reciprocal()
        self._normaliser = log_normaliser(self._variance)
        tensors = (self._mean, self._precision, self._normaliser)
        on_cpu = self._mean.device.type == "cpu"
        self._gaussians = Gaussians(*(tensor.numpy() for tensor in tensors)) if on_cpu else None
        self._arrays: PoolArrays | None = None
        if self._gaussians is not None and has_loop(self._stepper):
            self._arrays = PoolArrays(self._stepper, self._gaussians, self._variance.numpy())

    @property
    def capacity(self) -> int:
        """Number of rows."""
        return len(self.index.holds)

    @property
    def used(self) -> int:
        """Number of rows in use, shared rows included."""
        return self.capacity - int(self.index.left[0])

    @property
    def shared(self) -> int:
        """Number of rows that belong to all sequences: `FRESH` and the known clusters."""
        return int(self.index.shared[0])

    def reserve(self, number: int) -> None:
        """Make room for `number` more rows."""
        if self.index.left[0] >= number:
            return
        old = self.capacity
        left = int(self.index.left[0])
        capacity = max(2 * old, old + number)
        self._use_table(self._states.with_capacity(capacity))
        holds = np.zeros(capacity, dtype=np.int32)
        holds[:old] = self.index.holds
        free = np.zeros(capacity, dtype=np.int32)  # the new numbers, then the numbers that were free before
        free[: capacity - old] = np.arange(old, capacity, dtype=np.int32)[::-1]
        free[capacity - old : capacity - old + left] = self.index.free[:left]
        room = np.array([capacity - old + left], dtype=np.int32)
        self.index = RowIndex(holds, free, room, self.index.shared)

    def states(self, rows: RowNumbers) -> S:
        """Copies of the states of these rows."""
        return self._states.take(torch.from_numpy(rows).to(self._model.device))

    @torch.no_grad()
    def restore(self, rows: RowNumbers, states: S) -> None:
        """Write states into free rows."""
        to = torch.from_numpy(rows).to(self._model.device)
        self._states.put(to, states)
        self._use_table(self._states)

    @property
    def gaussians(self) -> Gaussians | None:
        """Predictions as arrays, if they are on the CPU; None: use `costs`."""
        return self._gaussians

    @property
    def arrays(self) -> PoolArrays | None:
        """States and predictions for compiled code, if the stepper is compiled; None: use `advance`."""
        return self._arrays

    def costs(self, rows: RowNumbers, x: Tensor, which: RowNumbers) -> NDArray[np.float64]:
        """-log p(x | state), pair by pair.

        Args:
            rows: (n,) row numbers.
            x: (m, F) views of observations.
            which: (n,) for each row, the number of the view.

        Returns:
            (n,)
        """
        states, views = (torch.from_numpy(numbers).to(x.device) for numbers in (rows, which))
        variance = self._variance[states.clamp(max=len(self._variance) - 1)]  # of each row, or the same for all
        costs = negative_log_density(x[views], Prediction(self._mean[states], variance))
        on_cpu: NDArray[np.float64] = costs.cpu().numpy()
        return on_cpu

    def encode(self, x: Tensor) -> Tensor:
        """Views of observations (n, F), encoded for `advance`."""
        return self._stepper.encode(x)

    def advance(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        """Compute the states after a further observation.

        Args:
            rows: (n,) row numbers; a row occurs once for each observation that its state takes.
            new: (n,) distinct numbers of free rows, for the new states.
            encoded: (m, ...) views of observations, from `encode`.
            which: (n,) for each row, the number of the view.
        """
        if self._arrays is not None:
            advance_rows(self._arrays, rows, new, encoded.numpy(), which)
            return
        self._stepper.move(rows, new, encoded, which)
        if len(self._variance) == 1:
            return
        if self._gaussians is not None:
            follow(self._gaussians, self._variance.numpy(), new)
        else:
            to = torch.from_numpy(new).to(encoded.device)
            variance = self._variance[to]
            self._precision[to] = variance.reciprocal()
            self._normaliser[to] = log_normaliser(variance)


def enrol(model: ObservationModel[S], clusters: Sequence[Tensor]) -> S:
    """States of clusters that took these observations, each cluster in a single block.

    Args:
        model: the observation model.
        clusters: the observations of each cluster, (T, D) with T >= 1, on the model's device and of its precision.

    Returns:
        A row for each cluster.
    """
    states = model.initial().take(torch.zeros(len(clusters), dtype=torch.int64, device=model.device))
    features = [model.features(observations) for observations in clusters]
    for time in range(max(map(len, clusters))):
        longer = [number for number, views in enumerate(features) if len(views) > time]
        rows = torch.tensor(longer, device=model.device)
        x = torch.stack([features[number][time, 0 if time else -1] for number in longer])
        states.put(rows, model.advance(states.take(rows), model.encode(x)))
    return states


@compiled
def advance_rows(arrays: PoolArrays, rows: RowNumbers, new: RowNumbers, encoded: Reals, which: RowNumbers) -> None:
    """Compute the states after a further observation, and their predictions; see `Pool.advance`."""
    move(arrays.stepper, rows, new, encoded, which)
    if len(arrays.variance) > 1:
        follow(arrays.gaussians, arrays.variance, new)


@compiled
def follow(gaussians: Gaussians, variance: Reals, rows: RowNumbers) -> None:
    """Update precision and `log_normaliser` of rows whose variance has changed."""
    for row in rows:
        total = 0.0
        for dimension in range(variance.shape[1]):
            gaussians.precision[row, dimension] = 1 / variance[row, dimension]
            total += np.float64(log(2 * pi * variance[row, dimension]))
        gaussians.normaliser[row] = 0.5 * total


@compiled_sums
def gaussian_cost(gaussians: Gaussians, row: int, x: Reals, which: int) -> float:
    """-log p(x | state), Eq. (11), with the sum over dimensions in double precision."""
    own = min(row, len(gaussians.precision) - 1)  # a variance for each row, or the same for all
    total = 0.0
    for dimension in range(x.shape[1]):
        difference = x[which, dimension] - gaussians.mean[row, dimension]
        total += np.float64(difference * difference * gaussians.precision[own, dimension])
    return 0.5 * total + float(gaussians.normaliser[own])
