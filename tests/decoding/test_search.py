"""What a step of the search does, and what it refuses."""

import numpy as np
import pytest
import torch

import uisrnn
from models import ConjugateGaussian, gru, joint
from uisrnn.data import toy
from uisrnn.data.sequences import LabeledSequence
from uisrnn.decoding.offline import decode, decode_all
from uisrnn.decoding.pool import FRESH
from uisrnn.decoding.search import BeamSearch


def test_only_distinct_states_go_through_the_network(generator):
    xs = toy.conversation(30 * toy.centers(3, 3, generator), 60, generator, noise=1.0).observations
    search = BeamSearch(joint(ConjugateGaussian()), beam_size=10)
    state, rows = search.init(), []
    for x in torch.tensor(xs, dtype=torch.float64):
        state, info = search.step(state, x)
        rows.append(info.network_rows)
    assert len(state.beams) == 10
    assert np.mean(rows) < 6


def test_looking_ahead_costs_subsets_not_tuples():
    """With one cluster before the block, 3 observations make at most 2^3 - 1 states of it and as many of new ones."""
    search = BeamSearch(joint(gru()), beam_size=1, look_ahead=3)
    state, total = search.init(), []
    for x in torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)):
        state, info = search.step(state, x)
        total.append(info.network_rows)
    clusters = state.beams.clusters[0]
    assert sum(total[3:]) <= (clusters + 1) * (2**3 - 1)


def test_the_pool_holds_only_what_beams_hold():
    search = BeamSearch(joint(gru()), beam_size=5)
    state = search.init()
    for x in torch.randn(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)):
        state, _info = search.step(state, x)
        assert state.pool.used == len(np.unique([*state.beams.rows.ravel(), FRESH]))
    assert state.pool.capacity <= 256


def test_the_first_observation_starts_the_first_cluster():
    search = BeamSearch(joint(gru()), beam_size=10)
    state, info = search.step(search.init(), torch.zeros(3, dtype=torch.float64))
    assert info.candidates == 1
    assert search.finish(state).tolist() == [0]


def test_no_observation_no_labels():
    search = BeamSearch(joint(gru()), beam_size=10)
    assert search.finish(search.init()).tolist() == []


def test_beams_are_sorted_after_a_cut():
    search = BeamSearch(joint(gru()), beam_size=6)
    state = search.init()
    for x in torch.randn(10, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)):
        state, info = search.step(state, x)
        assert (np.diff(state.beams.score) >= 0).all()
        assert info.score == state.beams.score[0]


def test_an_observation_without_a_finite_score_is_an_error():
    model = gru().float()
    xs = np.zeros((3, 3), dtype=np.float32)
    xs[1] = 3e38
    search = BeamSearch(joint(model), 10)
    with pytest.raises(uisrnn.InputError, match="observation 1 is so far from all predictions"):
        decode(search, xs)
    with pytest.raises(uisrnn.InputError, match="sequence 5: observation 1 is so far"):
        decode_all(search, [LabeledSequence(xs, name="sequence 5")])
