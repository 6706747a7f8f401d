"""One source of randomness a model; the global generators are read once at most and never changed.

And no randomness beside it: equal bits from equal inputs, where the machine is the same.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
_FIXED_WORKSPACES = (":4096:8", ":16:8")


def seed_from(seed: int | None) -> int:
    """The seed itself, or, without one, a number from torch's global generator (so `torch.manual_seed` governs it)."""
    return int(torch.randint(2**62, ()).item()) if seed is None else int(seed) % 2**64


def generator_from(seed: int | None) -> np.random.Generator:
    """A generator from a seed, or, without one, from torch's global generator."""
    return np.random.default_rng(seed_from(seed))


def generator_of(seed: int, number: int) -> np.random.Generator:
    """The generator of item `number`, which does not depend on the items before it.

    Args:
        seed: from `seed_from`.
        number: of the item, >= 0.

    >>> bool(generator_of(5, 0).random() == generator_of(5, 1).random())
    False
    """
    return np.random.default_rng([seed, number])


@contextmanager
def torch_kept(device: torch.device) -> Iterator[None]:
    """Torch's global generators are afterwards as before, whatever is drawn meanwhile.

    Initial weights and dropout draw from them, with no way to hand in another.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def torch_seeded(generator: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators from `generator` for a while; afterwards they are as before."""
    with torch_kept(device):
        seed_torch(int(generator.integers(2**62)), device)
        yield


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed those of torch's global generators that work on this device draws from."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


@contextmanager
def deterministic_algorithms() -> Iterator[None]:
    """Let torch take algorithms whose results are always equal, for a while; afterwards the process is as before.

    On a GPU sums are otherwise added up in the order in which threads happen to come; on several cores of a CPU too,
    in gradients by indexed rows. An operation of which torch knows no such algorithm warns.
    """
    strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get(_WORKSPACE)
    if workspace not in _FIXED_WORKSPACES:  # without it, torch takes no product on a GPU for deterministic
        os.environ[_WORKSPACE] = _FIXED_WORKSPACES[0]
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # all of it is written
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():  # along the first of several dimensions, each sum is one thread's
            warnings.filterwarnings("ignore", "cumsum_cuda_kernel does not have a deterministic")
            yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        if workspace is None:
            del os.environ[_WORKSPACE]
        else:
            os.environ[_WORKSPACE] = workspace
