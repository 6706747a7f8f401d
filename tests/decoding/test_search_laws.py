"""Laws of decoding, each written once, over every observation model and every search option.

Each pair of options occurs in some case of a law.
"""

import numpy as np
import pytest
import torch

import oracles
from covering import each_pair
from driving import decode, labels_of, log_probs_of, observations, run
from models import OBSERVATION_MODELS, gru, joint
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.joint import step_scores
from uisrnn.sequences.coded import CodedSequence

ASSIGNMENTS = ["paper", "v0"]
SIZES = [(1, 1), (3, 1), (10, 1), (1, 2), (4, 2), (2, 3), (5, 4)]  # beam_size, look_ahead
LENGTHS = [1, 2, 5, 9]
# a copy of a sequence does not see the copy before it, unlike the second half of a sequence of two copies
WITHOUT_CONTEXT = [name for name, model in OBSERVATION_MODELS.items() if not model().context]


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS, size=SIZES, length=[1, 4, 7])
def test_it_finds_what_the_plain_beam_search_finds(name, assignment, size, length):
    model, xs = joint(OBSERVATION_MODELS[name](), assignment), observations(length, length)
    expected = oracles.beam_search(model, xs.astype(float), *size, assignment == "paper")
    assert labels_of(decode_all(BeamSearch(model, *size), [CodedSequence(xs)])[0]) == expected


@pytest.mark.parametrize("scale", [0.1, 2.5])
def test_the_likelihood_scale_multiplies_the_observation_term(model, scale):
    scaled, xs = joint(model, scale=scale), observations(7)
    assert decode(BeamSearch(scaled, 5), xs) == oracles.beam_search(scaled, xs.astype(float), 5, 1)[0]


def test_a_small_likelihood_scale_leaves_the_decision_to_the_prior(model):
    assert decode(BeamSearch(joint(model, bias=0.1, scale=1e-9), 5), observations(9)) == [0] * 9


@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS, length=[1, 2, 3, 5, 6])
def test_a_wide_beam_finds_the_best_of_all_partitions(name, assignment, length):
    model, xs = joint(OBSERVATION_MODELS[name](), assignment), observations(length, length)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels, assignment == "paper")
        for labels in oracles.partitions(length)
    }
    best = min(scores, key=scores.get)
    beam = decode_all(BeamSearch(model, beam_size=len(scores)), [CodedSequence(xs)])[0]
    assert tuple(beam[0].codes) == best
    assert log_probs_of(beam) == pytest.approx([-score for score in sorted(scores.values())], rel=1e-9)


@pytest.mark.slow
@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS)
def test_a_wide_beam_finds_the_best_of_all_partitions_of_seven(name, assignment):
    test_a_wide_beam_finds_the_best_of_all_partitions(name, assignment, 7)


def test_looking_ahead_over_everything_is_exhaustive_with_any_beam(model):
    model, xs = joint(model), observations(5)
    expected = decode(BeamSearch(model, beam_size=1000), xs)
    assert decode(BeamSearch(model, beam_size=1, look_ahead=5), xs) == expected
    assert decode(BeamSearch(model, beam_size=1, look_ahead=50), xs) == expected


@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS, size=SIZES, length=LENGTHS, scale=[1.0, 0.3])
def test_the_score_of_the_best_beam_is_the_teacher_forced_score(name, assignment, size, length, scale):
    search = BeamSearch(joint(OBSERVATION_MODELS[name](), assignment, scale=scale), *size)
    xs = observations(length)
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


@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS, size=SIZES, test_iteration=[1, 2, 3], workers=[1, 3])
def test_a_batch_is_each_sequence_alone(name, assignment, size, test_iteration, workers):
    """Whatever the order, the lengths and the number of threads; scores up to rounding."""
    search = BeamSearch(joint(OBSERVATION_MODELS[name](), assignment), *size)
    xs = [CodedSequence(observations(length, length)) for length in [*LENGTHS, 4, 1, 7]]
    alone = [decode_all(search, [x], test_iteration)[0] for x in xs]
    for beam, expected in zip(decode_all(search, xs, test_iteration, workers), alone, strict=True):
        assert labels_of(beam) == labels_of(expected)
        assert log_probs_of(beam) == pytest.approx(log_probs_of(expected), rel=1e-12)


@pytest.mark.parametrize("test_iteration", [1, 2])
def test_more_sequences_than_slots_take_turns(model, test_iteration):
    search = BeamSearch(joint(model), 3)
    xs = [CodedSequence(observations(1 + seed % 7, seed)) for seed in range(80)]
    alone = [labels_of(decode_all(search, [x], test_iteration)[0]) for x in xs]
    assert [labels_of(beam) for beam in decode_all(search, xs, test_iteration)] == alone
    assert [labels_of(beam) for beam in decode_all(search, xs[::-1], test_iteration)] == alone[::-1]


@each_pair(name=OBSERVATION_MODELS, size=SIZES, test_iteration=[1, 2])
def test_a_sequence_longer_than_the_window_is_decoded_the_same(monkeypatch, name, size, test_iteration):
    search, xs = BeamSearch(joint(OBSERVATION_MODELS[name]()), *size), observations(23)
    expected = decode(search, xs, test_iteration)
    monkeypatch.setattr("uisrnn.decoding.lockstep._WINDOW_ROWS", 7)
    assert decode(search, xs, test_iteration) == expected


@each_pair(name=WITHOUT_CONTEXT, size=SIZES)
def test_repeated_passes_are_the_labels_of_the_last_copy(name, size):
    search, xs = BeamSearch(joint(OBSERVATION_MODELS[name]()), *size), observations(5)
    state, _infos = run(search, np.tile(xs, (3, 1)))
    last = search.labels(state, 0)[-5:].tolist()
    first_appearance = list(dict.fromkeys(last))
    assert decode(search, xs, test_iteration=3) == [first_appearance.index(label) for label in last]


@each_pair(depth=[1, 2], size=SIZES)
def test_single_precision_agrees_with_double(depth, size):
    double, single = gru(depth), gru(depth).float()
    xs = observations(12)
    labels = decode(BeamSearch(joint(double), *size), xs)
    assert decode(BeamSearch(joint(single), *size), xs) == labels
    expected = step_scores(joint(double), xs, np.array(labels))
    assert step_scores(joint(single), xs, np.array(labels)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("size", SIZES)
def test_a_gpu_agrees_with_the_cpu(size):
    xs = [CodedSequence(observations(length)) for length in (12, 5, 1)]
    on_cpu = decode_all(BeamSearch(joint(gru()), *size), xs, 2)
    on_gpu = decode_all(BeamSearch(joint(gru().cuda()), *size), xs, 2)
    for cpu, gpu in zip(on_cpu, on_gpu, strict=True):
        assert cpu[0].codes.tolist() == gpu[0].codes.tolist()
        assert cpu[0].log_prob == pytest.approx(gpu[0].log_prob, rel=1e-9)


@each_pair(name=OBSERVATION_MODELS, assignment=ASSIGNMENTS, size=SIZES, length=[1, 3, 5])
def test_known_clusters_are_clusters_that_took_observations(name, assignment, size, length):
    model, xs = joint(OBSERVATION_MODELS[name](), assignment), observations(length, length)
    enrolled = [observations(3, 5), observations(1, 6), observations(5, 7)]
    states = enrol(model.observation, [torch.tensor(x, dtype=model.observation.dtype) for x in enrolled])
    given = (assignment == "paper", [x.astype(float) for x in enrolled])
    expected = oracles.beam_search(model, xs.astype(float), *size, *given)
    beams = decode_all(BeamSearch(model, *size, known=states), [CodedSequence(xs), CodedSequence(xs)])
    assert [labels_of(beam) for beam in beams] == [expected, expected]
    best = oracles.score(model, xs.astype(float), expected[0], *given)
    assert -beams[0][0].log_prob == pytest.approx(best, rel=1e-9)
