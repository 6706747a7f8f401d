"""Discriminative training: its scores are the decoder's, its gradients right, and it improves what it is given."""

import itertools

import numpy as np
import pytest
import torch

import oracles
from driving import observations
from models import DIM, OBSERVATION_MODELS, joint, plda
from round_trips import RoundTrips
from trainings import stage_context
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import CheckpointError, InputError, TrainingError
from uisrnn.model.conventions import ASSIGNMENTS
from uisrnn.model.joint import step_scores
from uisrnn.progress import Silent
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import renumber
from uisrnn.training import loop
from uisrnn.training.discriminative import CROP_LENGTH, Crops, DiscriminativeStage, Fold
from uisrnn.training.draws import Draws
from uisrnn.training.expected_errors import expected_errors
from uisrnn.training.sequence_scores import LabelHypotheses, LearnedPrior, negative_log_joints
from uisrnn.training.tensors import restored_on_failure


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
    joins = [np.zeros(length, dtype=bool) for length in lengths]
    given = LabelHypotheses(np.array([owner for owner, _ in pairs]), [codes for _, codes in pairs], joins)
    scores = negative_log_joints(model, prior(assignment), [torch.from_numpy(x).double() for x in xs], given)
    expected = [step_scores(joint(model, assignment, scale=0.7), xs[owner], codes).sum() for owner, codes in pairs]
    assert scores.tolist() == pytest.approx(expected)


def test_no_operation_of_a_score_waits_for_the_device(model):
    lengths = (4, 9)
    xs = [torch.from_numpy(observations(length, seed=length)).double() for length in lengths]
    codes = [np.array(renumber(np.arange(length) % 3)) for length in lengths]
    given = LabelHypotheses(np.array([0, 1]), codes, [np.zeros(length, dtype=bool) for length in lengths])
    learned = prior()
    with RoundTrips() as trips:
        scores = negative_log_joints(model, learned, xs, given)
        scores.sum().backward()
    assert trips.operations > 10
    assert trips.waits == {}


def test_expected_errors_are_those_of_all_partitions_where_the_beam_holds_them(model):
    one = sequence(3)
    x = one.observations.astype(np.float64)
    candidates = list(oracles.partitions(3))  # five, all in a beam of ten
    scores = np.array([oracles.score(joint(model, scale=0.7), x, labels) for labels in candidates])
    probabilities = np.exp(-scores) / np.exp(-scores).sum()
    errors = [min(np.mean([relabel[a] != b for a, b in zip(labels, one.labels, strict=True)])
                  for relabel in itertools.permutations(range(3))) for labels in candidates]  # fmt: skip
    assert expected_errors(model, prior(), [one]).item() == pytest.approx(probabilities @ errors)


def test_gradients_are_those_of_finite_differences():
    model, learned = plda(context=2), prior()
    one = sequence(12)
    parameters = [*model.parameters(), *learned.parameters()]
    expected_errors(model, learned, [one]).backward()
    for parameter in parameters:
        flat, gradient = parameter.detach().view(-1), parameter.grad.view(-1)
        at = int(gradient.abs().argmax())
        step, losses = 1e-6, []
        for sign in (1, -1):
            flat[at] += sign * step
            losses.append(expected_errors(model, learned, [one]).item())
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


def stage_of(model, learned, iterations, objective=expected_errors, development=True, data=None):
    data = conversations(12) if data is None else data
    held_out = [Fold(model, Corpus.of(data[-3:]))] if development else []
    train = [Fold(model, Corpus.of(data[:-3] if development else data))]
    return DiscriminativeStage(
        train, held_out, learned, objective, iterations, 0.03, Draws(0), starting_scales=(1.0, 0.3, 0.1, 0.03)
    )


def run(iterations, development=True, learned=None, patience=None):
    model, learned = fresh(), learned or prior(scale=0.1)
    stage = stage_of(model, learned, iterations, development=development)
    record = loop.run(stage, stage_context(patience), Silent())
    return model, learned, record


def test_it_makes_the_objective_smaller_on_other_sequences():
    _model, _learned, record = run(60)
    assert len(record.losses) == 60
    assert list(record.checks) == [0, 25, 50, 60]
    assert record.checks[record.chosen] == min(record.checks.values()) < 0.9 * record.checks[0]


def test_the_same_seed_gives_the_same_parameters():
    (one, prior1, _), (two, prior2, _) = run(10), run(10)
    for a, b in zip([*one.parameters(), *prior1.parameters()], [*two.parameters(), *prior2.parameters()], strict=True):
        assert torch.equal(a, b)


def test_scalars_that_were_given_stay():
    learned = LearnedPrior(joint(None, scale=0.1), learn_bias=False, learn_alpha=False)
    model, learned, _record = run(5, learned=learned)
    found = learned.joint(model)
    assert (found.prior.transition.bias, found.prior.crp_alpha) == (0.3, 0.7)


def test_without_development_sequences_the_last_iteration_is_kept():
    _model, _learned, record = run(7, development=False)
    assert (record.checks, record.chosen) == ({}, 7)


def all_parameters(model, learned):
    return [one.detach().clone() for one in [*model.parameters(), *learned.parameters()]]


def broken_at(calls_that_break, how):
    """An objective, some calls of which go wrong."""
    calls = itertools.count()

    def objective(model, learned, sequences):
        if next(calls) in calls_that_break:
            return how(expected_errors(model, learned, sequences))
        return expected_errors(model, learned, sequences)

    return objective


def no_beam(_loss):
    raise InputError("no beam has a finite score")


def gradient_is_nan(loss):
    return loss + (loss - loss.detach()).abs().sqrt()  # of an infinite slope there, times 0


BREAKS = {"loss": lambda loss: loss * float("nan"), "beam": no_beam, "gradient": gradient_is_nan}
STARTS = 4  # calls of the objective with which the likelihood scale is chosen


@pytest.mark.parametrize("how", BREAKS)
def test_a_step_whose_loss_or_gradient_is_not_finite_is_skipped(how):
    """Nothing of it is left: parameters, averages and the optimizer are those of before."""
    model, learned = fresh(), prior(scale=0.3)
    stage = stage_of(model, learned, 20, broken_at({STARTS + 1}, BREAKS[how]), development=False)
    stage.start()
    assert stage.step(0).taken
    before = {name: one.clone() for name, one in stage.tensors().items()}
    assert not stage.step(1).taken
    after = stage.tensors()
    assert all(torch.equal(before[name], after[name]) for name in before.keys() | after.keys())
    assert stage.step(2).taken
    assert not torch.equal(before["now.0"], stage.tensors()["now.0"])


def test_ten_in_a_row_end_it_with_parameters_as_before():
    model, learned = fresh(), prior()
    before = all_parameters(model, learned)
    objective = broken_at(range(8, 999), BREAKS["loss"])
    stage = stage_of(model, learned, 30, objective, development=False, data=conversations(4))
    message = r"iteration \d+: the loss or its gradient was not finite 10 times in a row \(loss nan, learning rate"
    with pytest.raises(TrainingError, match=message), restored_on_failure(stage.parameters):
        loop.run(stage, stage_context(), Silent())
    assert all(map(torch.equal, before, all_parameters(model, learned)))


@pytest.mark.parametrize("development", [True, False])
def test_no_beam_at_all_is_an_error_of_training(development):
    stage = stage_of(fresh(), prior(), 5, broken_at(range(99), no_beam), development)
    with pytest.raises(TrainingError, match="no beam has a finite score"):
        loop.run(stage, stage_context(), Silent())


def objective_of_scales(losses):
    """An objective that is known for each likelihood scale and each sequence, by its first observation."""

    def objective(model, learned, sequences):
        each = losses[round(learned.scale.item(), 2)]
        return torch.tensor([each[round(float(made.observations[0, 0])) % len(each)] for made in sequences])

    return objective


def chosen_scale(losses):
    """The scale that a stage chooses among 0.3, which the model has, and the others, for sequences 0, 1, ..."""
    sequences = [CodedSequence(np.full((9, DIM), number, np.float32), np.arange(9) % 2) for number in range(6)]
    learned = prior(scale=0.3)
    stage_of(fresh(), learned, 1, objective_of_scales(losses), development=False, data=sequences).start()
    return learned.scale.item()


WORSE = {0.1: [0.9], 0.03: [0.9]}


def test_a_scale_that_is_better_for_all_sequences_is_chosen():
    assert chosen_scale({0.3: [0.4], 1.0: [0.3, 0.2], **WORSE}) == pytest.approx(1.0)


def test_a_scale_that_is_better_for_a_single_sequence_is_not_chosen():
    assert chosen_scale({0.3: [0.4], 1.0: [0.0, 0.41, 0.41, 0.41, 0.41, 0.41], **WORSE}) == pytest.approx(0.3)


def test_if_the_scale_of_the_model_has_no_finite_loss_the_best_other_is_chosen():
    assert chosen_scale({0.3: [float("nan")], 1.0: [0.5], 0.1: [0.4], 0.03: [0.9]}) == pytest.approx(0.1)


def test_patience_ends_it_and_the_best_is_kept():
    worse = itertools.count(1)

    def objective(model, learned, sequences):
        loss = expected_errors(model, learned, sequences)
        return loss if loss.requires_grad else loss * 0 + next(worse)

    model, learned = fresh(), prior(scale=0.3)
    stage = stage_of(model, learned, 500, objective)
    record = loop.run(stage, stage_context(patience=30), Silent())
    assert (record.iteration, record.chosen, list(record.checks)) == (50, 0, [0, 25, 50])


def test_a_stage_goes_on_from_its_tensors():
    def stage():
        return stage_of(fresh(), prior(scale=0.1), 40)

    whole, first, second = stage(), stage(), stage()
    for one in (whole, first):
        one.start()
        one.remember()
    for iteration in range(12):
        whole.step(iteration)
    for iteration in range(7):
        first.step(iteration)
    second.restore({name: one.clone() for name, one in first.tensors().items()})
    for iteration in range(7, 12):
        second.step(iteration)
    expected, found = whole.tensors(), second.tensors()
    assert all(torch.equal(expected[name], found[name]) for name in expected.keys() | found.keys())
    assert whole.check() == second.check()


def test_a_stage_of_another_model_is_refused():
    kept = stage_of(fresh(), prior(), 5).tensors()
    with pytest.raises(CheckpointError, match="of other shapes"):
        stage_of(plda(context=2), prior(), 5).restore(kept)


def test_crops_are_stretches_of_their_sequences():
    long = CodedSequence(np.arange(200, dtype=np.float32)[:, None], np.arange(200) // 7, "long")
    short = CodedSequence(-np.ones((3, 1), dtype=np.float32), np.zeros(3, dtype=np.int64), "short")
    alone = CodedSequence(np.full((1, 1), 999, dtype=np.float32), np.zeros(1, dtype=np.int64), "never wrong")
    crops = Crops([Fold("a", Corpus.of([alone, long])), Fold("b", Corpus.of([short, alone]))])
    folds = crops.draw(500, np.random.default_rng(0))
    assert [fold.model for fold in folds] == ["a", "b"]
    assert sum(len(fold.sequences) for fold in folds) == 500
    for crop in folds[0].sequences:
        first = int(crop.observations[0, 0])
        assert crop.observations[:, 0].tolist() == list(range(first, first + CROP_LENGTH))
        assert (crop.labels == np.arange(first, first + CROP_LENGTH) // 7).all()
    assert all(len(crop.observations) == 3 for crop in folds[1].sequences)


def test_crops_are_drawn_in_proportion_to_the_length_of_their_sequences():
    lengths = [120, 40, 60, 20]
    made = [CodedSequence(np.full((one, 1), one, np.float32), np.zeros(one, dtype=np.int64)) for one in lengths]
    crops = Crops([Fold("a", Corpus.of(made[:2])), Fold("b", Corpus.of(made[2:]))])
    drawn = crops.draw(6000, np.random.default_rng(0))
    found = [crop.observations[0, 0] for fold in drawn for crop in fold.sequences]
    shares = [np.mean(np.array(found) == one) for one in lengths]
    assert shares == pytest.approx([one / 240 for one in lengths], abs=0.03)


def test_the_averages_start_with_the_likelihood_scale_that_is_chosen():
    _model, learned, record = run(1, learned=prior(scale=1e-9))
    assert learned.scale.item() > 0.02
    assert record.chosen in (0, 1)


def test_an_interrupt_leaves_all_as_it_was():
    model, learned = fresh(), prior(scale=0.4)
    before = all_parameters(model, learned)

    def interrupt(_loss):
        raise KeyboardInterrupt

    stage = stage_of(model, learned, 20, broken_at({9}, interrupt), development=False, data=conversations(4))
    with pytest.raises(KeyboardInterrupt), restored_on_failure(stage.parameters):
        loop.run(stage, stage_context(), Silent())
    assert all(map(torch.equal, before, all_parameters(model, learned)))
