"""Windows over a conversation: the speakers in each window, and the speaker at its center."""

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
class ConversationWindows:
    """K windows of a conversation with S speakers.

    Attributes:
        seconds: (K, S) of each speaker in each window.
        speaker: (K,) the number of the speaker at the center, `SILENCE` if nobody speaks.
        where: the name of the conversation in error messages.
    """

    seconds: NDArray[np.float64]
    speaker: NDArray[np.int64]
    where: str


def windows(conversation: list[Turn], window: float, hop: float, where: str) -> ConversationWindows:
    """Windows of `window` seconds every `hop` seconds, from the start of the first turn.

    If speakers overlap, only the speaker who began last is heard; if two begin together, the speaker who ends first.
    When that turn ends, the other speaker is heard again.

    Args:
        conversation: its turns in any order.
        window: in seconds, 1 ms or more.
        hop: in seconds, 1 ms or more.
        where: the name of the conversation; error messages begin with it.

    Raises:
        InputError: the times are so far apart that they cannot be seconds.

    >>> windows([Turn(0, 4, "ann"), Turn(1, 2, "bob")], 1, 0.5, "conversation 0").seconds.T
    array([[1. , 0.5, 0. , 0.5, 1. , 1. , 1. ],
           [0. , 0.5, 1. , 0.5, 0. , 0. , 0. ]])
    """
    numbers_of = {name: number for number, name in enumerate(dict.fromkeys(turn.speaker for turn in conversation))}
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
    return ConversationWindows(seconds, np.append(heard, SILENCE)[between], where)


def _timeline(conversation: list[Turn], numbers_of: dict[Label, int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The times at which a turn starts or ends, (E + 1,) from 0 on, and the (E,) speakers heard between these times."""
    times = np.array([(turn.start, turn.end) for turn in conversation], dtype=np.float64).reshape(-1, 2)
    times = np.round((times - times.min(initial=np.inf)) / _TICK) * _TICK
    edges = np.unique(np.append(times, 0.0))
    heard = np.full(len(edges) - 1, SILENCE, dtype=np.int64)
    for number in np.lexsort((-times[:, 1], times[:, 0])):
        start, end = np.searchsorted(edges, times[number])
        heard[start:end] = numbers_of[conversation[number].speaker]
    return edges, heard
