"""One time step of the GRU for rows of a table, as decoding needs it: without gradients, in place, in few calls.

With gates in torch's order r, z, n, a = W_ih x + b_ih and c = W_hh h + b_hh:

    r = sigmoid(a_r + c_r)    z = sigmoid(a_z + c_z)    n = tanh(a_n + r c_n)    h' = n + z (h - n)
    m = W_2 relu(W_1 h' + b_1) + b_2
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Flags, Reals, RowNumbers, compiled
from uisrnn.model.product import multiply, rows_for_product
from uisrnn.model.running_mean import RunningMean


class Affine(NamedTuple):
    """x -> W x + b.

    Attributes:
        weight: (N, K), see `uisrnn.model.product.for_product`.
        bias: (N,).
    """

    weight: Reals
    bias: Reals


class Table(NamedTuple):
    """The states of clusters, one row a cluster, and what was computed from them.

    Attributes:
        hidden: (capacity, depth, H).
        mean: (capacity, D).
        counts: (capacity, 1).
        recurrent: (depth, capacity, 3 H) c of rows that took an observation before. It does not depend on the
            observation, and the same state often takes several, in different beams.
        recurred: (capacity, depth) whether it is there.
    """

    hidden: Reals
    mean: Reals
    counts: Reals
    recurrent: Reals
    recurred: Flags

    @staticmethod
    def of(hidden: Tensor, mean: Tensor, count: Tensor) -> "Table":
        """The table over these tensors, which it shares."""
        capacity, depth, size = hidden.shape
        recurrent = np.empty((depth, capacity, 3 * size), dtype=mean.numpy().dtype)
        recurred = np.zeros((capacity, depth), dtype=np.bool_)
        return Table(hidden.numpy(), mean.numpy(), count.numpy(), recurrent, recurred)


@dataclass(frozen=True)
class GRUStep:
    """The step on a CPU: compiled loops, with torch's sigmoid and tanh between them.

    Attributes:
        table: changed in place.
        inputs: for each layer, W_ih with b_ih.
        recurrent: for each layer, W_hh with b_hh.
        inner: W_1 with b_1.
        output: W_2 with b_2.
        running_mean: how outputs become a prediction.
    """

    table: Table
    inputs: list[Affine]
    recurrent: list[Affine]
    inner: Affine
    output: Affine
    running_mean: RunningMean

    def encode(self, x: Tensor) -> Tensor:
        """The first layer's a, (n, 3 H or more); see `uisrnn.model.observation.Stepper`."""
        return torch.from_numpy(_affine(_copied(x.numpy()), self.inputs[0]))

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        """See `uisrnn.model.observation.Stepper`."""
        a, of, last = encoded.numpy(), which, len(self.recurrent) - 1
        for layer, recurrent in enumerate(self.recurrent):
            r_and_z = _first_gates(self.table, layer, rows, a, of, recurrent)
            torch.from_numpy(r_and_z).sigmoid_()
            n = _before_tanh(self.table, layer, rows, a, of, r_and_z)
            torch.from_numpy(n).tanh_()
            h = _next_hidden(self.table, layer, rows, new, r_and_z, n)
            if layer < last:
                a, of = _affine(h, self.inputs[layer + 1]), np.arange(len(rows))
        _next_mean(self.table, rows, new, h, self.inner, self.output, self.running_mean.skipped)


@compiled
def _copied(x: Reals) -> Any:
    """Rows for a product."""
    result = rows_for_product(len(x), x.shape[1], x)
    result[:, : x.shape[1]] = x
    return result


@compiled
def _first_gates(table: Table, layer: int, rows: RowNumbers, a: Reals, of: RowNumbers, recurrent: Affine) -> Reals:
    """a + c of the gates r and z: (n, 2 H)."""
    _recur(table, layer, rows, recurrent)
    size = table.hidden.shape[2]
    result = np.empty((len(rows), 2 * size), dtype=table.hidden.dtype)
    for row in range(len(rows)):
        for unit in range(2 * size):
            result[row, unit] = a[of[row], unit] + table.recurrent[layer, rows[row], unit]
    return result


@compiled
def _recur(table: Table, layer: int, rows: RowNumbers, recurrent: Affine) -> None:
    """Compute c of these rows where it is not there yet."""
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


@compiled
def _before_tanh(table: Table, layer: int, rows: RowNumbers, a: Reals, of: RowNumbers, r_and_z: Reals) -> Reals:
    """a_n + r c_n: (n, H)."""
    size = table.hidden.shape[2]
    result = np.empty((len(rows), size), dtype=table.hidden.dtype)
    for row in range(len(rows)):
        for unit in range(size):
            c = table.recurrent[layer, rows[row], 2 * size + unit]
            result[row, unit] = a[of[row], 2 * size + unit] + r_and_z[row, unit] * c
    return result


@compiled
def _next_hidden(table: Table, layer: int, rows: RowNumbers, new: RowNumbers, r_and_z: Reals, n: Reals) -> Any:
    """h', into the table and as (n, H)."""
    size = table.hidden.shape[2]
    result = rows_for_product(len(rows), size, n)
    for row in range(len(rows)):
        table.recurred[new[row], layer] = False
        for unit in range(size):
            h = table.hidden[rows[row], layer, unit]
            result[row, unit] = n[row, unit] + r_and_z[row, size + unit] * (h - n[row, unit])
            table.hidden[new[row], layer, unit] = result[row, unit]
    return result


@compiled
def _next_mean(
    table: Table, rows: RowNumbers, new: RowNumbers, h: Reals, inner: Affine, output: Affine, skipped: int
) -> None:
    """m, and with it the running mean, into the table; see `RunningMean`."""
    between = _affine(h, inner)
    for row in range(len(between)):
        for unit in range(len(inner.weight)):
            between[row, unit] = max(between[row, unit], 0)
    m = _affine(between, output)
    for row in range(len(m)):
        count = table.counts[rows[row], 0] + 1
        averaged = max(count + 1 - skipped, 1)
        table.counts[new[row], 0] = count
        for dimension in range(len(output.weight)):
            mean = table.mean[rows[row], dimension]
            table.mean[new[row], dimension] = mean + (m[row, dimension] - mean) / averaged


@compiled
def _affine(x: Reals, affine: Affine) -> Any:
    """W x + b of rows for a product, as rows for another one."""
    result = rows_for_product(len(x), len(affine.weight), x)
    multiply(x, affine.weight, affine.bias, result, np.arange(len(x)))
    return result
