import numpy as np
import torch

from uisrnn.randomness import generator_from, torch_seeded

CPU = torch.device("cpu")


def test_a_seed_decides():
    assert generator_from(3).random() == generator_from(3).random() != generator_from(4).random()
    assert generator_from(-1).random() == generator_from(-1).random()


def test_without_a_seed_torch_s_global_generator_decides():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        first = generator_from(None).random()
        torch.manual_seed(5)
        assert generator_from(None).random() == first
        assert generator_from(None).random() != first


def test_global_generators_are_as_before():
    before_torch, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    with torch_seeded(generator_from(1), CPU):
        inside = torch.rand(2)
    assert torch.equal(torch.get_rng_state(), before_torch)
    assert (np.random.get_state()[1] == before_numpy).all()
    with torch_seeded(generator_from(1), CPU):
        assert torch.equal(torch.rand(2), inside)
