"""Laws of decoding, each written once, over every observation model and every search option."""

import numpy as np
import pytest
import torch

import oracles
from driving import decode, observations, run
from models import OBSERVATION_MODELS, gru, joint
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.joint import step_scores
from uisrnn.sequences.coded import CodedSequence

ASSIGNMENTS = ["paper", "v0"]
OPTIONS = [(1, 1), (3, 1), (10, 1), (1, 2), (4, 2), (2, 3), (5, 4)]  # beam_size, look_ahead
LENGTHS = [1, 2, 5, 9]


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_it_finds_what_the_plain_beam_search_finds(model, assignment, beam_size, look_ahead):
    model = joint(model, assignment)
    for seed, length in enumerate([1, 4, 7]):
        xs = observations(length, seed)
        expected = oracles.beam_search(model, xs.astype(float), beam_size, look_ahead, assignment == "paper")
        found = decode_all(BeamSearch(model, beam_size, look_ahead), [CodedSequence(xs)])[0]
        assert [one.codes.tolist() for one in found] == expected


@pytest.mark.parametrize("scale", [0.1, 2.5])
def test_the_likelihood_scale_multiplies_the_observation_term(model, scale):
    scaled, xs = joint(model, scale=scale), observations(7)
    assert decode(BeamSearch(scaled, 5), xs) == oracles.beam_search(scaled, xs.astype(float), 5, 1)[0]


def test_a_small_likelihood_scale_leaves_the_decision_to_the_prior(model):
    assert decode(BeamSearch(joint(model, bias=0.1, scale=1e-9), 5), observations(9)) == [0] * 9


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("length", [1, 2, 3, 5, 6])
def test_a_wide_beam_finds_the_best_of_all_partitions(model, assignment, length):
    model, xs = joint(model, assignment), observations(length, length)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels, assignment == "paper")
        for labels in oracles.partitions(length)
    }
    best = min(scores, key=scores.get)
    found = decode_all(BeamSearch(model, beam_size=len(scores)), [CodedSequence(xs)])[0]
    assert tuple(found[0].codes) == best
    assert [-one.log_prob for one in found] == pytest.approx(sorted(scores.values()), rel=1e-9)


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
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_the_score_of_the_best_beam_is_the_teacher_forced_score(
    model, assignment, beam_size, look_ahead, length, scale
):
    search, xs = BeamSearch(joint(model, assignment, scale=scale), beam_size, look_ahead), observations(length)
    state, infos = run(search, xs)
    forced = step_scores(search.joint, xs, search.labels(state, 0))
    assert forced.shape == (length,)
    assert infos[-1].score == pytest.approx(forced.sum(), rel=1e-9)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_teacher_forced_score_is_the_joint_probability(model, assignment):
    model, xs = joint(model, assignment), observations(6)
    for labels in ([0] * 6, [0, 1, 2, 3, 4, 5], [0, 1, 1, 0, 2, 1]):
        expected = oracles.score(model, xs.astype(float), labels, assignment == "paper")
        assert step_scores(model, xs, np.array(labels)).sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("test_iteration", [1, 2, 3])
def test_a_batch_is_each_sequence_alone(model, beam_size, look_ahead, test_iteration):
    """Whatever the order, the lengths and the number of threads; scores up to rounding."""
    search = BeamSearch(joint(model), beam_size, look_ahead)
    xs = [CodedSequence(observations(length, length)) for length in [*LENGTHS, 4, 1, 7]]
    alone = [decode_all(search, [x], test_iteration)[0] for x in xs]
    for workers in (1, 3):
        for one, other in zip(decode_all(search, xs, test_iteration, workers), alone, strict=True):
            assert [found.codes.tolist() for found in one] == [found.codes.tolist() for found in other]
            assert [found.log_prob for found in one] == pytest.approx([found.log_prob for found in other], rel=1e-12)


def test_more_sequences_than_slots_take_turns(model):
    search = BeamSearch(joint(model), 3)
    xs = [CodedSequence(observations(1 + seed % 7, seed)) for seed in range(80)]
    alone = [decode(search, one.observations, 2) for one in xs]
    assert [found[0].codes.tolist() for found in decode_all(search, xs, 1)] == [
        decode_all(search, [one], 1)[0][0].codes.tolist() for one in xs
    ]
    assert [decode(search, one.observations, 2) for one in reversed(xs)] == alone[::-1]


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
@pytest.mark.parametrize("test_iteration", [1, 2])
def test_a_sequence_longer_than_the_window_is_decoded_the_same(
    monkeypatch, model, beam_size, look_ahead, test_iteration
):
    search, xs = BeamSearch(joint(model), beam_size, look_ahead), observations(23)
    expected = decode(search, xs, test_iteration)
    monkeypatch.setattr("uisrnn.decoding.lockstep._WINDOW_ROWS", 7)
    assert decode(search, xs, test_iteration) == expected


@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_repeated_passes_are_the_labels_of_the_last_copy(model, beam_size, look_ahead):
    if model.context:
        pytest.skip("a copy knows nothing of the observations before it, unlike one that stands in one sequence")
    search, xs = BeamSearch(joint(model), beam_size, look_ahead), observations(5)
    state, _infos = run(search, np.tile(xs, (3, 1)))
    last = search.labels(state, 0)[-5:].tolist()
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
    xs = [CodedSequence(observations(length)) for length in (12, 5, 1)]
    on_cpu = decode_all(BeamSearch(joint(gru()), beam_size, look_ahead), xs, 2)
    on_gpu = decode_all(BeamSearch(joint(gru().cuda()), beam_size, look_ahead), xs, 2)
    for one, other in zip(on_cpu, on_gpu, strict=True):
        assert one[0].codes.tolist() == other[0].codes.tolist()
        assert one[0].log_prob == pytest.approx(other[0].log_prob, rel=1e-9)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize(("beam_size", "look_ahead"), OPTIONS)
def test_known_clusters_are_clusters_that_took_observations(model, assignment, beam_size, look_ahead):
    model = joint(model, assignment)
    known = [observations(3, 5), observations(1, 6), observations(5, 7)]
    states = enrol(model.observation, [torch.tensor(one, dtype=model.observation.dtype) for one in known])
    search = BeamSearch(model, beam_size, look_ahead, known=states)
    for length in (1, 3, 5):
        xs = observations(length, length)
        as_floats = [one.astype(float) for one in known]
        expected = oracles.beam_search(model, xs.astype(float), beam_size, look_ahead, assignment == "paper", as_floats)
        found = decode_all(search, [CodedSequence(xs), CodedSequence(xs)])
        assert [[one.codes.tolist() for one in labels] for labels in found] == [expected, expected]
        assert -found[0][0].log_prob == pytest.approx(
            oracles.score(model, xs.astype(float), expected[0], assignment == "paper", as_floats), rel=1e-9
        )
