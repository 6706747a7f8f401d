"""The GRU kernel against torch's own, and its gradient against finite differences."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from uisrnn.model.fast.recurrence import unroll

SHAPES = [(1, 1, 1, 1, 1), (7, 3, 4, 5, 1), (5, 2, 3, 6, 2), (9, 4, 2, 3, 3)]  # time, batch, input, hidden, depth


def made(time, batch, size, hidden, depth, dtype):
    """A GRU, packed sequences of falling lengths as a function of their entries, the entries, and hidden states."""
    gru = nn.GRU(size, hidden, depth, dropout=0.5 if depth > 1 else 0.0).to(dtype)
    lengths = torch.linspace(time, 1, batch).long()
    inputs = torch.randn(time, batch, size, dtype=dtype, requires_grad=True)
    start = torch.randn(depth, batch, hidden, dtype=dtype, requires_grad=True)
    return gru, lambda x: pack_padded_sequence(x, lengths), inputs, start


@pytest.fixture(autouse=True)
def _own_random_state():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_and_gradients_are_those_of_torch(shape):
    gru, pack, inputs, start = made(*shape, torch.float64)
    gru.eval()
    wanted = [inputs, start, *gru.parameters()]
    ours, theirs = unroll(gru, pack(inputs), start).data, gru(pack(inputs), start)[0].data
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn_like(ours)
    mine, others = (torch.autograd.grad((outputs * weight).sum(), wanted) for outputs in (ours, theirs))
    for gradient, expected in zip(mine, others, strict=True):
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_gradient_against_finite_differences(shape):
    gru, pack, inputs, start = made(*shape, torch.float64)
    gru.eval()
    torch.autograd.gradcheck(lambda x, h: unroll(gru, pack(x), h).data, (inputs, start))


def test_gates_may_saturate():
    gru, pack, inputs, start = made(4, 2, 3, 5, 1, torch.float32)
    unroll(gru, pack(inputs * 1e4), start).data.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in gru.parameters())


def test_dropout_between_layers_only_while_training():
    gru, pack, inputs, start = made(6, 2, 3, 8, 2, torch.float64)
    gru.train()
    assert not torch.equal(unroll(gru, pack(inputs), start).data, unroll(gru, pack(inputs), start).data)
    gru.eval()
    assert torch.equal(unroll(gru, pack(inputs), start).data, unroll(gru, pack(inputs), start).data)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_gpu_agrees_with_the_cpu(shape):
    gru, pack, inputs, start = made(*shape, torch.float64)
    gru.eval()
    expected = unroll(gru, pack(inputs), start).data
    torch.testing.assert_close(unroll(gru.cuda(), pack(inputs.cuda()), start.cuda()).data.cpu(), expected)
