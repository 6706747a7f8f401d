"""Random numbers by purpose and iteration: they depend on the number of an iteration, not on earlier draws."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch

from uisrnn.randomness import seed_torch


class Purpose(IntEnum):
    """Purposes of random numbers. Checkpoints rely on the numbers, so purposes are only added."""

    ORDERS = 0
    BATCHES = 1
    DEVELOPMENT = 2
    CROPS = 3
    SCALE = 4
    TORCH = 5
    FOLDS = 6


@dataclass(frozen=True)
class Draws:
    """A source of generators of random numbers.

    A resumed training needs only the seed and the next iteration; batches can be read ahead of time; each of several
    processes can draw its own share.

    Attributes:
        seed: seed of all generators.
        rank: number of the process.

    >>> Draws(0).generator(Purpose.BATCHES, 7).random() == Draws(0).generator(Purpose.BATCHES, 7).random()
    True
    """

    seed: int
    rank: int = 0

    def generator(self, purpose: Purpose, *numbers: int) -> np.random.Generator:
        """The generator for a purpose and numbers, the same at each call."""
        return np.random.default_rng([self.seed, self.rank, int(purpose), *numbers])

    def seed_torch(self, iteration: int, device: torch.device) -> None:
        """Seed torch's global generators, so that dropout and other draws from them depend on the iteration alone."""
        seed_torch(int(self.generator(Purpose.TORCH, iteration).integers(2**62)), device)
