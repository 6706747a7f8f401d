"""Tensors that share their leading axis: cluster states and predictions, a row for each cluster."""

import dataclasses
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

_R = TypeVar("_R", bound="Rows")


@dataclass(frozen=True)
class Rows:
    """Base of dataclasses all of whose fields are tensors with the same leading axis."""

    def tensors(self) -> dict[str, Tensor]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def __len__(self) -> int:
        return len(next(iter(self.tensors().values())))

    def take(self: _R, index: Tensor) -> _R:
        """Copies of the rows at `index` (n,), in that order."""
        return type(self)(**{name: tensor.index_select(0, index) for name, tensor in self.tensors().items()})

    def put(self: _R, index: Tensor, source: _R) -> None:
        """Overwrite the rows at `index` (n,) by the rows of `source`, in place."""
        given = source.tensors()
        for name, tensor in self.tensors().items():
            tensor.index_copy_(0, index, given[name])

    def with_capacity(self: _R, capacity: int) -> _R:
        """A copy with `capacity` rows; the rows after the rows of this object are zero."""
        grown = {}
        for name, tensor in self.tensors().items():
            grown[name] = tensor.new_zeros(capacity, *tensor.shape[1:])
            grown[name][: len(tensor)] = tensor
        return type(self)(**grown)
