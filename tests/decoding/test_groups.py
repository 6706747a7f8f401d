"""Laws of decoding if several observations stand at one time: their labels differ."""

import itertools

import numpy as np
import pytest

import oracles
from driving import decode, observations, run
from models import OBSERVATION_MODELS, joint
from uisrnn.decoding.frontier import Limits
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.pool import enrol
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.joint import step_scores
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import renumber

ALONE, JOINS = False, True
PATTERNS = {
    "a pair first": [ALONE, JOINS, ALONE, ALONE, JOINS],
    "a pair between": [ALONE, ALONE, JOINS, ALONE, ALONE, ALONE],
    "groups of three": [ALONE, JOINS, JOINS, ALONE, JOINS, JOINS],
    "a smaller group": [ALONE, JOINS, JOINS, ALONE, JOINS, ALONE],
    "a larger group": [ALONE, ALONE, JOINS, ALONE, JOINS, JOINS],
    "all at once": [ALONE, JOINS, JOINS, JOINS],
}
# model, pattern, assignment, beam_size, look_ahead: each value occurs, not each combination
CASES = [
    ("gru", "a pair first", "paper", 1, 1),
    ("gru", "groups of three", "v0", 10, 2),
    ("gru depth 2", "a smaller group", "paper", 3, 1),
    ("gru v0 mean", "a larger group", "v0", 3, 2),
    ("plda", "a pair between", "v0", 10, 1),
    ("plda", "groups of three", "paper", 2, 3),
    ("context plda", "a smaller group", "v0", 2, 3),
    ("context plda", "a larger group", "paper", 10, 1),
    ("context plda", "a pair first", "paper", 3, 2),
    ("conjugate gaussian", "all at once", "v0", 4, 2),
    ("conjugate gaussian", "a larger group", "paper", 1, 4),
]
MODELS_AND_PATTERNS = [(model, pattern, assignment) for model, pattern, assignment, _, _ in CASES]


def given(model: str, pattern: str, assignment: str = "paper"):
    """A model, observations, and which of them join."""
    joins = np.array(PATTERNS[pattern])
    return joint(OBSERVATION_MODELS[model](), assignment), observations(len(joins), 3), joins


def conflict_free(joins: np.ndarray) -> list[list[int]]:
    return [labels for labels in oracles.partitions(len(joins)) if oracles.is_free_of_conflicts(labels, joins)]


@pytest.mark.parametrize(("name", "pattern", "assignment"), MODELS_AND_PATTERNS)
def test_a_wide_beam_finds_all_partitions_without_conflicts(name, pattern, assignment):
    model, xs, joins = given(name, pattern, assignment)
    scores = {
        tuple(labels): oracles.score(model, xs.astype(float), labels, assignment == "paper", joins=joins)
        for labels in conflict_free(joins)
    }
    found = decode_all(BeamSearch(model, beam_size=1000), [CodedSequence(xs, joins=joins)])[0]
    assert {tuple(one.codes) for one in found} == set(scores)
    assert [-one.log_prob for one in found] == pytest.approx(sorted(scores.values()), rel=1e-9)


@pytest.mark.parametrize(("name", "pattern", "assignment", "beam_size", "look_ahead"), CASES)
def test_it_finds_what_the_plain_beam_search_finds(name, pattern, assignment, beam_size, look_ahead):
    model, xs, joins = given(name, pattern, assignment)
    expected = oracles.beam_search(
        model, xs.astype(float), beam_size, look_ahead, assignment == "paper",
        possible=lambda labels: oracles.is_free_of_conflicts(labels, joins), joins=joins,
    )  # fmt: skip
    found = decode_all(BeamSearch(model, beam_size, look_ahead), [CodedSequence(xs, joins=joins)])[0]
    assert [one.codes.tolist() for one in found] == expected


@pytest.mark.parametrize(("name", "pattern", "assignment", "beam_size", "look_ahead"), CASES)
def test_the_score_of_the_best_beam_is_the_teacher_forced_score(name, pattern, assignment, beam_size, look_ahead):
    model, xs, joins = given(name, pattern, assignment)
    search = BeamSearch(model, beam_size, look_ahead)
    state, infos = run(search, xs, joins)
    forced = step_scores(model, xs, search.labels(state, 0), joins)
    assert infos[-1].score == pytest.approx(forced.sum(), rel=1e-9)


@pytest.mark.parametrize(("name", "pattern", "assignment"), MODELS_AND_PATTERNS)
def test_the_teacher_forced_score_is_the_joint_probability(name, pattern, assignment):
    model, xs, joins = given(name, pattern, assignment)
    for labels in conflict_free(joins)[::7]:
        expected = oracles.score(model, xs.astype(float), labels, assignment == "paper", joins=joins)
        assert step_scores(model, xs, np.array(labels), joins).sum() == pytest.approx(expected, rel=1e-9)


def random_joins(length: int, seed: int) -> np.ndarray:
    joins = np.random.default_rng(seed).random(length) < 0.4
    joins[0] = False
    return joins


@pytest.mark.parametrize(("name", "_pattern", "assignment", "beam_size", "look_ahead"), CASES)
def test_a_batch_is_each_sequence_alone(name, _pattern, assignment, beam_size, look_ahead):
    search = BeamSearch(joint(OBSERVATION_MODELS[name](), assignment), beam_size, look_ahead)
    lengths = (9, 1, 4, 12)
    sequences = [CodedSequence(observations(one, one), joins=random_joins(one, one)) for one in lengths]
    sequences.append(CodedSequence(observations(7)))
    alone = [decode_all(search, [one], 2)[0][0].codes.tolist() for one in sequences]
    assert [found[0].codes.tolist() for found in decode_all(search, sequences, 2)] == alone


@pytest.mark.parametrize(("name", "_pattern", "assignment", "beam_size", "look_ahead"), CASES)
def test_observations_of_one_time_never_share_a_label(name, _pattern, assignment, beam_size, look_ahead):
    search = BeamSearch(joint(OBSERVATION_MODELS[name](), assignment, bias=0.01), beam_size, look_ahead)
    xs = np.zeros((20, 3), dtype=np.float32)  # nothing but the rule tells them apart
    for seed in range(3):
        joins = random_joins(20, seed)
        for one in decode_all(search, [CodedSequence(xs, joins=joins)], 2)[0]:
            assert oracles.is_free_of_conflicts(one.codes.tolist(), joins)


@pytest.mark.parametrize(("beam_size", "look_ahead"), [(3, 1), (4, 2)])
def test_repeated_passes_are_the_labels_of_the_last_copy(beam_size, look_ahead):
    search = BeamSearch(joint(OBSERVATION_MODELS["gru"]()), beam_size, look_ahead)
    xs, joins = observations(6), np.array(PATTERNS["a larger group"])
    state, _infos = run(search, np.tile(xs, (3, 1)), np.tile(joins, 3))
    assert decode(search, xs, 3, joins) == renumber(search.labels(state, 0)[-6:])


@pytest.mark.parametrize(("beam_size", "look_ahead"), [(1, 1), (4, 3)])
def test_a_sequence_longer_than_the_window_is_decoded_the_same(monkeypatch, beam_size, look_ahead):
    search = BeamSearch(joint(OBSERVATION_MODELS["context plda"]()), beam_size, look_ahead)
    xs, joins = observations(23), random_joins(23, 0)
    expected = decode(search, xs, 2, joins)
    monkeypatch.setattr("uisrnn.decoding.lockstep._WINDOW_ROWS", 7)
    assert decode(search, xs, 2, joins) == expected


@pytest.mark.parametrize(("beam_size", "look_ahead"), [(1, 1), (4, 2)])
@pytest.mark.parametrize(
    ("limits", "possible"),
    [
        (Limits(at_most=3), lambda labels: len(set(labels)) <= 3),
        (Limits(4, 4), lambda labels: len(set(labels)) <= 4 <= len(set(labels)) + 6 - len(labels)),
        (Limits(allow_new=False), lambda labels: max(labels) < 3),
    ],
    ids=["max_clusters", "num_clusters", "no new clusters"],
)
def test_limits_hold_within_groups(limits, possible, beam_size, look_ahead):
    model, xs, joins = given("plda", "a larger group")
    names = [observations(2, 10 + seed) for seed in range(3)]
    known = enrol(model.observation, [model.observation.center.new_tensor(one) for one in names])
    expected = oracles.beam_search(
        model, xs.astype(float), beam_size, look_ahead, known=[one.astype(float) for one in names],
        possible=lambda labels: possible(labels) and oracles.is_free_of_conflicts(labels, joins), joins=joins,
    )  # fmt: skip
    search = BeamSearch(model, beam_size, look_ahead, limits, known)
    found = decode_all(search, [CodedSequence(xs, joins=joins)])[0]
    assert [one.codes.tolist() for one in found] == expected


def test_without_joins_all_stays_as_it_is():
    search, xs = BeamSearch(joint(OBSERVATION_MODELS["gru"]()), 4, 2), observations(9)
    nobody = decode_all(search, [CodedSequence(xs, joins=np.zeros(9, dtype=bool))])[0]
    for one, other in itertools.zip_longest(nobody, decode_all(search, [CodedSequence(xs)])[0]):
        assert (one.codes.tolist(), one.log_prob) == (other.codes.tolist(), other.log_prob)
