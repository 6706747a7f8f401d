"""What an iteration draws follows from seed, process, purpose and its number, and from nothing else."""

from itertools import product

import pytest
import torch

from uisrnn.training.draws import Draws, Purpose


def drawn(seed=3, rank=0, purpose=Purpose.BATCHES, *numbers):
    return Draws(seed, rank).generator(purpose, *numbers).integers(2**62)


def test_the_same_is_drawn_however_often_and_whatever_was_drawn_before():
    draws = Draws(3)
    first = [draws.generator(Purpose.CROPS, number).random(5).tolist() for number in range(4)]
    again = [draws.generator(Purpose.CROPS, number).random(5).tolist() for number in (3, 1, 0, 2)]
    assert [again[2], again[1], again[3], again[0]] == first


def test_seed_process_purpose_and_number_all_tell():
    places = list(product((0, 1, 2**61), (0, 1, 2), Purpose, ((0, 0), (0, 1), (1, 0), (7, 7))))
    assert len({drawn(seed, rank, purpose, *numbers) for seed, rank, purpose, numbers in places}) == len(places)


def test_checkpoints_rely_on_the_numbers_of_purposes():
    assert {one.name: one.value for one in Purpose} == {
        "ORDERS": 0, "BATCHES": 1, "DEVELOPMENT": 2, "CROPS": 3, "SCALE": 4, "TORCH": 5, "FOLDS": 6
    }  # fmt: skip


@pytest.mark.parametrize("seed", [0, 2**62 - 1])
def test_torch_draws_by_iteration(seed):
    def from_torch(iteration):
        Draws(seed).seed_torch(iteration, torch.device("cpu"))
        return torch.rand(3).tolist()

    with torch.random.fork_rng(devices=[]):
        first = [from_torch(iteration) for iteration in range(3)]
        torch.rand(99)
        assert [from_torch(iteration) for iteration in range(3)] == first
        assert len(set(map(tuple, first))) == 3
