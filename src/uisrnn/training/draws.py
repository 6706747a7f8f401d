"""Randomness by what it is for and when: what an iteration draws follows from its number, not from those before it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch

from uisrnn.randomness import seed_torch


class Purpose(IntEnum):
    """What is drawn; each has numbers of its own. Only added to, as checkpoints of trainings rely on the order."""

    ORDERS = 0
    BATCHES = 1
    DEVELOPMENT = 2
    CROPS = 3
    SCALE = 4
    TORCH = 5
    FOLDS = 6


@dataclass(frozen=True)
class Draws:
    """A source of generators.

    A training that goes on from a checkpoint needs to know no more than the seed and which iteration is next, batches
    can be read ahead of time, and any of several processes can draw its own part.

    Attributes:
        seed: of all of them.
        rank: of the process.

    >>> Draws(0).generator(Purpose.BATCHES, 7).random() == Draws(0).generator(Purpose.BATCHES, 7).random()
    True
    """

    seed: int
    rank: int = 0

    def generator(self, purpose: Purpose, *numbers: int) -> np.random.Generator:
        """The generator for this, the same at each call."""
        return np.random.default_rng([self.seed, self.rank, int(purpose), *numbers])

    def seed_torch(self, iteration: int, device: torch.device) -> None:
        """Let dropout and whatever else draws from torch's global generators depend on the iteration alone."""
        seed_torch(int(self.generator(Purpose.TORCH, iteration).integers(2**62)), device)
