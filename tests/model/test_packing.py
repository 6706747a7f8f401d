"""Packed sequences, beside torch's own packing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from round_trips import RoundTrips
from uisrnn.model.packing import Packing

LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=6).map(lambda lengths: np.array(lengths))


def padded_of(lengths, dim=2):
    """Padded sequences of different numbers, NaN after their ends."""
    padded = torch.arange(1.0, 1 + lengths.max() * len(lengths) * dim).reshape(lengths.max(), len(lengths), dim)
    is_padding = torch.arange(len(padded))[:, None] >= torch.from_numpy(lengths)
    return torch.where(is_padding[:, :, None], torch.nan, padded)


@given(LENGTHS)
@settings(deadline=None)
def test_entries_are_packed_as_by_torch(lengths):
    padded = padded_of(lengths)
    packing = Packing.of(lengths)
    expected = pack_padded_sequence(padded, torch.from_numpy(lengths), enforce_sorted=False)
    assert torch.equal(packing.pack(padded), expected.data)
    assert torch.equal(packing.sizes, expected.batch_sizes)
    assert torch.equal(packing.pad(expected.data), pad_packed_sequence(expected)[0])


@given(LENGTHS)
@settings(deadline=None)
def test_the_delayed_entry_is_the_entry_before(lengths):
    padded = padded_of(lengths)
    packing = Packing.of(lengths)
    before = torch.cat([torch.zeros_like(padded[:1]), padded[:-1]])
    assert torch.equal(packing.delayed(packing.pack(padded)), packing.pack(before))


def test_gradients_go_through_both_ways():
    packing = Packing.of(np.array([2, 4, 1]))
    padded = torch.randn(4, 3, 2, dtype=torch.float64, requires_grad=True)
    packed = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.gradcheck(packing.pack, (padded,))
    torch.autograd.gradcheck(packing.pad, (packed,))


def test_packing_asks_nothing_of_the_device():
    packing = Packing.of(np.array([2, 4, 1]))
    packed = torch.randn(7, 2, requires_grad=True)
    with RoundTrips() as trips:
        packing.pack(packing.pad(packing.delayed(packed))).sum().backward()
    assert trips.waits == {}
    with torch.device("meta"):
        shape = packing.to(torch.device("meta")).pad(torch.empty(7, 2)).shape
    assert shape == (4, 3, 2)


@pytest.mark.parametrize("lengths", [[1], [3, 3], [1, 5]])
def test_the_numbers_of_sequences_and_entries(lengths):
    packing = Packing.of(np.array(lengths))
    assert (packing.batch, len(packing)) == (len(lengths), sum(lengths))
