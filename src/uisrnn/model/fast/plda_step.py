"""The step of the two-covariance model for rows of a table on a CPU, compiled."""

from typing import NamedTuple

from torch import Tensor

from uisrnn.compiled import Reals, RowNumbers, compiled
from uisrnn.model.fast.steppers import register


class Table(NamedTuple):
    """Fields of `PLDAStates` as arrays.

    Attributes:
        mean: (rows, F).
        variance: (rows, F).
        number: (rows, 1) number of independent observations that the observations count as.
    """

    mean: Reals
    variance: Reals
    number: Reals


class PLDAStep(NamedTuple):
    """Advances rows by an observation; see `PLDAObservation.advance` for the equation.

    Attributes:
        table: the rows, changed in place.
        between_precision: (F,) 1 / b.
        within: v.
        discount: number of independent observations that an observation counts as.
    """

    table: Table
    between_precision: Reals
    within: float
    discount: float

    def encode(self, x: Tensor) -> Tensor:
        return x

    def move(self, rows: RowNumbers, new: RowNumbers, encoded: Tensor, which: RowNumbers) -> None:
        _move(self, rows, new, encoded.numpy(), which)


@compiled
def _move(step: PLDAStep, rows: RowNumbers, new: RowNumbers, x: Reals, which: RowNumbers) -> None:
    table = step.table
    within = step.within
    discount = step.discount
    for move in range(len(rows)):
        row = rows[move]
        target = new[move]
        taken = which[move]
        number = table.number[row, 0] + discount
        table.number[target, 0] = number
        for dimension in range(x.shape[1]):
            spread = 1.0 / (step.between_precision[dimension] + number / within)
            mean = table.mean[row, dimension]
            table.mean[target, dimension] = mean + discount / within * spread * (x[taken, dimension] - mean)
            table.variance[target, dimension] = within + spread


register(PLDAStep, _move)
