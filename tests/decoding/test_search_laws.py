"""Laws of decoding, each written once, over every observation model and every search option."""

import copy

import numpy as np
import pytest
import torch

import oracles
from models import OBSERVATION_MODELS, gru, joint
from uisrnn.data.sequences import LabeledSequence
from uisrnn.decoding.offline import decode, decode_all
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.joint import step_scores

ASSIGNMENTS = ["paper", "v0"]
OPTIONS = [(1, 1), (3, 1), (10, 1), (1, 2), (4, 2), (2, 3), (5, 4)]  # beam_size, look_ahead
LENGTHS = [1, 2, 5, 9]


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


def observations(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(length, 3)).astype(np.float32)


def run(search: BeamSearch, xs: np.ndarray):
    """The state after all observations, and the info of each step."""
    state, infos = search.init(), []
    for x in torch.tensor(xs, dtype=search.joint.observation.dtype):
        state, info = search.step(state, x)
        infos.append(info)
    return state, infos


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_it_finds_what_the_plain_beam_search_finds(model, assignment, beam_size, look_ahead):
    model = joint(model, assignment)
    for seed, length in enumerate([1, 4, 7]):
        xs = observations(length, seed)
        expected = oracles.beam_search(model, xs.astype(float), beam_size, look_ahead, assignment == "paper")
        assert decode(BeamSearch(model, beam_size, look_ahead), xs) == expected


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("length", [1, 2, 3, 5, 6])
def test_a_wide_beam_finds_the_best_of_all_partitions(model, assignment, length):
    model, xs = joint(model, assignment), observations(length, length)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels, assignment == "paper")
        for labels in oracles.partitions(length)
    }
    best = min(scores, key=scores.get)
    state, infos = run(BeamSearch(model, beam_size=len(scores)), xs)
    assert tuple(BeamSearch(model, 1).finish(state)) == best
    assert infos[-1].score == pytest.approx(scores[best], rel=1e-9)
    assert np.sort(state.beams.score) == pytest.approx(sorted(scores.values()), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_wide_beam_finds_the_best_of_all_partitions_of_seven(model, assignment):
    test_a_wide_beam_finds_the_best_of_all_partitions(model, assignment, 7)


def test_looking_ahead_over_everything_is_exhaustive_with_any_beam(model):
    model, xs = joint(model), observations(5)
    expected = decode(BeamSearch(model, beam_size=1000), xs)
    assert decode(BeamSearch(model, beam_size=1, look_ahead=5), xs) == expected
    assert decode(BeamSearch(model, beam_size=1, look_ahead=50), xs) == expected


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("length", LENGTHS)
def test_the_score_of_the_best_beam_is_the_teacher_forced_score(model, assignment, beam_size, look_ahead, length):
    search, xs = BeamSearch(joint(model, assignment), beam_size, look_ahead), observations(length)
    state, infos = run(search, xs)
    forced = step_scores(search.joint, xs, search.finish(state))
    assert forced.shape == (length,)
    assert infos[-1].score == pytest.approx(forced.sum(), rel=1e-9)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_teacher_forced_score_is_the_joint_probability(model, assignment):
    model, xs = joint(model, assignment), observations(6)
    for labels in ([0] * 6, [0, 1, 2, 3, 4, 5], [0, 1, 1, 0, 2, 1]):
        expected = oracles.score(model, xs.astype(float), labels, assignment == "paper")
        assert step_scores(model, xs, np.array(labels)).sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_asking_for_labels_on_the_way_changes_nothing(model, beam_size, look_ahead):
    search, xs = BeamSearch(joint(model), beam_size, look_ahead), observations(9)
    state = search.init()
    for time, x in enumerate(torch.tensor(xs, dtype=model.dtype)):
        assert len(search.finish(state)) == time
        state, _info = search.step(state, x)
    assert search.finish(state).tolist() == decode(search, xs)


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_a_copied_state_goes_on_as_if_never_interrupted(model, beam_size, look_ahead):
    search, xs = BeamSearch(joint(model), beam_size, look_ahead), observations(9)
    steps = torch.tensor(xs, dtype=model.dtype)
    state, _infos = run(search, xs[:4])
    restored = copy.deepcopy(state)
    run(search, observations(5, seed=9))  # something else in between
    for x in steps[4:]:
        state, _info = search.step(state, x)
        restored, _info = search.step(restored, x)
    assert search.finish(state).tolist() == search.finish(restored).tolist() == decode(search, xs)


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("test_iteration", [1, 2, 3])
def test_a_batch_is_each_sequence_alone(model, beam_size, look_ahead, test_iteration):
    search = BeamSearch(joint(model), beam_size, look_ahead)
    xs = [observations(length, length) for length in LENGTHS]
    alone = [decode(search, one, test_iteration) for one in xs]
    sequences = [LabeledSequence(one) for one in xs]
    for workers in (1, 3):
        assert decode_all(search, sequences, test_iteration, workers) == alone


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_repeated_passes_are_the_labels_of_the_last_copy(model, beam_size, look_ahead):
    search, xs = BeamSearch(joint(model), beam_size, look_ahead), observations(5)
    state, _infos = run(search, np.tile(xs, (3, 1)))
    last = search.finish(state)[-5:].tolist()
    first_appearance = list(dict.fromkeys(last))
    assert decode(search, xs, test_iteration=3) == [first_appearance.index(label) for label in last]


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("depth", [1, 2])
def test_single_precision_agrees_with_double(depth, beam_size, look_ahead):
    double, single = gru(depth), gru(depth).float()
    xs = observations(12)
    labels = decode(BeamSearch(joint(double), beam_size, look_ahead), xs)
    assert decode(BeamSearch(joint(single), beam_size, look_ahead), xs) == labels
    expected = step_scores(joint(double), xs, np.array(labels))
    assert step_scores(joint(single), xs, np.array(labels)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_a_gpu_agrees_with_the_cpu(beam_size, look_ahead):
    xs = observations(12)
    expected = decode(BeamSearch(joint(gru()), beam_size, look_ahead), xs)
    assert decode(BeamSearch(joint(gru().cuda()), beam_size, look_ahead), xs) == expected
