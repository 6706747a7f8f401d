"""Attributes of UISRNN that are fields of its model value."""

import numpy as np
import pytest

import uisrnn
from uisrnn import ModelArguments


@pytest.fixture
def model() -> uisrnn.UISRNN:
    return uisrnn.UISRNN(ModelArguments("plda", observation_dim=2, seed=0, verbosity=0))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transition_bias", 0.3),
        ("transition_bias", np.float64(0.25)),
        ("transition_bias", None),
        ("transition_bias_denominator", 7.0),
        ("crp_alpha", 2.0),
        ("crp_alpha", np.float32(0.5)),
        ("likelihood_scale", 0.1),
        ("conventions", uisrnn.V0),
        ("fitted", True),
        ("front_end", "campplus"),
    ],
)
def test_an_attribute_that_is_set_is_in_the_file(model, tmp_path, name, value):
    setattr(model, name, value)
    model.save(tmp_path / "model")
    assert getattr(model, name) == getattr(uisrnn.UISRNN.from_file(tmp_path / "model"), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transition_bias", 1.0),
        ("transition_bias", "x"),
        ("crp_alpha", 0),
        ("crp_alpha", -1),
        ("crp_alpha", None),
        ("crp_alpha", "x"),
        ("likelihood_scale", None),
    ],
)
def test_a_value_that_is_not_acceptable_is_refused_and_the_old_value_stays(model, name, value):
    before = getattr(model, name)
    with pytest.raises(uisrnn.ArgumentError, match=f"{name} must be a number"):
        setattr(model, name, value)
    assert getattr(model, name) == before


def test_two_models_do_not_share_attributes(model):
    other = uisrnn.UISRNN(ModelArguments("plda", observation_dim=2, seed=0, verbosity=0))
    other.crp_alpha = 3.0
    assert model.crp_alpha == 1.0
