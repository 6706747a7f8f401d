"""`uisrnn tune`."""

import json
import time

import pytest

import uisrnn
from commands import assert_one_line
from uisrnn.tuning.evaluator import LocalTrials


def test_a_model_is_tuned(program, model, data, tmp_path):
    spoilt = uisrnn.UISRNN.from_file(model)
    spoilt.likelihood_scale = 50.0
    spoilt.transition_bias = 0.9
    spoilt.save(tmp_path / "spoilt.uisrnn")
    out = tmp_path / "tuned.uisrnn"
    done = program("tune", tmp_path / "spoilt.uisrnn", data, "--out", out, "--trials", 20, "--seed", 0, "--json")
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
    assert_one_line(cli("tune", model, data, "--out", out, "--workers", 2), 2, "--workers needs --ray")
    assert_one_line(cli("tune", model, data, "--out", out, "--ray", "--workers", 0), 2, "workers must be")
    assert not out.exists()


def test_a_cluster_that_is_not_there_is_one_line_in_seconds(cli, model, data, tmp_path):
    out, begun = tmp_path / "tuned.uisrnn", time.monotonic()
    assert_one_line(cli("tune", model, data, "--out", out, "--ray", "127.0.0.1:9"), 1, "127.0.0.1:9", "reached")
    assert time.monotonic() - begun < 10
    assert not out.exists()


@pytest.mark.slow
def test_workers_find_what_a_batch_of_as_many_finds_here(installed, model, data, tmp_path):
    out = tmp_path / "tuned.uisrnn"
    done = installed("tune", model, data, "--out", out, "--trials", 6, "--seed", 0, "--ray", "--workers", 2, "--json")
    assert done.code == 0, done.err
    here = uisrnn.UISRNN.from_file(model)
    sequences = uisrnn.load_sequences(data)
    found = uisrnn.tune(here, sequences, trials=6, seed=0, evaluator=LocalTrials(2))
    facts = json.loads(done.out)
    assert (facts["trials"], facts["cross_validated"]) == (6, found.cross_validated)
    assert {name: facts[name] for name in found.parameters} == found.parameters
    assert uisrnn.UISRNN.from_file(out).fingerprint() == here.fingerprint()
