"""Training on sequences with observations of one time."""

from math import log

import numpy as np
import pytest
import torch

import oracles
import uisrnn
from driving import observations
from models import OBSERVATION_MODELS, joint
from uisrnn.corpus.corpus import Corpus
from uisrnn.model.assignment import AlphaEvidence
from uisrnn.model.groups import events_of
from uisrnn.model.joint import step_scores
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import renumber
from uisrnn.training.expected_errors import expected_errors
from uisrnn.training.scalars import ALPHA_PRIOR, crp_alpha_of, transition_bias_of, transition_spread_of
from uisrnn.training.sequence_scores import LabelHypotheses, LearnedPrior, negative_log_joints
from uisrnn.training.team import SINGLE_PROCESS

JOINS = np.array([0, 1, 0, 0, 1, 1, 0, 1], dtype=bool)
LABELS = [np.array(labels) for labels in ([0, 1, 1, 0, 2, 3, 3, 1], [0, 1, 0, 0, 1, 2, 0, 1], [0, 1, 2, 2, 0, 1, 3, 0])]


@pytest.mark.parametrize(
    ("name", "assignment"), [*((name, "paper") for name in OBSERVATION_MODELS), ("context plda", "v0"), ("gru", "v0")]
)
def test_scores_are_the_teacher_forced_ones_of_the_decoder(name, assignment):
    model, xs = OBSERVATION_MODELS[name](), [observations(8, seed) for seed in range(2)]
    plain = np.zeros(8, dtype=bool)
    owners = np.array([0, 0, 0, 1])
    given = LabelHypotheses(owners, [*LABELS, np.array([0, 0, 1, 1, 2, 0, 0, 1])], [JOINS, plain])
    prior = LearnedPrior(joint(None, assignment, scale=0.7))
    scores = negative_log_joints(model, prior, [torch.from_numpy(x).double() for x in xs], given)
    decoder = joint(model, assignment, scale=0.7)
    expected = [
        step_scores(decoder, xs[owner], codes, given.joins[owner]).sum()
        for owner, codes in zip(owners, given.codes, strict=True)
    ]
    assert scores.tolist() == pytest.approx(expected)


def test_expected_errors_are_those_of_all_partitions_without_conflicts():
    model, joins, x = OBSERVATION_MODELS["context plda"](), np.array([False, True, False]), observations(3)
    sequence = CodedSequence(x, np.array([0, 1, 0]), joins=joins)
    candidates = [labels for labels in oracles.partitions(3) if oracles.is_free_of_conflicts(labels, joins)]
    assert candidates == [[0, 1, 0], [0, 1, 1], [0, 1, 2]]
    decoder = joint(model, scale=0.7)
    scores = np.array([oracles.score(decoder, x.astype(float), labels, joins=joins) for labels in candidates])
    probabilities = np.exp(-scores) / np.exp(-scores).sum()
    found = expected_errors(model, LearnedPrior(decoder), [sequence])
    assert found.item() == pytest.approx(probabilities @ [0, 1 / 3, 1 / 3])


def corpus_of(joins: np.ndarray | None) -> Corpus:
    return Corpus.of([CodedSequence(observations(8), labels, joins=joins) for labels in LABELS])


def test_p0_is_the_share_of_changes_among_the_observations_that_could_go_on():
    changes = sum(exponents(labels)[0] for labels in LABELS)
    stays = sum(exponents(labels)[1] for labels in LABELS)
    expected = (changes + 1) / (changes + stays + 2), changes + stays + 2
    assert transition_bias_of(corpus_of(JOINS), SINGLE_PROCESS) == pytest.approx(expected)


def log_prior(labels: np.ndarray, bias: float, alpha: float = 0.7, spread: float = 0.0) -> float:
    """log p(y, z) of a sequence, by the oracle."""
    model = joint(None, bias=bias, crp_alpha=alpha, spread=spread)
    beginnings = [labels[: time + 1].tolist() for time in range(len(labels))]
    return sum(log(oracles.label_probability(model, labels, True, 0, JOINS)) for labels in beginnings)


def exponents(labels: np.ndarray) -> tuple[int, int]:
    """How often p0 and 1 - p0 are factors of p(y, z), from p(y, z) at three values of p0."""
    at_half, at_quarter, at_eighth = (log_prior(labels, bias) for bias in (1 / 2, 1 / 4, 1 / 8))
    factors = [[log(1 / 2), log(3 / 2)], [log(1 / 2), log(7 / 6)]]
    changes, stays = np.linalg.solve(factors, [at_quarter - at_half, at_eighth - at_quarter])
    return round(changes), round(stays)


def test_no_spread_of_a_grid_is_more_probable_than_the_estimate():
    rates = np.random.default_rng(0).beta(2, 6, size=40)
    draws = np.random.default_rng(1).random((40, 60)) < rates[:, None]
    sequences = [CodedSequence(np.zeros((60, 1)), np.cumsum(changes) % 2) for changes in draws]
    sequences.append(CodedSequence(np.zeros((8, 1)), LABELS[0], joins=JOINS))
    counts = [events_of(np.array(renumber(made.labels)), made.joining)[0][:2] for made in sequences]
    steps = torch.tensor(np.array(counts)).unbind(1)

    def log_likelihood(spread: float) -> float:
        transition = LearnedPrior(joint(None, bias=0.25, spread=spread))
        return transition.log_transitions(*steps, longest=60).sum().item()

    best = transition_spread_of(Corpus.of(sequences), 0.25, SINGLE_PROCESS)
    assert best == pytest.approx(1 / 8, rel=0.5)  # Beta(2, 6)
    assert all(log_likelihood(best) >= log_likelihood(spread) for spread in [0.0, *np.geomspace(1e-4, 1, 200)])


def test_equal_change_rates_have_no_spread():
    labels = np.arange(100) // 10 % 2
    corpus = Corpus.of([CodedSequence(np.zeros((100, 1)), labels) for _ in range(5)])
    assert transition_spread_of(corpus, 9 / 99, SINGLE_PROCESS) == 0


def test_no_alpha_of_a_grid_is_more_probable_than_the_estimate():
    shape, rate = ALPHA_PRIOR

    def log_posterior(alpha: float) -> float:
        evidence = sum(log_prior(labels, 0.3, alpha) for labels in LABELS)
        return evidence + (shape - 1) * log(alpha) - rate * alpha

    best = crp_alpha_of(corpus_of(JOINS), SINGLE_PROCESS)
    assert all(log_posterior(best) >= log_posterior(alpha) for alpha in np.geomspace(0.01, 100, 400))


def test_joins_that_never_join_change_no_estimate():
    nobody = np.zeros(8, dtype=bool)
    assert transition_bias_of(corpus_of(nobody), SINGLE_PROCESS) == transition_bias_of(corpus_of(None), SINGLE_PROCESS)
    assert crp_alpha_of(corpus_of(nobody), SINGLE_PROCESS) == crp_alpha_of(corpus_of(None), SINGLE_PROCESS)


def test_other_names_of_the_labels_change_no_estimate():
    other_names = np.array([5, 2, 9, 0])
    renamed = Corpus.of([CodedSequence(observations(8), other_names[labels], joins=JOINS) for labels in LABELS])
    assert transition_bias_of(renamed, SINGLE_PROCESS) == transition_bias_of(corpus_of(JOINS), SINGLE_PROCESS)
    assert crp_alpha_of(renamed, SINGLE_PROCESS) == crp_alpha_of(corpus_of(JOINS), SINGLE_PROCESS)


def test_evidence_leaves_out_changes_that_can_only_lead_to_a_new_cluster():
    evidence = AlphaEvidence.of_groups(np.array([0, 1, 2, 0, 3]), np.array([False, True, False, False, True]))
    assert evidence.new == 1  # the last observation, which label 1 could have taken
    assert evidence.others.tolist() == [0, 1, 1]  # the last observation, and the observation before it


@pytest.mark.parametrize("observation_model", ["gru", "context_plda"])
def test_a_model_learns_and_labels_overlapping_talk(observation_model):
    generator = np.random.default_rng(0)
    centers = 10 * np.eye(3, 4)

    def conversation(number: int) -> uisrnn.LabeledSequence:
        groups = [generator.permutation(3)[: generator.integers(1, 3)] for _ in range(20)]
        labels = np.concatenate(groups)
        times = np.repeat(np.arange(20.0), [len(group) for group in groups])
        x = centers[labels] + 0.1 * generator.normal(size=(len(labels), 4))
        return uisrnn.LabeledSequence(x, labels.tolist(), times, name=f"call {number}")

    model = uisrnn.UISRNN(
        uisrnn.ModelArguments(
            observation_model=observation_model, observation_dim=4, rnn_hidden_size=8, plda_dim=3, seed=0, verbosity=0
        )
    )
    args = uisrnn.TrainingArguments(train_iteration=20, discriminative_iteration=2)
    model.fit([conversation(number) for number in range(6)], args=args)
    test = conversation(6)
    found = model.predict(test)
    joins = np.append(False, np.diff(test.times) == 0)
    assert oracles.is_free_of_conflicts(found, joins)
    assert found == model.predict(test.observations, joins=joins)
