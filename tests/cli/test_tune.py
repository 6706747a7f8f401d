"""`uisrnn tune`."""

import json

import pytest

import uisrnn
from commands import assert_one_line


def test_a_model_is_tuned(installed, model, data, tmp_path):
    spoilt = uisrnn.UISRNN.from_file(model)
    spoilt.likelihood_scale = 50.0
    spoilt.transition_bias = 0.9
    spoilt.save(tmp_path / "spoilt.uisrnn")
    out = tmp_path / "tuned.uisrnn"
    done = installed("tune", tmp_path / "spoilt.uisrnn", data, "--out", out, "--trials", 20, "--seed", 0, "--json")
    assert done.code == 0, done.err
    facts = json.loads(done.out)
    assert facts["trials"] == 20
    assert facts["applied"] == (facts["cross_validated"] > facts["before"])
    assert uisrnn.UISRNN.from_file(out).likelihood_scale == pytest.approx(facts["likelihood_scale"])


def test_what_cannot_be_tuned_is_one_line(cli, model, data, tmp_path):
    out = tmp_path / "tuned.uisrnn"
    assert_one_line(cli("tune", model, "none.npz", "--out", out), 1, "none.npz")
    assert_one_line(cli("tune", model, data, "--out", out, "--metric", "speed"), 2, "metric must be")
    assert_one_line(cli("tune", model, data, "--out", out, "--trials", 0), 2, "trials must be")
