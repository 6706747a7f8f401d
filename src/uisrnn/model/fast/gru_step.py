"""A time step of the GRU for rows of a table, as in decoding: without gradients, in place, in few calls.

With gates in torch's order r, z, n, a = W_ih x + b_ih and c = W_hh h + b_hh:

    r = sigmoid(a_r + c_r)    z = sigmoid(a_z + c_z)    n = tanh(a_n + r c_n)    h' = n + z (h - n)
    m = W_2 relu(W_1 h' + b_1) + b_2
"""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Flags, Reals, RowNumbers, compiled, compiled_sums
from uisrnn.model.fast.product import multiply, rows_for_product
from uisrnn.model.fast.sigmoid import sigmoid, tanh
from uisrnn.model.fast.steppers import register


class Affine(NamedTuple):
    """x -> W x + b.

    Attributes:
        weight: W, from `uisrnn.model.fast.product.for_product`.
        bias: (N,).
    """

    weight: Reals
    bias: Reals


class Table(NamedTuple):
    """The states of clusters, a row for each cluster, and intermediate results.

    Attributes:
        hidden: (capacity, depth, H).
        mean: (capacity, D).
        counts: (capacity, 1).
        recurrent: (depth, capacity, 3 H) c of the rows that took an observation. It does not depend on the
            observation, and a state often takes several observations, in different beams.
        recurred: (capacity, depth) whether `recurrent` holds c of the row.
    """

    hidden: Reals
    mean: Reals
    counts: Reals
    recurrent: Reals
    recurred: Flags

    @staticmethod
    def of(hidden: Tensor, mean: Tensor, count: Tensor) -> "Table":
        """A table that shares the memory of these tensors."""
        capacity, depth, size = hidden.shape
        recurrent = np.empty((depth, capacity, 3 * size), dtype=mean.numpy().dtype)
        recurred = np.zeros((capacity, depth), dtype=np.bool_)
        return Table(hidden.numpy(), mean.numpy(), count.numpy(), recurrent, recurred)


class Weights(NamedTuple):
    """The weights of the network, and the rule for the prediction.

    Attributes:
        inputs: for each layer, W_ih with b_ih.
        recurrent: for each layer, W_hh with b_hh.
        inner: W_1 with b_1.
        output: W_2 with b_2.
        skipped: s of `RunningMean`.
    """

    inputs: tuple[Affine, ...]
    recurrent: tuple[Affine, ...]
    inner: Affine
    output: Affine
    skipped: int


class GRUStep(NamedTuple):
    """The step on a CPU, in compiled loops.

    Attributes:
        table: the states, changed in place.
        weights: the weights of the network.
    """

    table: Table
    weights: Weights

    def encode(self, x: Tensor) -> Tensor:
        """The first layer's a, (n, 3 H or more); see `uisrnn.model.observation.Stepper`."""
        return torch.from_numpy(_affine(_copied(x.numpy()), self.weights.inputs[0]))

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        _move(self, rows, new, encoded.numpy(), which)


@compiled
def _move(step: GRUStep, rows: RowNumbers, new: RowNumbers, encoded: Reals, which: RowNumbers) -> None:
    table = step.table
    weights = step.weights
    a = encoded
    of = which
    for layer in range(len(weights.recurrent)):
        _recur(table, layer, rows, weights.recurrent[layer])
        h = _next_hidden(table, layer, rows, new, a, of)
        if layer + 1 < len(weights.recurrent):
            a = _affine(h, weights.inputs[layer + 1])
            of = np.arange(len(rows))
        else:
            _next_mean(table, rows, new, h, weights)


register(GRUStep, _move)


@compiled
def _copied(x: Reals) -> Any:
    """Rows for a product."""
    result = rows_for_product(len(x), x.shape[1], x)
    result[:, : x.shape[1]] = x
    return result


@compiled
def _recur(table: Table, layer: int, rows: RowNumbers, recurrent: Affine) -> None:
    """Compute c of the rows that do not have it."""
    missing = np.empty_like(rows)
    number = 0
    for row in rows:
        if not table.recurred[row, layer]:
            table.recurred[row, layer] = True
            missing[number] = row
            number += 1
    h = rows_for_product(number, table.hidden.shape[2], table.hidden)
    for at in range(number):
        h[at, : table.hidden.shape[2]] = table.hidden[missing[at], layer]
    multiply(h, recurrent.weight, recurrent.bias, table.recurrent[layer], missing)


@compiled_sums
def _next_hidden(table: Table, layer: int, rows: RowNumbers, new: RowNumbers, a: Reals, of: RowNumbers) -> Any:
    """h', into the table and as (n, H)."""
    size = table.hidden.shape[2]
    result = rows_for_product(len(rows), size, table.hidden)
    for row in range(len(rows)):
        table.recurred[new[row], layer] = False
        before = table.hidden[rows[row], layer]
        after = table.hidden[new[row], layer]
        x = a[of[row]]
        c = table.recurrent[layer, rows[row]]
        for unit in range(size):
            r = sigmoid(x[unit] + c[unit])
            z = sigmoid(x[size + unit] + c[size + unit])
            n = tanh(x[2 * size + unit] + r * c[2 * size + unit])
            result[row, unit] = n + z * (before[unit] - n)
        after[:] = result[row, :size]
    return result


@compiled_sums
def _next_mean(table: Table, rows: RowNumbers, new: RowNumbers, h: Reals, weights: Weights) -> None:
    """m, and with it the running mean, into the table; see `RunningMean`."""
    between = _affine(h, weights.inner)
    for row in range(len(between)):
        for unit in range(len(weights.inner.bias)):
            between[row, unit] = max(between[row, unit], 0)
    m = _affine(between, weights.output)
    for row in range(len(m)):
        before = table.mean[rows[row]]
        after = table.mean[new[row]]
        count = table.counts[rows[row], 0] + 1
        table.counts[new[row], 0] = count
        share = 1 / max(count + 1 - weights.skipped, 1)
        for dimension in range(len(before)):
            after[dimension] = before[dimension] + share * (m[row, dimension] - before[dimension])


@compiled
def _affine(x: Reals, affine: Affine) -> Any:
    """W x + b of rows from `rows_for_product`, as rows for the next product."""
    result = rows_for_product(len(x), len(affine.bias), x)
    multiply(x, affine.weight, affine.bias, result, np.arange(len(x)))
    return result
