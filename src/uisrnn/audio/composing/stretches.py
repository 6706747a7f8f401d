"""The part of a conversation that is composed: all turns, or a random stretch."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from uisrnn.turns.turn import Turn

SHORTEST_TURN = 0.01
"""Seconds; a shorter turn cannot be heard and is left out."""
_HEARD = 1.0  # seconds of each of two speakers that a stretch should hold


def merged(turns: Sequence[Turn]) -> list[Turn]:
    """The turns in the order of time; turns of the same speaker that overlap or touch become a single turn.

    >>> merged([Turn(2, 3, "ann"), Turn(0, 2, "ann"), Turn(1, 4, "bob")])
    [Turn(start=0, end=3, speaker='ann'), Turn(start=1, end=4, speaker='bob')]
    """
    together: list[Turn] = []
    last: dict[object, int] = {}
    for turn in sorted(turns, key=lambda turn: turn.start):
        number = last.get(turn.speaker)
        if number is not None and turn.start <= together[number].end:
            before = together[number]
            together[number] = Turn(before.start, max(before.end, turn.end), turn.speaker)
        else:
            last[turn.speaker] = len(together)
            together.append(turn)
    return together


def stretch_of(turns: Sequence[Turn], max_seconds: float, generator: np.random.Generator) -> tuple[float, list[Turn]]:
    """A random stretch of a conversation, with two speakers if two speakers speak within `max_seconds`.

    Args:
        turns: from `merged`.
        max_seconds: length of the stretch.
        generator: draws the stretch.

    Returns:
        The start of the stretch in seconds, and its turns, whose times count from this start.
    """
    total = max(turn.end for turn in turns)
    if total <= max_seconds:
        return 0.0, list(turns)
    first, last = _starts(turns, max_seconds, generator)
    start = float(np.clip(generator.uniform(first, last), 0, total - max_seconds))
    end = start + max_seconds
    cut = [Turn(max(turn.start, start) - start, min(turn.end, end) - start, turn.speaker) for turn in turns]
    return start, [turn for turn in cut if turn.end - turn.start >= SHORTEST_TURN]


def _starts(turns: Sequence[Turn], max_seconds: float, generator: np.random.Generator) -> tuple[float, float]:
    """The earliest and latest start of a stretch with a random change of speakers, or with a random turn."""
    heard = min(_HEARD, max_seconds / 4)
    changes = [
        (after.start + heard - max_seconds, min(before.end, after.end) - heard)
        for before, after in pairwise(turns)
        if before.speaker != after.speaker
    ]
    possible = [(first, last) for first, last in changes if first < last]
    if possible:
        return possible[int(generator.integers(len(possible)))]
    turn = turns[int(generator.integers(len(turns)))]
    return max(turn.start - max_seconds / 2, 0), max(turn.end - max_seconds / 2, 0)
