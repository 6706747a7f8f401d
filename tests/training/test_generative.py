"""Generative training of the GRU: its loss, its steps, and what is kept of them."""

from itertools import cycle

import numpy as np
import pytest
import torch

import uisrnn
from round_trips import RoundTrips
from trainings import batch_of, stage_context
from uisrnn.arguments import TrainingArguments
from uisrnn.model.gru import GRUObservation
from uisrnn.model.running_mean import PAPER_MEAN
from uisrnn.progress import Silent
from uisrnn.training import losses
from uisrnn.training.batching import ClusterBatch
from uisrnn.training.draws import Draws
from uisrnn.training.generative import (
    SIGMA2_RATE,
    SMALLEST_SIGMA2,
    GenerativeStage,
    learning_rate,
    loss_terms,
    new_optimizer,
)
from uisrnn.training.history import History
from uisrnn.training.loop import run


@pytest.fixture(autouse=True)
def _torch_as_before():
    with torch.random.fork_rng(devices=[]):
        yield


def new_model(**arguments):
    torch.manual_seed(0)
    return GRUObservation(2, 4, **arguments).eval()


@pytest.fixture
def model():
    return new_model()


@pytest.fixture
def batch(generator):
    return batch_of([generator.normal(size=(length, 2)).astype(np.float32) for length in LENGTHS.tolist()])


LENGTHS = torch.tensor([5, 2])


def predictions(model, batch):
    """The running means of the outputs, packed."""
    outputs = model.outputs(batch.packing.pad(batch.observations), LENGTHS)
    return batch.packing.pack(PAPER_MEAN.over_time(outputs))


def stage_of(model, batches, args, development=None, seed=0):
    """Batches are taken in turn."""
    batches = batches if isinstance(batches, list) else [batches]
    return GenerativeStage(
        model, new_optimizer(model), lambda iteration: batches[iteration % len(batches)], development, args, Draws(seed)
    )


def train(model, batches, args, progress=None, **options):
    return run(stage_of(model, batches, args, **options), stage_context(args.patience), progress or Silent())


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one.keys() | other.keys())


# --- the learning rate ---


@pytest.mark.parametrize(
    ("half_life", "iteration", "expected"), [(0, 999, 0.8), (-5, 999, 0.8), (10, 9, 0.8), (10, 10, 0.4), (10, 35, 0.1)]
)
def test_learning_rate_half_life(half_life, iteration, expected):
    args = TrainingArguments(learning_rate=0.8, learning_rate_half_life=half_life)
    assert learning_rate(args, iteration) == pytest.approx(expected)


def test_only_the_network_s_rate_falls(model, batch):
    args = TrainingArguments(train_iteration=3, learning_rate=0.1, learning_rate_half_life=1)
    stage = stage_of(model, batch, args)
    run(stage, stage_context(), Silent())
    network, others = stage._optimizer.param_groups
    assert (network["lr"], others["lr"]) == (0.025, 0.1)
    assert {id(one) for one in network["params"]} == {id(one) for one in model.network.parameters()}
    assert [id(one) for one in others["params"]] == [id(model.init_hidden)]


# --- the loss ---


def test_the_loss_is_that_of_0_1_2_on_values_that_it_can_tell_from_padding(model, batch):
    """Both mask the same entries here, so the three terms must agree."""
    args = TrainingArguments()
    truth = batch.packing.pad(batch.observations)
    mean = model.unroll(truth, LENGTHS).mean
    shown = (truth != 0).float() * mean
    likelihood = uisrnn.loss_func.weighted_mse_loss(shown, truth, 1 / (2 * model.sigma2))
    counts = torch.full((2,), float(LENGTHS.sum()))
    expected = (
        likelihood,
        uisrnn.loss_func.sigma2_prior_loss(counts, 1.0, 1.0, model.sigma2),
        uisrnn.loss_func.regularization_loss(model.network.parameters(), 1e-5),
    )
    for ours, theirs in zip(loss_terms(model, batch, args), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_by_default_the_loss_is_to_the_last_bit_that_of_the_next_observation(model, batch):
    expected = losses.negative_log_likelihood(batch.observations, predictions(model, batch), model.sigma2)
    assert torch.equal(loss_terms(model, batch, TrainingArguments())[0], expected)


def test_the_sample_mean_loss_compares_the_same_predictions_with_other_targets(model, batch):
    args = TrainingArguments(loss="sample_mean", sample_number=3)
    torch.manual_seed(1)
    likelihood, *others = loss_terms(model, batch, args)
    torch.manual_seed(1)
    target = losses.SampleMean(3).of(batch.observations, batch.packing)
    assert torch.equal(likelihood, losses.negative_log_likelihood(target, predictions(model, batch), model.sigma2))
    for ours, theirs in zip(others, loss_terms(model, batch, TrainingArguments())[1:], strict=True):
        assert torch.equal(ours, theirs)


def test_the_prior_is_divided_by_the_observations_of_the_batch_unless_there_are_more_elsewhere(model, batch):
    for number, expected in ((None, 7), (7, 7), (20, 20)):
        prior = loss_terms(model, batch, TrainingArguments(), number)[1]
        assert torch.equal(prior, losses.sigma2_prior(expected, 1.0, 1.0, model.sigma2))


def test_on_a_cpu_mixed_precision_is_single_precision(batch):
    one, other = new_model(), new_model()
    records = [
        train(model, batch, TrainingArguments(train_iteration=3, precision=precision))
        for model, precision in ((one, "single"), (other, "mixed"))
    ]
    assert records[0] == records[1]
    assert same(weights(one), weights(other))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU")
def test_on_a_gpu_mixed_precision_learns_nearly_the_same(batch):
    args = [TrainingArguments(train_iteration=40, learning_rate=0.02, precision=one) for one in ("single", "mixed")]
    gpu = torch.device("cuda")
    there = ClusterBatch(batch.observations.to(gpu), batch.packing.to(gpu))
    records = [train(new_model().to(gpu), there, one) for one in args]
    assert records[0].losses != records[1].losses
    assert records[1].losses == pytest.approx(records[0].losses, rel=0.02, abs=0.02)


# --- steps ---


def test_the_history_tells_each_term_at_each_iteration(model, batch):
    args = TrainingArguments(train_iteration=4, learning_rate=0.1, learning_rate_half_life=2)
    record = train(model, batch, args)
    history = History.of(record, type(record)())
    assert len(history) == 4
    assert history.learning_rate == [0.1, 0.1, 0.05, 0.05]
    for total, *terms in zip(
        history.loss, history.negative_log_likelihood, history.sigma2_prior, history.regularization, strict=True
    ):
        assert total == pytest.approx(sum(terms))
    assert history.loss == record.losses
    assert history.loss[-1] < history.loss[0]


def test_the_sample_mean_loss_trains(model, batch):
    record = train(model, batch, TrainingArguments(train_iteration=40, learning_rate=0.02, loss="sample_mean"))
    assert record.losses[-1] < record.losses[0]


def test_what_a_step_draws_follows_from_seed_and_iteration(batch):
    """Dropout and sample means; whatever torch's global generator holds."""

    def trained(seed, noise):
        model = new_model(depth=2, dropout=0.5)
        torch.manual_seed(noise)
        record = train(model, batch, TrainingArguments(train_iteration=5, loss="sample_mean"), seed=seed)
        return record, weights(model)

    (one, first), (two, second), (other, _weights) = trained(3, 1), trained(3, 2), trained(4, 1)
    assert one == two
    assert same(first, second)
    assert other.losses[0] != one.losses[0]


def silenced(model):
    """A model that predicts 0."""
    torch.nn.init.zeros_(model.network.linear_mean2.weight)
    torch.nn.init.zeros_(model.network.linear_mean2.bias)
    return model


def test_sigma2_stays_above_its_floor(model):
    """Predictions without error, and hardly a prior, would drive it to 0."""
    zeros = batch_of([np.zeros((4, 2), np.float32)])
    args = TrainingArguments(train_iteration=150, sigma_beta=1e-12, regularization_weight=0)
    train(silenced(model), zeros, args)
    assert model.sigma2.tolist() == pytest.approx([SMALLEST_SIGMA2] * 2)


@pytest.mark.parametrize("learning_rate", [1e-9, 1e-1])
def test_sigma2_comes_to_the_minimum_of_the_loss_whatever_the_learning_rate(learning_rate, batch):
    """(n S + 2 b) / (n + 2 a + 2), S the mean square of the residuals."""
    model = silenced(new_model())
    model.network.requires_grad_(False)
    model.init_hidden.requires_grad_(False)
    args = TrainingArguments(train_iteration=150, learning_rate=learning_rate, sigma_alpha=2, sigma_beta=3)
    train(model, batch, args)
    squares = batch.observations.square().sum(0)
    torch.testing.assert_close(model.sigma2.data, (squares + 2 * 3) / (7 + 2 * 2 + 2), rtol=1e-4, atol=0)


def test_an_iteration_takes_sigma2_a_tenth_of_the_way(batch):
    model = silenced(new_model())
    before = model.sigma2.detach().clone()
    best = (batch.observations.square().sum(0) + 2) / (7 + 2 + 2)
    train(model, batch, TrainingArguments(train_iteration=1))
    torch.testing.assert_close(model.sigma2.data, before + SIGMA2_RATE * (best - before))


def test_the_steps_of_the_network_do_not_depend_on_how_sigma2_differs_between_dimensions(batch):
    """Else a dimension that is learned first would keep the others from being learned."""
    even = new_model()
    uneven = new_model()
    even.sigma2.data = torch.tensor([0.5, 0.5])
    uneven.sigma2.data = torch.tensor([0.01, 0.99])
    for model in (even, uneven):
        loss_terms(model, batch, TrainingArguments())[0].backward()
    for one, other in zip(even.network.parameters(), uneven.network.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_a_fixed_sigma2_leaves_the_gradient_of_the_likelihood_as_it_is(batch):
    model = new_model(sigma2=0.3)
    mean = predictions(model, batch)
    plain = losses.negative_log_likelihood(batch.observations, mean, model.sigma2)
    expected = torch.autograd.grad(plain, list(model.network.parameters()))
    actual = torch.autograd.grad(loss_terms(model, batch, TrainingArguments())[0], list(model.network.parameters()))
    for ours, theirs in zip(actual, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_fixed_sigma2_stays(batch):
    model = GRUObservation(2, 4, sigma2=1e-8)
    train(model, batch, TrainingArguments(train_iteration=2))
    assert model.sigma2.tolist() == pytest.approx([1e-8, 1e-8])


def test_progress_hears_of_every_iteration(model, batch):
    class Heard(Silent):
        losses: list[float] = []  # noqa: RUF012 -- one use

        def advance(self, **figures: float) -> None:
            self.losses.append(figures["loss"])

    heard = Heard()
    record = train(model, batch, TrainingArguments(train_iteration=3), progress=heard)
    assert heard.losses == record.losses


# --- steps that are not taken ---


def huge(batch):
    return type(batch)(batch.observations * 1e30, batch.packing)


def test_a_step_whose_loss_is_not_finite_might_not_have_been(batch):
    """Neither weights nor the optimizer know of it."""
    one, other, args = new_model(), new_model(), TrainingArguments(learning_rate=0.1)
    args.train_iteration = 3
    record = train(one, [batch, huge(batch), batch], args)
    args.train_iteration = 2
    expected = train(other, batch, args)
    assert (record.skipped, record.losses) == ([1], expected.losses)
    assert same(weights(one), weights(other))
    assert not one.training


@pytest.mark.parametrize("name", ["sigma2", "init_hidden", "network.linear_mean1.weight"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nor_does_a_step_whose_gradient_is_not_finite(batch, name, value):
    one, other, args = new_model(), new_model(), TrainingArguments(train_iteration=3, learning_rate=0.1)
    factors = cycle([1.0, value, 1.0])
    dict(one.named_parameters())[name].register_hook(lambda gradient: gradient * next(factors))
    record = train(one, batch, args)
    args.train_iteration = 2
    assert record.losses == train(other, batch, args).losses
    assert record.skipped == [1]
    assert same(weights(one), weights(other))


def test_ten_in_a_row_end_it_with_what_to_do(model, batch):
    before = weights(model)
    args = TrainingArguments(train_iteration=50, learning_rate=1e-9)
    message = r"iteration 9: the loss or its gradient was not finite 10 times in a row \(loss inf, negative log "
    with pytest.raises(uisrnn.TrainingError, match=message + ".*lower learning_rate, or scale the observations"):
        train(model, huge(batch), args)
    assert not model.training
    assert same(weights(model), before)


def test_weights_that_are_not_finite_at_the_end_are_an_error(model, batch):
    args = TrainingArguments(train_iteration=1, learning_rate=1e38)
    with pytest.raises(uisrnn.TrainingError, match="the weights are not finite; lower learning_rate"):
        train(model, batch, args)


def test_an_error_of_a_batch_leaves_the_model_ready_to_predict(model, batch):
    def broken(iteration):
        raise OSError(5, "the disk is broken")

    args = TrainingArguments(train_iteration=1)
    stage = GenerativeStage(model, new_optimizer(model), broken, None, args, Draws(0))
    with pytest.raises(OSError, match="the disk is broken"):
        run(stage, stage_context(), Silent())
    assert not model.training


# --- what was kept apart ---


def overfitting(generator):
    """What is learned first helps, and what is learned then does not."""
    center = generator.normal(size=2)
    return [
        batch_of([(center + generator.normal(size=(4, 2))).astype(np.float32) for _ in range(number)])
        for number in (2, 6)
    ]


def test_patience_keeps_the_best(generator):
    learned, apart = overfitting(generator)
    model = new_model()
    args = TrainingArguments(train_iteration=2000, learning_rate=0.02, patience=50)
    record = train(model, learned, args, development=apart)
    assert 0 < record.chosen < record.iteration == record.chosen + 50 < 2000
    assert list(record.checks) == list(range(0, record.iteration + 1, 25))
    found = sum(one.item() for one in loss_terms(model, apart, args)[:2])
    assert found == record.checks[record.chosen] == min(record.checks.values())


def test_checks_draw_neither_dropout_nor_other_samples_each_time(generator):
    learned, apart = overfitting(generator)
    model = new_model(depth=2, dropout=0.5)
    stage = stage_of(model, learned, TrainingArguments(loss="sample_mean", sample_number=1), development=apart)
    first = stage.check()
    torch.manual_seed(77)
    assert stage.check() == first
    torch.manual_seed(78)
    before = weights(model)
    stage.step(0)
    assert stage.check() != first
    model.load_state_dict(before)
    assert stage.check() == first


def test_nothing_kept_apart_is_nothing_to_check(model, batch):
    record = train(model, batch, TrainingArguments(train_iteration=60))
    assert record.checks == {}
    assert record.chosen == 60


# --- to go on in another process ---


def test_a_stage_goes_on_from_its_tensors(generator):
    learned, apart = overfitting(generator)
    args = TrainingArguments(train_iteration=9, learning_rate=0.05, patience=99, loss="sample_mean")
    whole, first, second = (new_model(depth=2, dropout=0.3) for _ in range(3))
    stage = stage_of(whole, learned, args, development=apart)
    for iteration in range(9):
        stage.step(iteration)
    stage = stage_of(first, learned, args, development=apart)
    stage.remember()
    for iteration in range(4):
        stage.step(iteration)
    kept = {name: one.clone() for name, one in stage.tensors().items()}
    with torch.no_grad():
        second.sigma2.fill_(5)
    stage = stage_of(second, learned, args, development=apart)
    stage.restore(kept)
    for iteration in range(4, 9):
        stage.step(iteration)
    assert same(weights(whole), weights(second))
    stage.settle()
    assert same(weights(second), weights(new_model(depth=2, dropout=0.3)))  # what was remembered at the start


def test_a_stage_of_another_model_is_refused(batch):
    args = TrainingArguments()
    kept = stage_of(new_model(), batch, args).tensors()
    with pytest.raises(uisrnn.CheckpointError, match="must hold the weights"):
        stage_of(new_model(depth=2), batch, args).restore(kept)


# --- a GPU and its CPU do not wait for each other ---


@pytest.mark.parametrize("loss", ["running_mean", "sample_mean"])
def test_no_operation_of_a_step_waits_for_the_device(batch, loss):
    model = new_model(depth=2, dropout=0.3)
    stage = stage_of(model, batch, TrainingArguments(loss=loss))
    with RoundTrips() as trips:
        stage.step(0)
    assert trips.operations > 100
    assert trips.waits == {}
    with RoundTrips() as trips:
        batch.observations[batch.observations[:, 0] > 0].sum().item()
    assert trips.waits == {"index": 1, "_local_scalar_dense": 1}


def test_a_step_of_a_gpu_may_be_read_later(batch):
    model = new_model()
    stage = stage_of(model, batch, TrainingArguments())
    first = stage.step(0)
    second = stage.step(1)
    again = new_model()
    assert [first.read(), second.read()] == [stage_of(again, batch, TrainingArguments()).step(0).read(), second.read()]
    assert first.read().taken
    assert stage.most_unread == 0  # a CPU has each loss at once
