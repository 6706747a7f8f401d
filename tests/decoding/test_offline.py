"""Several threads: what they leave behind, and how they end."""

import threading

import numpy as np
import pytest
import torch

import uisrnn
from models import gru, joint
from threads import in_new_thread
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.search import BeamSearch
from uisrnn.sequences.coded import CodedSequence


class Counter(uisrnn.progress.Silent):
    """Counts steps."""

    def __init__(self) -> None:
        self.steps = 0

    def advance(self, steps: int = 1, **figures: float) -> None:
        self.steps += steps


def sequences(number: int, generator: np.random.Generator) -> list[CodedSequence]:
    return [
        CodedSequence(generator.normal(size=(20, 3)).astype(np.float32), name=f"sequence {one}")
        for one in range(number)
    ]


def test_torch_has_as_many_threads_as_before(generator):
    before, xs, search = torch.get_num_threads(), sequences(8, generator), BeamSearch(joint(gru()), 3)
    torch.set_num_threads(3)
    try:
        both = [threading.Thread(target=lambda: decode_all(search, xs, workers=2)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == 3
    finally:
        torch.set_num_threads(before)


def test_an_error_in_one_sequence_ends_the_work_on_all(generator):
    xs = sequences(400, generator)
    bad = np.concatenate([xs[0].observations, np.full((1, 3), 3e38, dtype=np.float32)])  # the longest comes first
    search, counter = BeamSearch(joint(gru().float()), 3), Counter()
    with pytest.raises(uisrnn.InputError, match="the bad one: observation 20 is so far"):
        decode_all(search, [*xs, CodedSequence(bad, name="the bad one")], workers=2, progress=counter)
    assert counter.steps < 200 * 20


def test_progress_counts_every_observation_of_every_copy(generator):
    for workers in (1, 3):
        counter = Counter()
        decode_all(BeamSearch(joint(gru()), 3), sequences(5, generator), 2, workers, counter)
        assert counter.steps == 5 * 20 * 2
