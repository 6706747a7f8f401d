"""Trials of `tune` on a cluster: what is found is what would be found here, whatever happens to workers."""

import copy
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import uisrnn
from uisrnn.distributed.cluster import connect
from uisrnn.distributed.trials import RayTrials
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.tuning.evaluator import LocalTrials

DIM, WORKERS = 4, 2


@pytest.fixture(scope="module")
def cluster():
    """Workers of this machine, for all tests here."""
    with connect(workers=WORKERS) as number:
        yield number


def conversations(number: int, seed: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Turns of three clusters that are others in each sequence."""
    generator = np.random.default_rng(seed)
    labels = [np.repeat(generator.integers(3, size=8), generator.integers(1, 6, size=8)) for _ in range(number)]
    sequences = [
        2 * generator.normal(size=(3, DIM))[one] + 0.5 * generator.normal(size=(len(one), DIM)) for one in labels
    ]
    return sequences, [one.tolist() for one in labels]


SEQUENCES, LABELS = conversations(6, seed=1)


@pytest.fixture(scope="module")
def fitted() -> uisrnn.UISRNN:
    """It hardly looks at observations."""
    model = uisrnn.UISRNN(uisrnn.ModelArguments("plda", observation_dim=DIM, seed=0, verbosity=0))
    model.fit(*conversations(20, seed=0))
    model.likelihood_scale = 0.02
    return model


@pytest.fixture
def model(fitted) -> uisrnn.UISRNN:
    return copy.deepcopy(fitted)


def tuned(model, evaluator, metric="accuracy", **given) -> uisrnn.Tuning:
    return uisrnn.tune(model, SEQUENCES, LABELS, metric, **{"trials": 5, "seed": 0, "evaluator": evaluator} | given)


def test_workers_find_what_a_batch_of_as_many_finds_here(cluster, model):
    here = tuned(copy.deepcopy(model), LocalTrials(WORKERS), trials=13)
    assert tuned(model, RayTrials(workers=WORKERS), trials=13) == here
    assert here.applied
    assert model.likelihood_scale == here.parameters["likelihood_scale"]


def test_as_many_trials_at_once_as_there_are_cores_unless_a_number_is_given(cluster, model):
    for workers, number in ((None, WORKERS), (3, 3)):
        found = tuned(copy.deepcopy(model), RayTrials(workers=workers), timeout=1e-9)
        assert found.trials == number


def test_a_study_that_was_begun_here_goes_on_on_the_cluster(cluster, model, tmp_path):
    given = {"storage": tmp_path / "study"}
    tuned(copy.deepcopy(model), LocalTrials(WORKERS), trials=6, **given)
    found = tuned(copy.deepcopy(model), RayTrials(workers=WORKERS), trials=12, **given)
    assert found == tuned(model, LocalTrials(WORKERS), trials=12)


def test_an_interrupt_ends_it_and_a_later_call_does_the_same_trials(cluster, model, tmp_path):
    begun, released = tmp_path / "begun", tmp_path / "released"

    def slow(truth: list[int], found: list[int]) -> float:
        begun.touch()
        while not released.exists():
            time.sleep(0.01)
        return compute_sequence_match_accuracy(truth, found)

    def interrupt() -> None:
        while not begun.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    here, before = tuned(copy.deepcopy(model), LocalTrials(WORKERS)), model.fingerprint()
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        tuned(model, RayTrials(workers=WORKERS), slow, storage=tmp_path / "study")
    assert model.fingerprint() == before
    released.touch()
    assert tuned(model, RayTrials(workers=WORKERS), slow, storage=tmp_path / "study") == here


# --- what happens to workers ---


def test_the_trial_of_a_worker_that_is_lost_is_done_again(cluster, model, tmp_path):
    def accuracy(truth: list[int], found: list[int]) -> float:
        try:
            (tmp_path / "killed").touch(exist_ok=False)
        except FileExistsError:
            return compute_sequence_match_accuracy(truth, found)
        os.kill(os.getpid(), 9)
        raise AssertionError

    here = tuned(copy.deepcopy(model), LocalTrials(WORKERS))
    assert tuned(model, RayTrials(workers=WORKERS), accuracy) == here
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_a_trial_that_takes_every_worker_down_with_it_ends_the_search(cluster, model):
    def deadly(truth: list[int], found: list[int]) -> float:
        os.kill(os.getpid(), 9)
        raise AssertionError

    before = model.fingerprint()
    with pytest.raises(uisrnn.ClusterError, match=r"tuning failed on the cluster: .*worker died"):
        tuned(model, RayTrials(workers=WORKERS), deadly)
    assert model.fingerprint() == before


# --- metrics ---


class OwnError(Exception):
    """Not of this library."""


def test_an_error_of_the_metric_is_raised_as_it_is(cluster, model):
    def failing(truth: list[int], found: list[int]) -> float:
        raise OwnError("seven")

    before = model.fingerprint()
    with pytest.raises(OwnError, match=r"^seven$"):
        tuned(model, RayTrials(workers=WORKERS), failing)
    assert model.fingerprint() == before


def test_a_score_that_is_no_number_is_named_as_here(cluster, model):
    with pytest.raises(uisrnn.ArgumentError, match=r"^metric must give a finite number, but gives nan for sequence 0$"):
        tuned(model, RayTrials(workers=WORKERS), lambda truth, found: math.nan)


def test_a_metric_that_cannot_be_sent_is_refused(cluster, model):
    lock = threading.Lock()

    def locked(truth: list[int], found: list[int]) -> float:
        with lock:
            return 1.0

    with pytest.raises(uisrnn.ArgumentError, match=r"metric must be a function that can be sent, but .*locked cannot"):
        tuned(model, RayTrials(workers=WORKERS), locked)


# --- what is refused, and what is not needed ---


@pytest.mark.parametrize(
    ("evaluator", "error", "message"),
    [
        (RayTrials(workers=0), uisrnn.ArgumentError, "workers must be an integer >= 1, but is 0"),
        (RayTrials(address="nowhere"), uisrnn.ArgumentError, "the address of a Ray cluster must be host:port"),
    ],
)
def test_bad_arguments(model, evaluator, error, message):
    with pytest.raises(error, match=message):
        tuned(model, evaluator)


@pytest.mark.slow
def test_without_a_cluster_ray_is_not_imported():
    program = (
        "import sys, numpy as np, uisrnn, uisrnn.distributed.trials\n"
        "model = uisrnn.UISRNN(uisrnn.ModelArguments('plda', observation_dim=2, verbosity=0, seed=0))\n"
        "x = [np.repeat(np.eye(2), 3, axis=0) + np.random.default_rng(n).normal(size=(6, 2)) / 9 for n in range(6)]\n"
        "model.fit(x, [list('aaabbb')] * 6)\n"
        "uisrnn.tune(model, x, [list('aaabbb')] * 6, trials=2)\n"
        "print('ray' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
