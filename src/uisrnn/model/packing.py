"""Sequences of different lengths without padding: step by step, and back.

Packed entries are in the order of `torch.nn.utils.rnn.PackedSequence`: the first entries of all sequences, longest
sequence first, then the second entries, and so on. All indexes are computed on the CPU from the lengths, so a GPU
needs no answer of the CPU. (`pack_padded_sequence`, and a tensor of booleans as an index, wait for the GPU.)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from uisrnn.transfers import page_locked, sent


@dataclass(frozen=True)
class Packing:
    """The places of the entries of some sequences.

    Attributes:
        sizes: (T,) number of sequences that have an entry at each time, on the CPU; the numbers never increase.
        places: (n,) for each entry, time * batch + column of its place among padded sequences.
        earlier: (n - batch,) for each entry that is not the first of its sequence, the number of the entry before it.
    """

    sizes: Tensor
    places: Tensor
    earlier: Tensor

    @staticmethod
    def of(lengths: NDArray[np.int64]) -> "Packing":
        """The packing of sequences with these lengths (batch,), each at least 1, in any order.

        >>> packing = Packing.of(np.array([3, 1]))
        >>> packing.sizes, packing.places, packing.earlier
        (tensor([2, 1, 1]), tensor([0, 1, 2, 4]), tensor([0, 2]))
        """
        order = np.argsort(-lengths, kind="stable")
        is_present = np.arange(lengths.max())[:, None] < lengths[order]  # (T, batch)
        times, ranks = np.nonzero(is_present)
        sizes = is_present.sum(1)
        places = times * len(lengths) + order[ranks]
        earlier = np.arange(sizes[0], len(places)) - np.repeat(sizes[:-1], sizes[1:])
        return Packing(*map(torch.from_numpy, (sizes, places, earlier)))

    @property
    def batch(self) -> int:
        """The number of sequences."""
        return int(self.sizes.numpy()[0])

    def __len__(self) -> int:
        """n, the number of entries."""
        return len(self.places)

    def page_locked(self, device: torch.device) -> "Packing":
        """The same packing, ready for `to`."""
        return Packing(self.sizes, page_locked(self.places, device), page_locked(self.earlier, device))

    def to(self, device: torch.device) -> "Packing":
        """The same packing with its indexes on a device."""
        return Packing(self.sizes, sent(self.places, device), sent(self.earlier, device))

    def pack(self, padded: Tensor) -> Tensor:
        """The entries of padded sequences: (T, batch, D) -> (n, D)."""
        packed: Tensor = _Pack.apply(padded, self.places)  # type: ignore[no-untyped-call]
        return packed

    def pad(self, packed: Tensor) -> Tensor:
        """Padded sequences, zero after the end of each: (n, D) -> (T, batch, D)."""
        shape = (len(self.sizes), self.batch, packed.shape[1])
        padded: Tensor = _Pad.apply(packed, self.places, shape)  # type: ignore[no-untyped-call]
        return padded

    def delayed(self, packed: Tensor) -> Tensor:
        """For each entry the entry before it, and zero for the first entry of a sequence: (n, D) -> (n, D)."""
        return torch.cat([packed.new_zeros(self.batch, packed.shape[1]), packed.index_select(0, self.earlier)])


def _pad(packed: Tensor, places: Tensor, shape: tuple[int, ...]) -> Tensor:
    padded = packed.new_zeros(shape)
    padded.view(-1, shape[-1])[places] = packed
    return padded


class _Pack(torch.autograd.Function):
    """`Packing.pack`; the gradient is `Packing.pad`, because no place has two entries."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.shape = padded.shape
        return padded.flatten(0, 1).index_select(0, places)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return _pad(gradient, ctx.saved_tensors[0], ctx.shape), None


class _Pad(torch.autograd.Function):
    """`Packing.pad`; the gradient is `Packing.pack`."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, places: Tensor, shape: tuple[int, ...]) -> Tensor:
        ctx.save_for_backward(places)
        return _pad(packed, places, shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.flatten(0, 1).index_select(0, ctx.saved_tensors[0]), None, None
