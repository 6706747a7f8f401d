"""Batches of cluster sequences."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uisrnn.data.sequences import CodedSequence
from uisrnn.training.batching import ClusterSequences, join, pad, permute_blocks

CODES = np.array([0, 0, 1, 0, 1, 1, 2])
OBSERVATIONS = np.arange(14, dtype=np.float32).reshape(7, 2)


def test_padding_is_known_from_lengths_never_from_values():
    batch = pad([np.zeros((1, 2), np.float32), np.zeros((3, 2), np.float32)])
    assert batch.lengths.tolist() == [3, 1]
    assert batch.mask.tolist() == [[True, True], [True, False], [True, False]]
    assert batch.observations.shape == (3, 2, 2)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_the_mask_picks_exactly_the_observations(lengths):
    sequences = [np.full((length, 1), number + 1, np.float32) for number, length in enumerate(lengths)]
    batch = pad(sequences)
    picked = sorted(batch.observations[batch.mask].ravel().tolist())
    assert picked == sorted(itertools.chain(*(one.ravel().tolist() for one in sequences)))
    assert (batch.observations[~batch.mask] == 0).all()


def test_blocks_stay_whole_and_move(generator):
    orders = permute_blocks(np.array([1, 2, 6, 10, 11, 12]), 50, generator)
    blocks = [[1, 2], [6], [10, 11, 12]]
    possible = {tuple(itertools.chain(*order)) for order in itertools.permutations(blocks)}
    assert {tuple(order.tolist()) for order in orders} == possible


def test_every_cluster_has_its_permutations(generator):
    sequences = ClusterSequences(OBSERVATIONS, CODES, 3, None, generator)
    assert [sorted(index.tolist()) for index in sequences.indexes] == [[0, 1, 3]] * 3 + [[2, 4, 5]] * 3 + [[6]] * 3


@pytest.mark.parametrize("num_permutations", [None, 0, 1])
def test_without_permutations_the_order_is_that_of_the_data(num_permutations, generator):
    sequences = ClusterSequences(OBSERVATIONS, CODES, num_permutations, None, generator)
    assert [index.tolist() for index in sequences.indexes] == [[0, 1, 3], [2, 4, 5], [6]]


@given(length=st.integers(1, 40), max_length=st.integers(1, 12))
def test_long_sequences_are_cut_and_nothing_is_lost(length, max_length):
    codes = np.zeros(length, dtype=int)
    sequences = ClusterSequences(np.zeros((length, 1), np.float32), codes, None, max_length, np.random.default_rng(0))
    assert np.concatenate(sequences.indexes).tolist() == list(range(length))
    assert 1 <= min(map(len, sequences.indexes)) <= max(map(len, sequences.indexes)) <= max_length


def test_all_at_once_is_each_once(generator):
    batches = ClusterSequences(OBSERVATIONS, CODES, None, None, generator).batches(None)
    first = next(batches)
    assert first.lengths.tolist() == [3, 3, 1]
    assert next(batches) is first


def test_batches_are_drawn_with_replacement(generator):
    batches = ClusterSequences(OBSERVATIONS, CODES, None, None, generator).batches(5)
    assert all(next(batches).observations.shape[1] == 5 for _ in range(3))


@pytest.mark.parametrize(("unique", "expected"), [(True, [0, 1, 0, 2, 3, 2]), (False, [0, 1, 0, 0, 1, 0])])
def test_joined_sequences_share_clusters_or_not(unique, expected):
    one = CodedSequence(OBSERVATIONS[:3], np.array([0, 1, 0]))
    observations, codes = join([one, one], unique)
    assert codes.tolist() == expected
    assert (observations == np.concatenate([OBSERVATIONS[:3]] * 2)).all()
