"""The front door of training: a model value and a corpus in, another value and its history out."""

import dataclasses

import numpy as np
import pytest

import uisrnn
from trainings import DIM, calls
from uisrnn.arguments import ModelArguments, TrainingArguments
from uisrnn.construction import new_model
from uisrnn.corpus.corpus import Corpus
from uisrnn.log import ModelLogger
from uisrnn.sequences import coded
from uisrnn.training.fit import Context, fit, fit_observation_model
from uisrnn.training.loop import Deadline

CALLS = calls(6)


def corpus() -> Corpus:
    return Corpus.of(coded.labeled(CALLS, None, DIM)[0])


def context(seed: int = 0) -> Context:
    return Context(seed, ModelLogger(0), Deadline(None))


def untrained(kind: str, **arguments):
    """A model value and its trainer."""
    given = {"observation_dim": DIM, "rnn_hidden_size": 4, "crp_alpha": None, "seed": 1, "verbosity": 0}
    model = new_model(ModelArguments(kind, **(given | arguments)), np.random.default_rng(1))
    return model, model.registration.trainer(model.observation)


@pytest.mark.parametrize("kind", ["gru", "plda", "context_plda"])
def test_training_returns_another_value_with_the_scalars(kind):
    model, trainer = untrained(kind)
    args = TrainingArguments(train_iteration=3, discriminative_iteration=3)
    learned, history = fit(model, trainer, corpus(), args, context())
    assert (model.transition_bias, model.crp_alpha, model.fitted) == (None, None, False)
    assert 0 < learned.transition_bias < 1
    assert learned.crp_alpha > 0
    assert learned.fitted
    assert learned.observation is model.observation
    assert len(history.discriminative) == 3


def test_uisrnn_trains_the_same_model():
    arguments = ModelArguments("plda", observation_dim=DIM, crp_alpha=None, seed=1, verbosity=0)
    model = uisrnn.UISRNN(arguments)
    args = TrainingArguments(discriminative_iteration=3)
    seed = uisrnn.UISRNN(arguments).draw_seed()
    value, trainer = untrained("plda")
    learned, history = fit(value, trainer, corpus(), args, context(seed))
    assert model.fit(CALLS, args=args) == history
    assert model.fingerprint() == learned.fingerprint()


def test_the_seed_of_the_context_decides():
    def trained(seed: int) -> str:
        return fit(*untrained("gru"), corpus(), TrainingArguments(train_iteration=3), context(seed))[0].fingerprint()

    assert trained(0) == trained(0) != trained(1)


def test_given_scalars_stay():
    model, trainer = untrained("plda", transition_bias=0.25, crp_alpha=0.5)
    learned, _history = fit(model, trainer, corpus(), TrainingArguments(discriminative_iteration=2), context())
    assert (learned.transition_bias, learned.crp_alpha) == (0.25, 0.5)
    assert learned.likelihood_scale != model.likelihood_scale


def test_estimates_of_several_calls_are_averaged_by_their_weights():
    model, trainer = untrained("plda")
    first, _history = fit(model, trainer, corpus(), TrainingArguments(), context())
    other = dataclasses.replace(first, transition_bias=0.5, transition_bias_denominator=100.0)
    second, _history = fit(other, trainer, corpus(), TrainingArguments(), context())
    weight = first.transition_bias_denominator
    assert second.transition_bias_denominator == 100 + weight
    assert second.transition_bias == pytest.approx((50 + first.transition_bias * weight) / (100 + weight))


def test_the_observation_model_alone_learns_no_scalars():
    model, trainer = untrained("gru")
    args = TrainingArguments(train_iteration=3, discriminative_iteration=3)
    learned, history = fit_observation_model(model, trainer, corpus(), args, context())
    assert learned.fitted
    assert (learned.transition_bias, learned.crp_alpha) == (None, None)
    assert (len(history), history.discriminative) == (3, [])
