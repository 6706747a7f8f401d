"""What a step of the search does, and what it refuses."""

import numpy as np
import pytest

import uisrnn
from driving import block_of, decode, run, step
from models import ConjugateGaussian, gru, joint
from uisrnn.decoding.expansion import ObservationError
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import FRESH
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.gru import GRUObservation
from uisrnn.model.observation import PlainStepper
from uisrnn.sequences.coded import CodedSequence
from uisrnn.simulation import toy


def test_only_distinct_states_go_through_the_network(generator):
    xs = toy.conversation(30 * toy.centers(3, 3, generator), 60, generator, noise=1.0).observations
    state, infos = run(BeamSearch(joint(ConjugateGaussian()), beam_size=10), xs)
    assert state.beams.number[0] == 10
    assert np.mean([info.network_rows for info in infos]) < 6


def test_looking_ahead_costs_subsets_not_tuples(generator):
    """Three observations make at most 2^3 - 1 states of each cluster before the block, and as many of new ones."""
    search = BeamSearch(joint(gru()), beam_size=1, look_ahead=3)
    state, infos = run(search, generator.normal(size=(6, 3)))
    assert infos[1].network_rows <= (state.beams.labelings["clusters"][0] + 1) * (2**3 - 1)


def test_looking_ahead_drops_early_what_cannot_survive(generator):
    """Far clusters: label sequences that mix them are not continued, though all of them would be tuples."""
    xs = toy.conversation(100 * toy.centers(3, 3, generator), 24, generator, noise=0.5).observations
    search = BeamSearch(joint(ConjugateGaussian()), beam_size=2, look_ahead=6)
    _state, infos = run(search, xs)
    assert max(info.network_rows for info in infos[1:]) < 50  # all subsets: more than 3 * 63


def test_the_pool_and_the_tree_hold_only_what_beams_hold(generator):
    search = BeamSearch(joint(gru()), beam_size=5, look_ahead=2)
    state = search.init()
    search.open(state, 0)
    for block in generator.normal(size=(100, 2, 3)):
        step(search, state, block)
        labelings, clusters = state.beams.of_slot(0)
        held = clusters["row"][np.arange(clusters.shape[1]) < labelings["clusters"][:, None]]
        assert state.pool.used == len(np.unique([*held, FRESH]))
        assert np.array_equal(np.bincount(held, minlength=state.pool.capacity)[1:], state.pool.index.holds[1:])
    assert state.pool.capacity <= 256
    labels = [search.labels(state, 0, beam) for beam in range(len(labelings))]
    assert state.tree.used == 1 + len({tuple(one[: time + 1]) for one in labels for time in range(len(one))})
    search.close(state, 0)
    assert (state.pool.used, state.tree.used) == (1, 0)


def test_beams_are_distinct_and_sorted_after_a_cut(generator):
    search = BeamSearch(joint(gru()), beam_size=6)
    state = search.init()
    search.open(state, 0)
    for block in generator.normal(size=(10, 1, 3)):
        info = step(search, state, block)
        number = state.beams.number[0]
        scores = state.beams.labelings["score"][:number]
        assert (np.diff(scores) >= 0).all()
        assert info.score == scores[0]
        assert len({tuple(search.labels(state, 0, beam)) for beam in range(number)}) == number


def test_looking_at_a_block_changes_nothing(generator):
    search = BeamSearch(joint(gru()), beam_size=4, look_ahead=3)
    xs = generator.normal(size=(8, 3))
    state, _infos = run(search, xs[:6])
    before = (state.pool.used, state.tree.used, state.beams.labelings.tolist())
    beam, codes = search.peek(state, 0, *block_of(search, state, xs[6:]))
    assert (state.pool.used, state.tree.used, state.beams.labelings.tolist()) == before
    seen = [*search.labels(state, 0, beam), *codes]
    step(search, state, xs[6:])
    assert search.labels(state, 0).tolist() == seen


def test_an_observation_without_a_finite_score_is_an_error():
    model = gru().float()
    xs = np.zeros((3, 3), dtype=np.float32)
    xs[1] = 3e38
    search = BeamSearch(joint(model), 10)
    with pytest.raises(uisrnn.InputError, match="sequence: observation 1 is so far from all predictions"):
        decode(search, xs, test_iteration=2)
    with pytest.raises(uisrnn.InputError, match="sequence 5: observation 1 is so far"):
        decode_all(search, [CodedSequence(xs, name="sequence 5")])


@pytest.mark.parametrize("look_ahead", [1, 3])
def test_after_an_error_the_state_is_as_before(look_ahead, generator):
    search = BeamSearch(joint(gru()), beam_size=4, look_ahead=look_ahead)
    xs = generator.normal(size=(9, 3))
    state, _infos = run(search, xs[:6])
    used = (state.pool.used, state.tree.used)
    bad = xs[6 : 6 + look_ahead].copy()
    bad[-1] = 1e200
    with pytest.raises(ObservationError, match=f"observation {look_ahead - 1} is so far"):
        step(search, state, bad)
    assert (state.pool.used, state.tree.used) == used
    for block in np.split(xs[6:], 3 // look_ahead):
        step(search, state, block)
    assert search.labels(state, 0).tolist() == decode(search, xs)


def test_looking_too_far_ahead_is_refused(generator):
    """Where clusters are not told apart, nothing can be dropped early."""
    xs = 0.01 * generator.normal(size=(40, 3)).astype(np.float32)
    search = BeamSearch(joint(ConjugateGaussian(), bias=0.5, spread=0), beam_size=10, look_ahead=30)
    with pytest.raises(uisrnn.InputError, match=r"sequence: observation .* choose a smaller look_ahead or beam_size"):
        decode(search, xs)


def test_a_search_that_is_driven_by_hand_keeps_no_gradients(generator):
    """With the plain stepper too, which models on a GPU have: states would hold on to all that they came from."""

    class Plain(GRUObservation):
        def stepper(self, states):
            return PlainStepper(self, states)

    model, xs = gru(), generator.normal(size=(30, 3))
    plain = Plain(3, 5)
    plain.double().load_state_dict(model.state_dict())
    state, _infos = run(BeamSearch(joint(plain), beam_size=4, look_ahead=2), xs)
    assert not any(one.requires_grad for one in state.pool.states(np.arange(state.pool.capacity)).tensors().values())
    assert BeamSearch.labels(state, 0).tolist() == decode(BeamSearch(joint(model), beam_size=4, look_ahead=2), xs)
