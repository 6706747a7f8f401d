"""The loss of the design, written out, and its targets."""

import dataclasses
from math import log

import numpy as np
import pytest
import torch

from trainings import batch_of
from uisrnn.arguments import TrainingArguments
from uisrnn.training import losses
from uisrnn.training.losses import NextObservation, SampleMean

SIGMA2 = torch.tensor([0.5, 2.0])


def test_likelihood_is_an_average_over_observations():
    x = torch.tensor([[1.0, 2.0], [0.0, 0.0], [3.0, 0.0]])
    loss = losses.negative_log_likelihood(x, torch.zeros(3, 2), SIGMA2)
    assert loss.item() == pytest.approx((1 / 1 + 4 / 4 + 9 / 1) / 3)


def test_prior():
    a, b, n = 2.0, 3.0, 5
    expected = sum((2 * a + n + 2) / (2 * n) * log(s) + b / (n * s) for s in (0.5, 2.0))
    assert losses.sigma2_prior(n, a, b, SIGMA2).item() == pytest.approx(expected)


def test_regularization():
    parameters = [torch.tensor([3.0, 4.0]), torch.zeros(2, 2, requires_grad=True)]
    loss = losses.regularization(parameters, 0.1)
    assert loss.item() == pytest.approx(0.5)
    loss.backward()
    assert torch.isfinite(parameters[1].grad).all()


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def batch(generator):
    return batch_of([generator.normal(size=(length, 3)).astype(np.float32) for length in LENGTHS])


LENGTHS = (6, 4, 1)


def places(batch):
    """Time and column of each observation."""
    return [divmod(place, batch.packing.batch) for place in batch.packing.places.tolist()]


def remaining(batch, reduce):
    """Of each observation and the observations after it."""
    columns = batch.packing.pad(batch.observations)
    return torch.stack([reduce(columns[time : LENGTHS[column], column]) for time, column in places(batch)])


def test_the_paper_s_target_is_the_next_observation(batch):
    state = torch.get_rng_state()
    assert torch.equal(NextObservation().of(batch.observations, batch.packing), batch.observations)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("number", [1, 3, 16])
def test_the_last_observation_of_a_cluster_is_predicted_itself(batch, number):
    target = SampleMean(number).of(batch.observations, batch.packing)
    last = torch.tensor([time + 1 == LENGTHS[column] for time, column in places(batch)])
    assert last.sum() == 3
    torch.testing.assert_close(target[last], batch.observations[last])


def test_many_samples_have_the_mean_of_what_remains(batch):
    target = SampleMean(200_000).of(batch.observations, batch.packing)
    torch.testing.assert_close(target, remaining(batch, lambda x: x.mean(0)), rtol=0, atol=0.02)


def test_one_sample_is_each_of_those_that_remain_equally_often(batch):
    drawn = torch.stack([SampleMean(1).of(batch.observations, batch.packing) for _ in range(6000)])
    first = batch.packing.pad(batch.observations)[:, 0]
    shares = (drawn[:, 0, None] == first).all(2).double().mean(0)
    assert shares.tolist() == pytest.approx([1 / 6] * 6, abs=0.03)


def test_the_spread_is_that_of_means_of_so_many(batch):
    """With replacement, so the variance is 1 / N of that of what remains."""
    drawn = torch.stack([SampleMean(4).of(batch.observations, batch.packing) for _ in range(6000)])
    expected = remaining(batch, lambda x: x.var(0, correction=0)) / 4
    torch.testing.assert_close(drawn.var(0), expected, rtol=0.15, atol=1e-6)


def test_earlier_observations_are_never_drawn():
    times = batch_of([np.arange(length, dtype=np.float32)[:, None] for length in (40, 25)])
    for _ in range(200):
        assert (SampleMean(3).of(times.observations, times.packing) >= times.observations).all()


def test_clusters_are_not_mixed():
    clusters = batch_of([np.full((length, 1), number, np.float32) for number, length in enumerate((9, 5, 2))])
    torch.testing.assert_close(SampleMean(16).of(clusters.observations, clusters.packing), clusters.observations)


def test_draws_follow_the_seed(batch):
    torch.manual_seed(3)
    one = SampleMean(4).of(batch.observations, batch.packing)
    other = SampleMean(4).of(batch.observations, batch.packing)
    torch.manual_seed(3)
    again = SampleMean(4).of(batch.observations, batch.packing)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_every_loss_that_can_be_chosen_has_its_target():
    accepted = {field.name: field.metadata["type"] for field in dataclasses.fields(TrainingArguments)}["loss"]
    assert all(accepted.accept(name) == name and repr(name) in accepted.needs for name in losses.TARGETS)
    assert losses.TARGETS["running_mean"](TrainingArguments()) == NextObservation()
    assert losses.TARGETS["sample_mean"](TrainingArguments(sample_number=5)) == SampleMean(5)
