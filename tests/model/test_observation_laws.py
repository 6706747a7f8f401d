"""Laws of the first seam, over every observation model."""

import math

import numpy as np
import pytest
import torch

from models import OBSERVATION_MODELS, feature_dim
from uisrnn.model.observation import Prediction, negative_log_density


@pytest.fixture(params=OBSERVATION_MODELS, ids=lambda name: name.replace(" ", "-"))
def model(request):
    return OBSERVATION_MODELS[request.param]()


FULL = torch.full((4,), 6)


@pytest.fixture
def xs(model):
    """Features: six of each of four clusters."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(6, 4, feature_dim(model), generator=generator, dtype=model.dtype)


def test_states_have_one_row_a_cluster(model):
    states = model.initial()
    assert len(states) == 1
    assert all(len(tensor) == 1 for tensor in states.tensors().values())
    none = torch.zeros(0, model.observation_dim, dtype=model.dtype)
    assert model.features(none).shape == (0, model.views, feature_dim(model))


@torch.no_grad()
def test_features_in_parts_are_those_of_the_whole(model):
    """With the context that the model asks for, or more."""
    generator = torch.Generator().manual_seed(4)
    observations = torch.randn(9, model.observation_dim, generator=generator, dtype=model.dtype)
    whole = model.features(observations)
    assert whole.shape == (9, model.views, feature_dim(model))
    for first in range(1, 9):
        for context in {min(model.context, first), first}:
            part = model.features(observations[first - context :], context)
            torch.testing.assert_close(part, whole[first:])


@torch.no_grad()
def test_features_know_nothing_of_what_comes_later(model):
    observations = torch.ones(5, model.observation_dim, dtype=model.dtype)
    changed = observations.clone()
    changed[3:] = -7.0
    torch.testing.assert_close(model.features(changed)[:3], model.features(observations)[:3])


@torch.no_grad()
def test_advancing_agrees_with_unrolling(model, xs):
    unrolled = model.unroll(xs, FULL)
    states = model.initial().take(torch.zeros(4, dtype=torch.int64))
    for time, x in enumerate(xs):
        prediction = model.predict(states)
        torch.testing.assert_close(prediction.mean, unrolled.mean[time])
        torch.testing.assert_close(*torch.broadcast_tensors(prediction.variance, unrolled.variance[time]))
        states = model.advance(states, model.encode(x))


@torch.no_grad()
def test_a_row_does_not_depend_on_its_neighbours(model, xs):
    one = model.advance(model.initial(), model.encode(xs[0, 2:3]))
    several = model.advance(model.initial().take(torch.zeros(4, dtype=torch.int64)), model.encode(xs[0]))
    torch.testing.assert_close(model.predict(several).mean[2], model.predict(one).mean[0])


@torch.no_grad()
def test_advancing_leaves_the_given_states_alone(model, xs):
    states = model.initial()
    before = {name: tensor.clone() for name, tensor in states.tensors().items()}
    model.advance(states, model.encode(xs[0, :1]))
    assert all(torch.equal(tensor, before[name]) for name, tensor in states.tensors().items())


@torch.no_grad()
def test_padding_after_the_end_changes_nothing_before_it(model, xs):
    changed, lengths = xs.clone(), torch.tensor([2, 6, 1, 4])
    mask = torch.arange(6)[:, None] < lengths
    changed[~mask] = 123.0
    short, full = model.unroll(changed, lengths), model.unroll(xs, FULL)
    assert short.mean.shape == xs.shape
    torch.testing.assert_close(short.mean[mask], full.mean[mask])
    torch.testing.assert_close(*(one.variance.expand_as(one.mean)[mask] for one in (short, full)))
    assert torch.isfinite(short.mean).all()


def test_the_density_is_that_of_a_gaussian():
    x = torch.tensor([1.0, -2.0])
    prediction = Prediction(torch.tensor([[0.0, 0.0], [1.0, -2.0]]), torch.tensor([[2.0, 0.5], [1.0, 1.0]]))
    expected = torch.distributions.Normal(prediction.mean, prediction.variance.sqrt()).log_prob(x).sum(-1)
    scores = negative_log_density(x, prediction)
    torch.testing.assert_close(scores, -expected.double())
    assert scores.dtype == torch.float64
    assert scores[1].item() == pytest.approx(math.log(2 * math.pi))


@torch.no_grad()
def test_moving_rows_of_a_table_is_advancing_them(model, xs):
    """With the compiled step too, whether a row takes its first observation or one more, several times in one call."""
    table = model.initial().with_capacity(8)
    stepper = model.stepper(table)
    encoded = stepper.encode(xs[:, 0])
    stepper.move(np.array([0]), np.array([1]), encoded, np.array([0]))
    stepper.move(np.array([1, 0, 1]), np.array([5, 3, 2]), encoded, np.array([4, 2, 1]))
    stepper.move(np.array([2, 1]), np.array([4, 6]), encoded, np.array([3, 1]))
    for row, times in {1: [0], 2: [0, 1], 3: [2], 4: [0, 1, 3], 5: [0, 4], 6: [0, 1]}.items():
        states = model.initial()
        for time in times:
            states = model.advance(states, model.encode(xs[time, :1]))
        for name, tensor in states.tensors().items():
            torch.testing.assert_close(getattr(table, name)[row], tensor[0], msg=f"{name} of row {row}")


@torch.no_grad()
def test_predictions_follow_when_rows_are_overwritten(model, xs):
    table = model.initial().with_capacity(2)
    predicted, variance = model.predict(table).mean, model.predict(table).variance
    stepper = model.stepper(table)
    stepper.move(np.array([0]), np.array([1]), stepper.encode(xs[0, :1]), np.array([0]))
    torch.testing.assert_close(predicted[1], model.predict(table).mean[1])
    assert not torch.equal(predicted[1], predicted[0])
    torch.testing.assert_close(variance, model.predict(table).variance)


@torch.no_grad()
def test_no_observation_costs_less_than_the_bound(model, xs):
    states = model.initial()
    for x in xs[:, 0]:
        mean = model.predict(states).mean[0]
        assert negative_log_density(mean, model.predict(states)).item() >= model.least_cost() * (1 - 1e-12)
        states = model.advance(states, model.encode(x[None]))
