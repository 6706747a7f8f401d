"""The number of workers: as many as pay, and never more than cores, sequences and the user's wish."""

import dataclasses
import os
import threading

import numpy as np
import pytest
import torch

import uisrnn
from models import gru, joint, plda
from uisrnn import cores, parallel
from uisrnn.decoding import offline
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.search import BeamSearch
from uisrnn.decoding.workers import workers_that_pay
from uisrnn.parallel import limited
from uisrnn.sequences.coded import CodedSequence


@pytest.fixture
def sixteen_cores(monkeypatch):
    """16 cores, and a user without a wish."""
    monkeypatch.setattr(cores, "_quota_of_process", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)), raising=False)
    monkeypatch.delenv(parallel.VARIABLE, raising=False)
    before = torch.get_num_threads()
    torch.set_num_threads(16)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def started(monkeypatch):
    """The number of workers of each call of the decoder."""
    numbers = []

    def run(work, workers):
        numbers.append(workers)
        parallel.run_workers(work, workers)

    monkeypatch.setattr(offline, "run_workers", run)
    return numbers


def sequences(number: int, length: int, generator: np.random.Generator) -> list[CodedSequence]:
    return [CodedSequence(generator.normal(size=(length, 3)).astype(np.float32), name=str(i)) for i in range(number)]


def compiled_search() -> BeamSearch:
    return BeamSearch(joint(plda().float()), 3)


def test_more_sequences_never_have_fewer_workers():
    for search in (compiled_search(), dataclasses.replace(compiled_search(), look_ahead=2)):
        numbers = [workers_that_pay(search, number, 200 * number, 1000) for number in (1, 2, 4, 16, 64, 256, 1024)]
        assert numbers == sorted(numbers)
        assert numbers[0] == 1


def test_work_that_is_shorter_than_the_start_of_a_worker_has_a_single_worker():
    assert workers_that_pay(compiled_search(), 16, 16, 16) == 1


def test_workers_that_wait_for_the_lock_are_not_started():
    compiled = workers_that_pay(compiled_search(), 64, 64 * 200, 1000)
    assert workers_that_pay(dataclasses.replace(compiled_search(), look_ahead=2), 64, 64 * 200, 1000) < compiled == 51


def test_a_large_network_has_more_workers_than_a_small_network():
    small, large = (BeamSearch(joint(gru(hidden).float()), 3, 2) for hidden in (4, 1024))
    assert workers_that_pay(small, 64, 64 * 200, 64) < workers_that_pay(large, 64, 64 * 200, 64)


@pytest.mark.parametrize(("wish", "workers"), [(None, 16), (4, 4), (100, 16), (1, 1)])
def test_workers_are_never_more_than_cores_or_the_wish(sixteen_cores, started, generator, wish, workers):
    with limited(wish):
        decode_all(compiled_search(), sequences(40, 200, generator))
    assert started == [workers]


def test_workers_are_never_more_than_sequences(sixteen_cores, started, generator):
    decode_all(compiled_search(), sequences(3, 2000, generator))
    decode_all(compiled_search(), sequences(3, 20, generator), workers=100)
    assert started == [3, 3]


def test_a_given_number_of_workers_counts_even_if_fewer_would_pay(sixteen_cores, started, generator):
    decode_all(compiled_search(), sequences(8, 2, generator), workers=5)
    assert started == [5]


def test_a_model_passes_its_wish_to_prediction_and_to_parallel_prediction(sixteen_cores, started, generator):
    model = uisrnn.UISRNN(
        uisrnn.ModelArguments("plda", 3, 2, transition_bias=0.2, verbosity=0, threads=3, device="cpu")
    )
    model.fitted = True
    xs = [sequence.observations for sequence in sequences(40, 200, generator)]
    labels = model.predict(xs)
    assert uisrnn.parallel_predict(model, xs, num_processes=5) == labels
    assert started == [3, 5]


def test_a_stream_starts_no_thread_and_keeps_the_number_of_torch(sixteen_cores, generator):
    model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=3, rnn_hidden_size=4, transition_bias=0.2, verbosity=0))
    model.fitted = True
    stream = model.stream()
    before = threading.active_count()
    stream.push(generator.normal(size=(20, 3)))
    stream.flush()
    assert threading.active_count() == before
    assert torch.get_num_threads() == 16


@pytest.mark.parametrize("look_ahead", [1, 2])
def test_labels_and_scores_are_equal_for_any_number_of_threads(sixteen_cores, generator, look_ahead):
    search = BeamSearch(joint(gru().float()), 3, look_ahead)
    xs = sequences(40, 100, generator)

    def decoded(threads):
        with limited(threads):
            return [[(beam.codes.tolist(), beam.log_prob) for beam in beams] for beams in decode_all(search, xs)]

    assert decoded(1) == decoded(2) == decoded(7) == decoded(16)
