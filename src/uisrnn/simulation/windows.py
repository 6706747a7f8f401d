"""Windows over a conversation: who is heard in each, and who speaks at its center."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn

SILENCE = -1
_TICK = 1e-6  # seconds, to which times are rounded
_MOST_WINDOWS = 1_000_000  # in a conversation


@dataclass(frozen=True)
class Windows:
    """Who is heard in each of K windows of a conversation with S speakers.

    Attributes:
        seconds: (K, S) for how long each speaker is heard.
        speaker: (K,) the number of who speaks at the center, `SILENCE` where nobody does.
        where: the words with which an error message about the conversation begins.
    """

    seconds: NDArray[np.float64]
    speaker: NDArray[np.int64]
    where: str


def windows(conversation: list[Turn], window: float, hop: float, where: str) -> Windows:
    """Who is heard in windows of `window` seconds every `hop` seconds, the first where the first turn starts.

    Of speakers at the same time only the one is heard who began last; of two who began together, the one who ends
    first. When that turn ends, the other is heard again.

    Args:
        conversation: its turns in any order.
        window: in seconds, 1 ms or more.
        hop: in seconds, 1 ms or more.
        where: the words with which an error message begins.

    Raises:
        InputError: the times are so far apart that they cannot be seconds.

    >>> windows([Turn(0, 4, "ann"), Turn(1, 2, "bob")], 1, 0.5, "conversation 0").seconds.T
    array([[1. , 0.5, 0. , 0.5, 1. , 1. , 1. ],
           [0. , 0.5, 1. , 0.5, 0. , 0. , 0. ]])
    """
    numbers_of = {name: number for number, name in enumerate(dict.fromkeys(one.speaker for one in conversation))}
    edges, heard = _timeline(conversation, numbers_of)
    if not edges[-1] / hop <= _MOST_WINDOWS:
        raise InputError(f"{where}: lasts {edges[-1]:g} s, over {_MOST_WINDOWS} windows; are its times in seconds?")
    starts = hop * np.arange(max(0, math.ceil((edges[-1] - window / 2) / hop)))
    seconds = np.zeros((len(starts), len(numbers_of)))
    for speaker in range(len(numbers_of)):
        spoken = np.append(0.0, np.cumsum(np.where(heard == speaker, np.diff(edges), 0)))
        seconds[:, speaker] = np.interp(starts + window, edges, spoken) - np.interp(starts, edges, spoken)
    seconds[seconds < _TICK / 2] = 0
    between = np.searchsorted(edges, starts + window / 2, side="right") - 1
    return Windows(seconds, np.append(heard, SILENCE)[between], where)


def _timeline(conversation: list[Turn], numbers_of: dict[Label, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The time cut wherever a turn starts or ends: (E + 1,) edges from 0 on, (E,) who is heard between two of them."""
    times = np.array([(one.start, one.end) for one in conversation], dtype=np.float64).reshape(-1, 2)
    times = np.round((times - times.min(initial=np.inf)) / _TICK) * _TICK
    edges = np.unique(np.append(times, 0.0))
    heard = np.full(len(edges) - 1, SILENCE, dtype=np.int64)
    for number in np.lexsort((-times[:, 1], times[:, 0])):
        start, end = np.searchsorted(edges, times[number])
        heard[start:end] = numbers_of[conversation[number].speaker]
    return edges, heard
