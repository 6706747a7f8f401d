"""Many steps in a single call of compiled code: the same as a call for each part of each step."""

import numpy as np
import pytest

from driving import block_of, decode
from models import gru, joint
from uisrnn.decoding.expansion import ObservationError
from uisrnn.decoding.frontier import Positions
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.gru import GRUObservation
from uisrnn.model.observation import PlainStepper
from uisrnn.model.plda import PLDAObservation
from uisrnn.simulation import toy


class PlainGRU(GRUObservation):
    """A GRU whose stepper is not compiled."""

    def stepper(self, states):
        return PlainStepper(self, states)


class PlainPLDA(PLDAObservation):
    """A two-covariance model whose stepper is not compiled."""

    def stepper(self, states):
        return PlainStepper(self, states)


def opened(search):
    state = search.init()
    search.open(state, 0)
    return state


def take(search, state, xs, earlier=0):
    window, positions = block_of(search, state, xs, earlier)
    return search.steps(state, np.array([0]), window, Positions.of(positions))


@pytest.fixture
def search():
    return BeamSearch(joint(gru()), beam_size=6)


@pytest.mark.parametrize(
    ("compiled", "plain"),
    [
        (gru(), PlainGRU(3, 5).double()),
        (PLDAObservation(3, 3).double(), PlainPLDA(3, 3).double()),
        (PLDAObservation(3, 3, context=2).double(), PlainPLDA(3, 3, context=2).double()),
    ],
    ids=["gru", "plda", "context_plda"],
)
def test_a_compiled_stepper_decodes_as_a_plain_stepper(compiled, plain, generator):
    plain.load_state_dict(compiled.state_dict())
    xs = toy.conversation(4 * toy.centers(12, 3, generator), 150, generator, noise=0.5).observations
    states = [opened(BeamSearch(joint(model), beam_size=6)) for model in (compiled, plain)]
    searches = [BeamSearch(joint(model), beam_size=6) for model in (compiled, plain)]
    assert [state.pool.arrays is not None for state in states] == [True, False]
    rows = [take(search, state, xs) for search, state in zip(searches, states, strict=True)]
    assert rows[0] == rows[1]
    labels = [search.labels(state, 0).tolist() for search, state in zip(searches, states, strict=True)]
    assert labels[0] == labels[1]
    scores = [state.beams.labelings["score"] for state in states]
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)


def test_tables_grow_in_the_middle_of_a_call(generator):
    search = BeamSearch(joint(gru(), bias=0.9, crp_alpha=1e4), beam_size=20)
    xs = 5 * generator.normal(size=(120, 3))
    state = opened(search)
    sizes = (state.beams.clusters.shape[1], len(state.tree.holds), state.pool.capacity)
    take(search, state, xs)
    grown = (state.beams.clusters.shape[1], len(state.tree.holds), state.pool.capacity)
    assert all(after > before for before, after in zip(sizes, grown, strict=True))
    assert search.labels(state, 0).tolist() == decode(search, xs)


def test_calls_of_any_number_of_observations_give_the_same_beams(search, generator):
    xs = generator.normal(size=(40, 3))
    states = [opened(search) for _ in range(2)]
    take(search, states[0], xs)
    for time in range(40):
        take(search, states[1], xs[time : time + 1])
    assert states[0].beams.labelings.tolist() == states[1].beams.labelings.tolist()
    assert (states[0].pool.used, states[0].tree.used) == (states[1].pool.used, states[1].tree.used)


@pytest.mark.parametrize("look_ahead", [1, 2])
def test_an_error_names_the_observation_and_keeps_the_steps_before(look_ahead, generator):
    search = BeamSearch(joint(gru()), beam_size=4, look_ahead=look_ahead)
    xs = generator.normal(size=(12, 3))
    xs[7] = 1e200
    state = opened(search)
    with pytest.raises(ObservationError, match="observation 7 is so far") as error:
        take(search, state, xs)
    assert (error.value.slot, error.value.position) == (0, 7)
    taken = 7 if look_ahead == 1 else 6
    assert search.labels(state, 0).tolist() == decode(search, xs[:taken])
    expected = opened(search)
    take(search, expected, xs[:taken])
    assert (state.pool.used, state.tree.used) == (expected.pool.used, expected.tree.used)
