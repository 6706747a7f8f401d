"""Voices: the observations of single speakers, and the choice of observations for windows."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations, is_single, observations

_UNIT = 1e-3  # vectors whose norms differ from 1 by less count as normalised


@dataclass(frozen=True)
class Voice:
    """The observations of a voice.

    Attributes:
        name: its label.
        observations: (n, D) of this voice alone, utterance after utterance.
        utterances: the rows of each utterance.
    """

    name: Label
    observations: Observations
    utterances: list[NDArray[np.int64]]

    @property
    def normalized(self) -> bool:
        """Whether all observations have norm 1."""
        norms = np.linalg.norm(self.observations.astype(np.float64), axis=1)
        return bool(np.allclose(norms, 1, atol=_UNIT))

    def rows(
        self, heard: NDArray[np.bool_], step: float, gap: int, generator: np.random.Generator
    ) -> NDArray[np.int64]:
        """(K,) the row of the observation that is heard in each window; any row if the voice is not heard.

        Args:
            heard: (K,) whether the voice is heard in each window.
            step: observations of the voice from window to window.
            gap: observations that are left out after each pause of the voice.
            generator: draws the order of utterances, and the start.
        """
        order = np.concatenate([self.utterances[number] for number in generator.permutation(len(self.utterances))])
        begins = heard & ~np.concatenate([[False], heard[:-1]])
        clock = np.rint(np.cumsum(heard) * step + np.cumsum(begins) * gap).astype(np.int64)
        clock += generator.integers(len(order))
        lap = math.ceil(math.ceil(len(order) / step) * step)
        shift = clock // lap % math.ceil(step)  # rows that steps left out in a lap come in the next lap
        rows: NDArray[np.int64] = order[(clock % lap + shift) % len(order)]
        return rows


def bank_of(voices: Any) -> list[Voice]:
    """Check the voices that `simulate` gets.

    Raises:
        InputTypeError: `voices` is not a mapping from names to observations.
        InputError: there is no voice, or observations are wrong.
    """
    if not isinstance(voices, Mapping):
        raise InputTypeError(f"voices must be a mapping from names to observations, but are {type(voices).__name__}")
    if not voices:
        raise InputError("voices: at least one voice is needed, but there is none")
    bank: list[Voice] = []
    for name, values in voices.items():
        if not isinstance(name, (str, numbers.Integral)):
            raise InputTypeError(f"voices: names must be strings or integers, but there is {name!r:.80}")
        bank.append(_voice(name, values, bank[0].observations.shape[1] if bank else None))
    return bank


def _voice(name: Any, values: Any, dim: int | None) -> Voice:
    where = f"voice {name!r}"
    if is_single(values):
        parts = [observations(values, dim, where)]
    else:
        parts = []
        for number, utterance in enumerate(values):
            parts.append(observations(utterance, dim, f"{where}, utterance {number}"))
            dim = parts[0].shape[1]
    if not parts:
        raise InputError(f"{where}: at least one observation is needed, but there is none")
    cuts = np.cumsum(list(map(len, parts)))
    return Voice(name, np.concatenate(parts), np.split(np.arange(cuts[-1]), cuts[:-1]))
