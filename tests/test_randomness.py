import os

import numpy as np
import pytest
import torch

from threads import torch_threads
from uisrnn.randomness import deterministic_algorithms, generator_from, torch_seeded

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


@pytest.fixture
def two_cores():
    with torch_threads(2):
        yield


def test_deterministic_gradients_are_equal_to_the_last_bit(two_cores):
    """Without, several cores add up the gradients of a row that is taken often in whatever order they come."""
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(500, 128, generator=generator, requires_grad=True)
    rows = torch.randint(500, (20000,), generator=generator)
    weights = torch.randn(20000, 128, generator=generator)

    def gradient() -> torch.Tensor:
        return torch.autograd.grad((table[rows] * weights).sum(), table)[0]

    with deterministic_algorithms():
        first = gradient()
        assert all(torch.equal(gradient(), first) for _ in range(5))


def fail_deterministically(workspace: str) -> None:
    with deterministic_algorithms():
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == workspace
        raise ZeroDivisionError


@pytest.mark.parametrize(("workspace", "inside"), [(None, ":4096:8"), (":0:0", ":4096:8"), (":16:8", ":16:8")], ids=str)
@pytest.mark.parametrize("mode", ["default", "warn", "error"])
def test_what_the_process_had_set_is_put_back_also_after_an_error(monkeypatch, workspace, inside, mode):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    if workspace is not None:
        monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", workspace)
    torch.set_deterministic_debug_mode(mode)
    before = torch.get_deterministic_debug_mode()
    with pytest.raises(ZeroDivisionError):
        fail_deterministically(inside)
    after = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    assert after == before
    assert os.environ.get("CUBLAS_WORKSPACE_CONFIG") == workspace
