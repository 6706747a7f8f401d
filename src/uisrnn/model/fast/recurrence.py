"""The GRU over whole sequences, forward and back through time.

On a CPU, torch's own GRU multiplies the gradient of the weights at each time step, and, for packed sequences, clears
memory that grows with the square of the length. Here the gradient of the weights is a single product for all steps, so
most of the time goes to the matrix product of the recurrence.

For one layer, with gates in torch's order r, z, n and a_t = W_ih x_t + b_ih, c_t = W_hh h_{t-1} + b_hh:

    r = sigmoid(a_r + c_r)    z = sigmoid(a_z + c_z)    n = tanh(a_n + r c_n)    h_t = n + z (h_{t-1} - n)

Sequences are packed as in `torch.nn.utils.rnn.PackedSequence`: the first entries of all sequences, longest sequence
first, then the second entries, and so on. So the entries of step t are a slice, and their previous hidden states are
the beginning of the slice of step t - 1.
"""

from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence


class _Layer(torch.autograd.Function):
    """A GRU layer, from its projected inputs to its hidden states."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, hidden: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Tensor:
        """Hidden states h_1 .. h_T.

        Args:
            ctx: keeps tensors for `backward`.
            projected: (entries, 3 H) a, packed.
            hidden: (batch, H) h_0.
            weight: (3 H, H) W_hh.
            bias: (3 H,) b_hh.
            sizes: number of entries at each step, not increasing.

        Returns:
            (entries, H), packed.
        """
        batch, size = hidden.shape
        states = torch.cat([hidden, projected.new_empty(len(projected), size)])
        gates = projected.new_empty(len(projected), 2 * size)  # r and z
        candidates = projected.new_empty(len(projected), size)  # n
        inner = projected.new_empty(len(projected), size)  # c_n
        transposed = weight.t()
        for entries, before in _slices(batch, sizes):
            recurrent = torch.addmm(bias, states[before], transposed)
            a = projected[entries]
            r_and_z = gates[entries]
            n = candidates[entries]
            c_n = inner[entries]
            torch.add(a[:, : 2 * size], recurrent[:, : 2 * size], out=r_and_z).sigmoid_()
            c_n.copy_(recurrent[:, 2 * size :])
            torch.addcmul(a[:, 2 * size :], r_and_z[:, :size], c_n, out=n).tanh_()
            torch.lerp(n, states[before], r_and_z[:, size:], out=states[batch:][entries])
        ctx.sizes = sizes
        ctx.save_for_backward(states, gates, candidates, inner, weight)
        return states[batch:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        """Gradients with respect to `projected`, `hidden`, `weight` and `bias`."""
        states, gates, candidates, inner, weight = ctx.saved_tensors
        size = candidates.shape[1]
        slices = _slices(len(states) - len(candidates), ctx.sizes)
        before = torch.cat([states[previous] for _entries, previous in slices])
        r = gates[:, :size]
        z = gates[:, size:]
        # derivatives of h by a_z, a_n and a_r, all entries at once; derivatives by c are the same, except for c_n
        by_z = (before - candidates) * z * (1 - z)
        by_n = (1 - z) * (1 - candidates.square())
        by_inner = by_n * r
        by_r = by_inner * inner * (1 - r)
        through_hidden = torch.empty_like(candidates)
        through_recurrent = gradient.new_empty(len(gradient), 3 * size)
        carried = gradient.new_zeros(len(states) - len(candidates), size)
        column_major = weight.t().contiguous().t()  # a tenth faster to multiply few rows with
        for entries, _before in reversed(slices):
            step = through_recurrent[entries]
            active = carried[: len(step)]
            total = torch.add(active, gradient[entries], out=through_hidden[entries])
            torch.mul(total, by_r[entries], out=step[:, :size])
            torch.mul(total, by_z[entries], out=step[:, size : 2 * size])
            torch.mul(total, by_inner[entries], out=step[:, 2 * size :])
            torch.addmm(total * z[entries], step, column_major, out=active)
        by_projected = torch.cat([through_recurrent[:, : 2 * size], through_hidden * by_n], dim=1)
        return by_projected, carried, through_recurrent.t() @ before, through_recurrent.sum(0), None


def _slices(batch: int, sizes: list[int]) -> list[tuple[slice, slice]]:
    """For each step, the slice of its entries, and the slice of their previous states among h_0 and all entries."""
    starts = list(accumulate(sizes, initial=0))[:-1]
    previous = [0, *(batch + start for start in starts[:-1])]
    return [
        (slice(start, start + size), slice(before, before + size))
        for start, before, size in zip(starts, previous, sizes, strict=True)
    ]


def unroll(gru: nn.GRU, inputs: PackedSequence, hidden: Tensor) -> PackedSequence:
    """Outputs of the last layer of `gru`, with its dropout between layers while it is in training mode.

    Args:
        gru: the layers and their weights; unidirectional.
        inputs: packed inputs of the first layer.
        hidden: (depth, batch, H) in the order of the packed sequences, longest first.

    Returns:
        Packed as the inputs are. On a GPU this is torch's own GRU.
    """
    if inputs.data.is_cuda:
        # cudnn has no way back in evaluation mode, and a dropout of its own that follows no seed
        with torch.backends.cudnn.flags(enabled=gru.training and not torch.are_deterministic_algorithms_enabled()):
            packed = PackedSequence(inputs.data, inputs.batch_sizes)
            return inputs._replace(data=gru(packed, hidden.contiguous())[0].data)
    data = inputs.data
    sizes = inputs.batch_sizes.tolist()
    for layer in range(gru.num_layers):
        weight_ih, weight_hh, bias_ih, bias_hh = gru.all_weights[layer]
        projected = functional.linear(data, weight_ih, bias_ih)
        data = _Layer.apply(projected, hidden[layer], weight_hh, bias_hh, sizes)  # type: ignore[no-untyped-call]
        if layer < gru.num_layers - 1:
            data = functional.dropout(data, gru.dropout, gru.training)
    return inputs._replace(data=data)
