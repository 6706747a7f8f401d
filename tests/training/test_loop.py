"""Generative training."""

import itertools

import numpy as np
import pytest
import torch

import uisrnn
from uisrnn.arguments import TrainingArguments
from uisrnn.model.gru import GRUObservation
from uisrnn.model.running_mean import PAPER_MEAN
from uisrnn.progress import Silent
from uisrnn.training import losses
from uisrnn.training.batching import pad
from uisrnn.training.loop import SMALLEST_SIGMA2, learning_rate, loss_terms, new_optimizer, train


@pytest.fixture
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GRUObservation(2, 4).eval()


@pytest.fixture
def batch(generator):
    return pad([generator.normal(size=(length, 2)).astype(np.float32) for length in (5, 2)])


@pytest.mark.parametrize(
    ("half_life", "iteration", "expected"), [(0, 999, 0.8), (-5, 999, 0.8), (10, 9, 0.8), (10, 10, 0.4), (10, 35, 0.1)]
)
def test_learning_rate_half_life(half_life, iteration, expected):
    args = TrainingArguments(learning_rate=0.8, learning_rate_half_life=half_life)
    assert learning_rate(args, iteration) == pytest.approx(expected)


def test_the_history_tells_each_term_at_each_iteration(model, batch):
    args = TrainingArguments(train_iteration=4, learning_rate=0.1, learning_rate_half_life=2)
    history = train(model, new_optimizer(model), itertools.repeat(batch), args, Silent())
    assert len(history) == 4
    assert history.learning_rate == [0.1, 0.1, 0.05, 0.05]
    for total, *terms in zip(
        history.loss, history.negative_log_likelihood, history.sigma2_prior, history.regularization, strict=True
    ):
        assert total == pytest.approx(sum(terms))
    assert history.loss[-1] < history.loss[0]


def test_only_the_network_s_rate_falls(model, batch):
    optimizer = new_optimizer(model)
    args = TrainingArguments(train_iteration=3, learning_rate=0.1, learning_rate_half_life=1)
    train(model, optimizer, itertools.repeat(batch), args, Silent())
    network, others = optimizer.param_groups
    assert (network["lr"], others["lr"]) == (0.025, 0.1)
    assert {id(one) for one in network["params"]} == {id(one) for one in model.network.parameters()}
    assert [id(one) for one in others["params"]] == [id(model.init_hidden), id(model.sigma2)]


def test_padding_does_not_count(model, batch):
    args = TrainingArguments()
    wider = pad([*[batch.observations[: int(n), i].numpy() for i, n in enumerate(batch.lengths)]])
    padded = type(wider)(torch.cat([wider.observations, torch.full((4, 2, 2), 7.0)]), wider.lengths)
    for ours, theirs in zip(loss_terms(model, padded, args), loss_terms(model, batch, args), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_loss_is_that_of_0_1_2_on_values_that_it_can_tell_from_padding(model, batch):
    """Both mask the same entries here, so the three terms must agree."""
    args = TrainingArguments()
    truth, mean = batch.observations, model.unroll(batch.observations, batch.lengths).mean
    shown = (truth != 0).float() * mean
    likelihood = uisrnn.loss_func.weighted_mse_loss(shown, truth, 1 / (2 * model.sigma2))
    counts = torch.full((2,), float(batch.lengths.sum()))
    expected = (
        likelihood,
        uisrnn.loss_func.sigma2_prior_loss(counts, 1.0, 1.0, model.sigma2),
        uisrnn.loss_func.regularization_loss(model.network.parameters(), 1e-5),
    )
    for ours, theirs in zip(loss_terms(model, batch, args), expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_by_default_the_loss_is_to_the_last_bit_that_of_the_next_observation(model, batch):
    mask, mean = batch.mask, PAPER_MEAN.over_time(model.outputs(batch.observations, batch.lengths))
    expected = losses.negative_log_likelihood(batch.observations[mask], mean[mask], model.sigma2)
    assert torch.equal(loss_terms(model, batch, TrainingArguments())[0], expected)


def test_the_sample_mean_loss_compares_the_same_predictions_with_other_targets(model, batch):
    args = TrainingArguments(loss="sample_mean", sample_number=3)
    mask, mean = batch.mask, PAPER_MEAN.over_time(model.outputs(batch.observations, batch.lengths))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        likelihood, *others = loss_terms(model, batch, args)
        torch.manual_seed(1)
        target = losses.SampleMean(3).of(batch.observations, mask)
    assert torch.equal(likelihood, losses.negative_log_likelihood(target, mean[mask], model.sigma2))
    for ours, theirs in zip(others, loss_terms(model, batch, TrainingArguments())[1:], strict=True):
        assert torch.equal(ours, theirs)


def test_the_sample_mean_loss_trains(model, batch):
    args = TrainingArguments(train_iteration=40, learning_rate=0.02, loss="sample_mean")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        history = train(model, new_optimizer(model), itertools.repeat(batch), args, Silent())
    assert history.loss[-1] < history.loss[0]


def test_sigma2_stays_above_its_floor(model):
    """Predictions without error, and hardly a prior, would drive it to 0."""
    torch.nn.init.zeros_(model.network.linear_mean2.weight)
    torch.nn.init.zeros_(model.network.linear_mean2.bias)
    zeros = pad([np.zeros((4, 2), np.float32)])
    args = TrainingArguments(train_iteration=30, learning_rate=0.01, sigma_beta=1e-12, regularization_weight=0)
    train(model, new_optimizer(model), itertools.repeat(zeros), args, Silent())
    assert model.sigma2.tolist() == pytest.approx([SMALLEST_SIGMA2] * 2)


def test_a_fixed_sigma2_stays(batch):
    model = GRUObservation(2, 4, sigma2=1e-8)
    train(model, new_optimizer(model), itertools.repeat(batch), TrainingArguments(train_iteration=2), Silent())
    assert model.sigma2.tolist() == pytest.approx([1e-8, 1e-8])


def test_a_loss_that_is_not_finite_stops_before_the_weights_are_touched(model, batch):
    huge = type(batch)(batch.observations * 1e30, batch.lengths)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    batches = iter([batch, huge])
    with pytest.raises(uisrnn.TrainingError, match=r"iteration 1: the loss is not finite .* lower learning_rate"):
        train(model, new_optimizer(model), batches, TrainingArguments(train_iteration=2, learning_rate=1e-9), Silent())
    assert not model.training
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=1e-4, atol=1e-6)


def test_progress_hears_of_every_iteration(model, batch):
    class Heard(Silent):
        losses: list[float] = []  # noqa: RUF012 -- one use

        def advance(self, **figures: float) -> None:
            self.losses.append(figures["loss"])

    heard = Heard()
    history = train(model, new_optimizer(model), itertools.repeat(batch), TrainingArguments(train_iteration=3), heard)
    assert heard.losses == history.loss
