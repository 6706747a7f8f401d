"""Discriminative training: its scores are the decoder's, its gradients right, and it improves what it is given."""

import itertools

import numpy as np
import pytest
import torch

import oracles
from driving import observations
from models import DIM, OBSERVATION_MODELS, joint, plda
from uisrnn.data.labels import renumber
from uisrnn.data.sequences import CodedSequence
from uisrnn.errors import TrainingError
from uisrnn.model.conventions import ASSIGNMENTS
from uisrnn.model.joint import step_scores
from uisrnn.progress import Silent
from uisrnn.training.discriminative import CROP_LENGTH, Crops, Fold, train_discriminatively
from uisrnn.training.hypotheses import Hypotheses, LearnedPrior, negative_log_joints
from uisrnn.training.objectives import OBJECTIVES, cross_entropy, expected_errors


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


def prior(assignment="paper", scale=0.7):
    return LearnedPrior(joint(None, assignment, scale=scale))


def sequence(length, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.array(renumber(generator.integers(3, size=length)))
    return CodedSequence(observations(length, seed).astype(np.float32), labels)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_scores_are_the_teacher_forced_ones_of_the_decoder(model, assignment):
    lengths = (1, 4, 9)
    xs = [observations(length, seed=length) for length in lengths]
    generator = np.random.default_rng(1)
    pairs = [(owner, np.array(renumber(generator.integers(4, size=lengths[owner])))) for owner in (0, 1, 1, 2, 2, 2)]
    given = Hypotheses(np.array([owner for owner, _ in pairs]), [codes for _, codes in pairs])
    scores = negative_log_joints(model, prior(assignment), [torch.from_numpy(x).double() for x in xs], given)
    expected = [step_scores(joint(model, assignment, scale=0.7), xs[owner], codes).sum() for owner, codes in pairs]
    assert scores.tolist() == pytest.approx(expected)


def test_cross_entropy_is_that_of_the_decoders_scores(model):
    """From the score of each continuation, computed from scratch."""
    one = sequence(6)
    x, labels = one.observations.astype(np.float64), one.labels.tolist()
    surprises = []
    for time in range(1, 6):
        options = range(max(labels[:time]) + 2)
        scores = [oracles.score(joint(model, scale=0.7), x, [*labels[:time], label]) for label in options]
        logits = -np.array(scores)
        surprises.append(np.logaddexp.reduce(logits) - logits[labels[time]])
    assert cross_entropy(model, prior(), [one]).item() == pytest.approx(np.mean(surprises))


def test_expected_errors_are_those_of_all_partitions_where_the_beam_holds_them(model):
    one = sequence(3)
    x = one.observations.astype(np.float64)
    candidates = list(oracles.partitions(3))  # five, all in a beam of ten
    scores = np.array([oracles.score(joint(model, scale=0.7), x, labels) for labels in candidates])
    probabilities = np.exp(-scores) / np.exp(-scores).sum()
    errors = [min(np.mean([relabel[a] != b for a, b in zip(labels, one.labels, strict=True)])
                  for relabel in itertools.permutations(range(3))) for labels in candidates]  # fmt: skip
    assert expected_errors(model, prior(), [one]).item() == pytest.approx(probabilities @ errors)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_gradients_are_those_of_finite_differences(objective):
    model, learned = plda(context=2), prior()
    one = sequence(12)
    parameters = [*model.parameters(), *learned.parameters()]
    OBJECTIVES[objective](model, learned, [one]).backward()
    for parameter in parameters:
        flat, gradient = parameter.detach().view(-1), parameter.grad.view(-1)
        at = int(gradient.abs().argmax())
        step, losses = 1e-6, []
        for sign in (1, -1):
            flat[at] += sign * step
            losses.append(OBJECTIVES[objective](model, learned, [one]).item())
            flat[at] -= sign * step
        assert gradient[at].item() == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-3, abs=1e-7)


def conversations(number, seed=0):
    """Three well separated clusters a sequence, one after another in blocks."""
    generator = np.random.default_rng(seed)
    found = []
    for index in range(number):
        labels = np.repeat(generator.integers(3, size=12), 3)
        centers = generator.normal(size=(3, DIM)) * 5
        x = centers[labels] + generator.normal(size=(36, DIM))
        found.append(CodedSequence(x.astype(np.float32), np.array(renumber(labels)), f"sequence {index}"))
    return found


def fresh():
    model = plda(feature_dim=DIM)
    with torch.no_grad():
        model.projection.copy_(torch.eye(DIM))
        model.center.zero_()
        model.length_norm.zero_()
        model.log_within.fill_(3.0)  # far from the 1 that the data have
    return model


def run(iterations, objective="expected_errors", development=True, learned=None):
    model, learned = fresh(), learned or prior(scale=0.1)
    data = conversations(12)
    held_out = [Fold(model, data[9:])] if development else []
    course = train_discriminatively(
        [Fold(model, data[:9])], held_out, learned, OBJECTIVES[objective], iterations, 0.03,
        np.random.default_rng(0), Silent(),
    )  # fmt: skip
    return model, learned, course


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_makes_the_objective_smaller_on_other_sequences(objective):
    _model, _learned, course = run(60, objective)
    assert len(course.losses) == 60
    assert list(course.development) == [0, 25, 50, 60]
    assert course.development[course.chosen] == min(course.development.values()) < 0.9 * course.development[0]


def test_the_same_seed_gives_the_same_parameters():
    (one, prior1, _), (two, prior2, _) = run(10), run(10)
    for a, b in zip([*one.parameters(), *prior1.parameters()], [*two.parameters(), *prior2.parameters()], strict=True):
        assert torch.equal(a, b)


def test_scalars_that_were_given_stay():
    learned = LearnedPrior(joint(None, scale=0.1), learn_bias=False, learn_alpha=False)
    model, learned, _course = run(5, learned=learned)
    found = learned.joint(model)
    assert (found.prior.transition.bias, found.prior.crp_alpha) == (0.3, 0.7)


def test_without_development_sequences_the_last_iteration_is_kept():
    _model, _learned, course = run(7, development=False)
    assert (course.development, course.chosen) == ({}, 7)


def test_a_loss_that_is_not_finite_ends_it_with_parameters_as_before():
    model, learned = fresh(), prior()
    before = [one.detach().clone() for one in model.parameters()]
    calls = itertools.count()

    def breaks(model, learned, sequences):
        loss = expected_errors(model, learned, sequences)
        return loss * (float("nan") if next(calls) > 8 else 1.0)

    with pytest.raises(TrainingError, match="the loss is nan"):
        train_discriminatively([Fold(model, conversations(4))], [], learned, breaks, 20, 0.01,
                               np.random.default_rng(0), Silent())  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_crops_are_stretches_of_their_sequences():
    long = CodedSequence(np.arange(200, dtype=np.float32)[:, None], np.arange(200) // 7, "long")
    short = CodedSequence(-np.ones((3, 1), dtype=np.float32), np.zeros(3, dtype=np.int64), "short")
    folds = list(Crops([Fold("a", [long]), Fold("b", [short])], np.random.default_rng(0)).draw(500))
    assert [fold.model for fold in folds] == ["a", "b"]
    assert sum(len(fold.sequences) for fold in folds) == 500
    for crop in folds[0].sequences:
        first = int(crop.observations[0, 0])
        assert crop.observations[:, 0].tolist() == list(range(first, first + CROP_LENGTH))
        assert (crop.labels == np.arange(first, first + CROP_LENGTH) // 7).all()
    assert all(len(crop.observations) == 3 for crop in folds[1].sequences)


def test_the_averages_start_with_the_likelihood_scale_that_is_chosen():
    _model, learned, course = run(1, learned=prior(scale=1e-9))
    assert learned.scale.item() > 0.02
    assert course.chosen in (0, 1)


def test_an_interrupt_leaves_all_as_it_was():
    model, learned = fresh(), prior(scale=0.4)
    before = [one.detach().clone() for one in [*model.parameters(), *learned.parameters()]]
    calls = itertools.count()

    def interrupted(model, learned, sequences):
        if next(calls) > 8:
            raise KeyboardInterrupt
        return expected_errors(model, learned, sequences)

    with pytest.raises(KeyboardInterrupt):
        train_discriminatively([Fold(model, conversations(4))], [], learned, interrupted, 20, 0.01,
                               np.random.default_rng(0), Silent())  # fmt: skip
    assert all(torch.equal(a, b) for a, b in zip(before, [*model.parameters(), *learned.parameters()], strict=True))
