"""Random generators of models, and deterministic algorithms.

Each model has a generator of its own. Global generators are read at most once and never changed. On the same machine,
equal inputs give equal bits.
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
    """The seed modulo 2^64; for None, a number from torch's global generator, which `torch.manual_seed` governs."""
    return int(torch.randint(2**62, ()).item()) if seed is None else int(seed) % 2**64


def generator_from(seed: int | None) -> np.random.Generator:
    """A generator with a seed; for None, with a seed from torch's global generator."""
    return np.random.default_rng(seed_from(seed))


def generator_of(seed: int, number: int) -> np.random.Generator:
    """The generator of an item, which does not depend on the items before it.

    Args:
        seed: from `seed_from`.
        number: the number of the item, >= 0.

    >>> bool(generator_of(5, 0).random() == generator_of(5, 1).random())
    False
    """
    return np.random.default_rng([seed, number])


@contextmanager
def torch_kept(device: torch.device) -> Iterator[None]:
    """Restore torch's global generators at the end of the context.

    Initial weights and dropout draw from the global generators; torch accepts no other generator for them.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def torch_seeded(generator: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators from `generator`, and restore them at the end of the context."""
    with torch_kept(device):
        seed_torch(int(generator.integers(2**62)), device)
        yield


def seed_torch(seed: int, device: torch.device) -> None:
    """Seed the global generators of torch from which work on this device draws."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


@contextmanager
def deterministic_algorithms() -> Iterator[None]:
    """Let torch use deterministic algorithms, and restore its settings at the end of the context.

    Other algorithms sum in the order in which threads finish: on a GPU, and in gradients of indexed rows on several
    cores of a CPU. An operation without a deterministic algorithm warns.
    """
    was_deterministic = torch.are_deterministic_algorithms_enabled()
    only_warned = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get(_WORKSPACE)
    if workspace not in _FIXED_WORKSPACES:  # else torch warns about each product on a GPU
        os.environ[_WORKSPACE] = _FIXED_WORKSPACES[0]
    fills_memory = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # all of it is written
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():  # along the first of several dimensions, a single thread adds up each sum
            warnings.filterwarnings("ignore", "cumsum_cuda_kernel does not have a deterministic")
            yield
    finally:
        torch.use_deterministic_algorithms(was_deterministic, warn_only=only_warned)
        torch.utils.deterministic.fill_uninitialized_memory = fills_memory  # type: ignore[attr-defined]
        if workspace is None:
            del os.environ[_WORKSPACE]
        else:
            os.environ[_WORKSPACE] = workspace
