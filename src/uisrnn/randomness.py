"""One source of randomness a model; the global generators are read once at most and never changed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def generator_from(seed: int | None) -> np.random.Generator:
    """A generator from a seed, or, without one, from torch's global generator (so `torch.manual_seed` governs it)."""
    if seed is None:
        seed = int(torch.randint(2**62, ()).item())
    return np.random.default_rng(int(seed) % 2**64)


@contextmanager
def torch_seeded(generator: np.random.Generator, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators from `generator` for a while; afterwards they are as before.

    Initial weights and dropout draw from the global generators, with no way to hand in another.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        seed = int(generator.integers(2**62))
        torch.default_generator.manual_seed(seed)
        if devices:
            torch.cuda.manual_seed(seed)
        yield
