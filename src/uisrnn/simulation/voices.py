"""Voices: what single speakers sound like, and which of it is heard when."""

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

_UNIT = 1e-3  # vectors whose norms differ from 1 by less are taken for normalised ones


@dataclass(frozen=True)
class Voice:
    """What is known of one voice.

    Attributes:
        name: its label.
        observations: (n, D) of this voice alone, all utterances one after another.
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
        """(K,) which observation is heard in each window, of any meaning where none is.

        Args:
            heard: (K,) whether the voice is heard in each window.
            step: observations of the voice from one window to the next.
            gap: observations that are left out between two times that it is heard.
            generator: of the order of utterances, and of where they start.
        """
        order = np.concatenate([self.utterances[one] for one in generator.permutation(len(self.utterances))])
        begins = heard & ~np.concatenate([[False], heard[:-1]])
        clock = np.rint(np.cumsum(heard) * step + np.cumsum(begins) * gap).astype(np.int64)
        clock += generator.integers(len(order))
        lap = math.ceil(math.ceil(len(order) / step) * step)
        shift = clock // lap % math.ceil(step)  # what steps over several rows left out in one lap comes in the next
        rows: NDArray[np.int64] = order[(clock % lap + shift) % len(order)]
        return rows


def bank_of(voices: Any) -> list[Voice]:
    """The voices that `simulate` is given, checked."""
    if not isinstance(voices, Mapping):
        raise InputTypeError(f"voices must be a mapping from names to observations, but are {type(voices).__name__}")
    if not voices:
        raise InputError("voices: at least one is needed, but there is none")
    bank: list[Voice] = []
    for name, values in voices.items():
        if not isinstance(name, (str, numbers.Integral)):
            raise InputTypeError(f"voices: names must be strings or integers, but one is {name!r:.80}")
        bank.append(_voice(name, values, bank[0].observations.shape[1] if bank else None))
    return bank


def _voice(name: Any, values: Any, dim: int | None) -> Voice:
    where = f"voice {name!r}"
    if is_single(values):
        parts = [observations(values, dim, where)]
    else:
        parts = []
        for number, one in enumerate(values):
            parts.append(observations(one, dim, f"{where}, utterance {number}"))
            dim = parts[0].shape[1]
    if not parts:
        raise InputError(f"{where}: at least one observation is needed, but there is none")
    cuts = np.cumsum([len(one) for one in parts])
    return Voice(name, np.concatenate(parts), np.split(np.arange(cuts[-1]), cuts[:-1]))
