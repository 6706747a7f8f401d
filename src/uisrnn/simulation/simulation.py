"""Labelled conversations from turns and the voices of other speakers."""

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
from uisrnn.simulation.windows import SILENCE, ConversationWindows, windows

_SHORTEST = 1e-3  # seconds


@dataclass(frozen=True)
class Recipe:
    """Numbers for the making of a conversation.

    Attributes:
        step: observations of a voice from window to window.
        gap: observations of a voice that are left out after each pause of the voice.
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

    Windows of `window` seconds begin every `hop` seconds, from the start of the first turn. Each window gives an
    observation. Its label is the voice that speaks at its center; windows with silence at their center are left out.
    If speakers overlap, only the speaker who began last is heard (if two begin together, the speaker who ends first),
    until the end of that turn. A window with several voices has the mean of an observation of each voice, weighted
    with the seconds of the voice in the window.

    Each speaker gets a voice of their own, drawn at random. While a speaker is heard, their observations are
    consecutive observations of the voice, at steps of `hop`; after a pause they go on `window` seconds later. The
    utterances of a voice come in random order, from a random start, and repeat when all were heard.

    Args:
        turns: a list of conversations; each is a list of turns (start seconds, end seconds, speaker) in any order, or
            the path of an RTTM file, in which each file id is a conversation. A single path is also accepted.
        voices: for each voice by its name, (n, D) observations of this voice alone, or a list of such arrays, an
            array for each utterance, in the order of time.
        window: seconds that an observation sees; best as long as the windows of `voices`.
        hop: seconds from observation to observation.
        voice_hop: seconds from observation to observation in `voices`, at most `hop`; None: `hop`.
        number: of conversations to make. If there are fewer lists of turns, they are used again with other voices.
            None: a conversation for each list of turns.
        max_length: in observations; a random stretch of this length replaces a longer conversation. None: no limit.
        mixing: False: only the voice at the center is heard in a window.
        noise: standard deviation of normal noise, added to each dimension before normalising.
        normalize: scale observations to L2 norm 1, but for zeros; None: only if all observations of `voices` have
            norm 1.
        seed: of all random numbers; None: drawn from torch's global generator.

    Returns:
        A list of (T, D) float32 arrays, and for each array a list of T names of voices. A name means the same voice in
        all lists, so train with `enforce_cluster_id_uniqueness=False`. Conversations without an observation are left
        out.

    Raises:
        InputError: turns or observations are wrong, there are more speakers than voices, or nobody speaks; the message
            names the conversation, turn, voice or line.
        InputTypeError: `turns` or `voices` has a wrong type.
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
    plans = [windows(conversation, window, hop, where) for conversation, where in conversations_of(turns)]
    spoken = [plan for plan in plans if (plan.speaker != SILENCE).any()]
    if not spoken:
        raise InputError(
            f"turns: someone must speak at the center of a {window} s window, "
            f"but nobody does in {len(plans)} conversations"
        )
    if normalize is None:
        normalize = all(voice.normalized for voice in bank)
    generator = generator_from(seed)
    sequences = []
    labels = []
    for plan in islice(cycle(spoken), len(spoken) if number is None else number):
        x, ids = _conversation(plan, bank, recipe, generator)
        x += noise * generator.standard_normal(x.shape)
        sequences.append((_normalized(x) if normalize else x).astype(np.float32))
        labels.append(ids)
    return sequences, labels


def _recipe(window: float, hop: float, voice_hop: float | None, max_length: int | None, mixing: bool) -> Recipe:
    voice_hop = hop if voice_hop is None else voice_hop
    _require("voice_hop", voice_hop, _SHORTEST)
    if voice_hop > hop:
        raise ArgumentError(f"voice_hop must be at most hop={hop}, or observations repeat, but is {voice_hop}")
    gap = math.ceil(round((window - hop) / voice_hop, 6))
    return Recipe(hop / voice_hop, max(0, gap), max_length, mixing)


def _conversation(
    plan: ConversationWindows, bank: list[Voice], recipe: Recipe, generator: np.random.Generator
) -> tuple[NDArray[np.float64], list[Label]]:
    """A conversation with random voices: (T, D) observations and T labels."""
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
    """A random stretch of at most `max_length` indexes."""
    if max_length is None or len(indexes) <= max_length:
        return indexes
    start = generator.integers(len(indexes) - max_length + 1)
    return indexes[start : start + max_length]


def _weights(plan: ConversationWindows, mixing: bool) -> NDArray[np.float64]:
    """(K, S) shares of the speakers in each window, which sum to 1 if someone speaks at its center."""
    heard = plan.seconds if mixing else plan.speaker[:, None] == np.arange(plan.seconds.shape[1])
    shares: NDArray[np.float64] = heard / np.maximum(heard.sum(axis=1, keepdims=True), 1e-9)
    return shares


def _normalized(x: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    keep = (norms == 0) | (np.abs(norms - 1) < 1e-6)  # norms that are 1 for float32 leave each digit as it is
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
