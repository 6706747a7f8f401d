"""Labelled conversations from the turns of some and the voices of others."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import ArgumentError, InputError
from uisrnn.randomness import generator_from
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations
from uisrnn.simulation.casting import cast, conversations_of
from uisrnn.simulation.voices import Voice, bank_of
from uisrnn.simulation.windows import SILENCE, Windows, windows

_SHORTEST = 1e-3  # seconds


@dataclass(frozen=True)
class Recipe:
    """How a conversation is made.

    Attributes:
        step: observations of a voice from one window to the next.
        gap: observations of a voice that are left out between two times that it is heard.
        max_length: see `simulate`.
        mixing: see `simulate`.
    """

    step: float
    gap: int
    max_length: int | None
    mixing: bool


def simulate(
    turns: Any,
    voices: Mapping[Any, Any],
    *,
    window: float = 0.8,
    hop: float = 0.4,
    voice_hop: float | None = None,
    number: int | None = None,
    max_length: int | None = None,
    mixing: bool = True,
    noise: float = 0.0,
    normalize: bool | None = None,
    seed: int | None = None,
) -> tuple[list[Observations], list[list[Label]]]:
    """Make labelled conversations for `fit`: voices of single speakers, laid along the turns of real conversations.

    A window of `window` seconds every `hop` seconds, the first where the first turn starts, gives one observation. Its
    label is the voice that speaks at its center; windows with silence there are left out. Of speakers at the same
    time only the one is heard who began last (of two who began together, the one who ends first), and when that turn
    ends, the other again. A window in which several voices are heard has the mean of an observation of each,
    weighted with the seconds that each is heard in it.

    Each speaker has a voice of their own, drawn at random. While a speaker is heard, their observations are
    consecutive ones of the voice, at steps of `hop`; later they go on `window` seconds further on. Utterances of
    a voice come in random order, with a random start, and again when all were heard: what a voice lacks is repeated.

    Args:
        turns: a list of conversations; each is a list of turns (start seconds, end seconds, speaker) in any order, or
            the path of an RTTM file, in which each file id is a conversation. One path alone will do.
        voices: for each voice by its name, (n, D) observations of this voice alone, or a list of such arrays, one an
            utterance, in the order of time.
        window: seconds that an observation sees; best what those of `voices` see.
        hop: seconds from one observation to the next.
        voice_hop: the same in `voices`, at most `hop`; None: as `hop`.
        number: of conversations to make; the list of turns is gone through again, with other voices, where it is
            shorter. None: one for each.
        max_length: observations; of a longer conversation only a random stretch of this length is taken. None: all.
        mixing: False: only the voice at the center is heard in a window.
        noise: standard deviation of normal noise, added to each dimension before normalising.
        normalize: bring observations to L2 norm 1 (but those that are zero); None: where those of `voices` have it.
        seed: of everything random; None: taken from torch's global generator.

    Returns:
        A list of (T, D) float32 arrays, and for each a list of T names of voices. These mean the same in all of them,
        so train with `enforce_cluster_id_uniqueness=False`. Conversations without an observation are left out.

    Raises:
        InputError: turns or observations are wrong, speakers are more than voices, nobody speaks; the message tells
            which conversation, turn, voice or line.
        InputTypeError: something is not what could hold them.
        ArgumentError: another argument has a value that it cannot have.
        OSError: an RTTM file cannot be read.

    >>> voices = {"low": [[0.0], [0.1], [0.2], [0.3]], "high": [[9.0], [9.1], [9.2], [9.3]]}
    >>> x, labels = simulate([[(0, 2, "ann"), (2, 3, "bob")]], voices, window=1, hop=0.5, seed=0)
    >>> labels
    [['low', 'low', 'low', 'high', 'high']]
    >>> x[0].ravel().round(2)
    array([0. , 0.1, 0.2, 4.8, 9. ], dtype=float32)
    """
    _require("window", window, _SHORTEST)
    _require("hop", hop, _SHORTEST)
    _require("noise", noise, 0)
    for name, count in {"number": number, "max_length": max_length}.items():
        _require(name, 1 if count is None else count, 1, integer=True)
    _require("seed", 0 if seed is None else seed, -(2**63), integer=True)
    _require_flag("mixing", mixing, (True, False))
    _require_flag("normalize", normalize, (True, False, None))
    recipe = _recipe(window, hop, voice_hop, max_length, mixing)
    bank = bank_of(voices)
    plans = [windows(one, window, hop, where) for one, where in conversations_of(turns)]
    spoken = [plan for plan in plans if (plan.speaker != SILENCE).any()]
    if not spoken:
        raise InputError(
            f"turns: someone must speak at the center of a {window} s window, "
            f"but of {len(plans)} conversations there is none where anyone does"
        )
    if normalize is None:
        normalize = all(voice.normalized for voice in bank)
    generator = generator_from(seed)
    made, labels = [], []
    for plan in islice(cycle(spoken), len(spoken) if number is None else number):
        x, ids = _conversation(plan, bank, recipe, generator)
        x += noise * generator.standard_normal(x.shape)
        made.append((_normalized(x) if normalize else x).astype(np.float32))
        labels.append(ids)
    return made, labels


def _recipe(window: float, hop: float, voice_hop: float | None, max_length: int | None, mixing: bool) -> Recipe:
    voice_hop = hop if voice_hop is None else voice_hop
    _require("voice_hop", voice_hop, _SHORTEST)
    if voice_hop > hop:
        raise ArgumentError(f"voice_hop must be at most hop={hop}, or observations repeat, but is {voice_hop}")
    gap = math.ceil(round((window - hop) / voice_hop, 6))
    return Recipe(hop / voice_hop, max(0, gap), max_length, mixing)


def _conversation(
    plan: Windows, bank: list[Voice], recipe: Recipe, generator: np.random.Generator
) -> tuple[NDArray[np.float64], list[Label]]:
    """One conversation with voices drawn for it: (T, D) observations and T labels."""
    kept = _stretch(np.flatnonzero(plan.speaker != SILENCE), recipe.max_length, generator)
    speakers = np.flatnonzero(plan.seconds[kept].any(axis=0)).tolist()
    voices = cast(speakers, bank, plan.where, generator)
    weights = _weights(plan, recipe.mixing)[kept]
    x = np.zeros((len(kept), bank[0].observations.shape[1]))
    for speaker, voice in voices.items():
        rows = voice.rows(plan.seconds[:, speaker] > 0, recipe.step, recipe.gap, generator)[kept]
        heard = weights[:, speaker] > 0
        x[heard] += weights[heard, speaker, None] * voice.observations[rows[heard]]
    return x, [voices[speaker].name for speaker in plan.speaker[kept].tolist()]


def _stretch(indexes: NDArray[np.int64], max_length: int | None, generator: np.random.Generator) -> NDArray[np.int64]:
    """A random stretch of at most this length."""
    if max_length is None or len(indexes) <= max_length:
        return indexes
    start = generator.integers(len(indexes) - max_length + 1)
    return indexes[start : start + max_length]


def _weights(plan: Windows, mixing: bool) -> NDArray[np.float64]:
    """(K, S) shares of the speakers in each window, which sum to 1 where someone speaks at its center."""
    heard = plan.seconds if mixing else plan.speaker[:, None] == np.arange(plan.seconds.shape[1])
    shares: NDArray[np.float64] = heard / np.maximum(heard.sum(axis=1, keepdims=True), 1e-9)
    return shares


def _normalized(x: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    keep = (norms == 0) | (np.abs(norms - 1) < 1e-6)  # what float32 cannot tell from 1 stays the same to the last digit
    scaled: NDArray[np.float64] = x / np.where(keep, 1, norms)
    return scaled


def _require(name: str, value: Any, least: float, integer: bool = False) -> None:
    is_number = isinstance(value, numbers.Integral if integer else numbers.Real) and not isinstance(value, bool)
    if not is_number or not least <= value < 2**63:
        raise ArgumentError(
            f"{name} must be {'an integer' if integer else 'a number'} >= {least}, but is {value!r:.80}"
        )


def _require_flag(name: str, value: Any, choices: tuple[bool | None, ...]) -> None:
    if not any(value is choice for choice in choices):
        raise ArgumentError(f"{name} must be one of {', '.join(map(str, choices))}, but is {value!r:.80}")
