"""Conversations with times, for tests that need not know what is in them."""

from collections.abc import Callable
from typing import Any

import numpy as np

import uisrnn


def meetings(number: int, dim: int, longest: int, called: Callable[[int], Any] = int) -> list[uisrnn.LabeledSequence]:
    """Sequences of three clusters each, in five turns.

    Args:
        number: how many.
        dim: D.
        longest: observations of a turn, at most.
        called: the label of each cluster 0, 1, 2.
    """
    rng = np.random.default_rng(0)

    def meeting(number: int) -> uisrnn.LabeledSequence:
        voices = 3 * rng.normal(size=(3, dim))
        turns = np.repeat([0, 1, 0, 2, 1], rng.integers(2, longest + 1, 5))
        x = voices[turns] + 0.2 * rng.normal(size=(len(turns), dim))
        times = 0.4 + 0.4 * np.arange(len(turns))
        return uisrnn.LabeledSequence(x, [called(one) for one in turns.tolist()], times, name=f"meeting{number}")

    return [meeting(one) for one in range(number)]
