"""From a label for each observation to turns: who speaks from when to when."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.checks import require_seconds
from uisrnn.data import labels as labelling
from uisrnn.data.labeled import LabeledSequence
from uisrnn.data.turns import Turn
from uisrnn.errors import ArgumentError

_TICK = 1e-6  # seconds, below which two times are one


def to_turns(
    labels: Any, times: Any, *, hop: float | None = None, min_gap: float = 0.0, min_turn: float = 0.0
) -> list[Turn]:
    """Turn labels of windows into turns.

    A window stands for the time around its center: up to half way to the centers beside it, but not farther than half
    a hop. So turns change half way between two windows, and where windows are missing nobody speaks. Nobody speaks
    before 0, where recordings begin, either, but where a center is.

    Args:
        labels: T strings or integers.
        times: (T,) centers of the windows in seconds, none before the one before it.
        hop: seconds from one center to the next where none is missing; None: the median of the differences.
        min_gap: consecutive turns of one speaker with a shorter pause between them become one, in seconds.
        min_turn: a shorter turn, in seconds, is taken for an error: the turns that touch it share its time; without
            such, it is left out.

    Returns:
        The turns in their order; no two overlap.

    Raises:
        InputError, InputTypeError: labels or times are wrong or differ in number.
        ArgumentError: a number of seconds is not finite or is negative, or one window alone has no `hop`.

    >>> to_turns([0, 0, 1, 0], [0.25, 0.75, 1.25, 3.25])
    [Turn(start=0.0, end=1.0, speaker=0), Turn(start=1.0, end=1.5, speaker=1), Turn(start=3.0, end=3.5, speaker=0)]
    >>> to_turns([0, 0, 1, 0], [0.25, 0.75, 1.25, 3.25], min_turn=0.6, min_gap=2)
    [Turn(start=0.0, end=3.5, speaker=0)]
    """
    for name, value in {"min_gap": min_gap, "min_turn": min_turn}.items():
        require_seconds(name, value)
    names = labelling.names(labels)
    if not names:
        return []
    windows = LabeledSequence(np.zeros((len(names), 1), dtype=np.float32), names, times, "labels")
    assert windows.times is not None
    starts, ends = _spans(windows.times, hop)
    turns = [Turn(*one) for one in zip(starts.tolist(), ends.tolist(), names, strict=True)]
    return smoothed(turns, min_gap, min_turn)


def smoothed(turns: Sequence[Turn], min_gap: float, min_turn: float) -> list[Turn]:
    """Turns without pauses and turns that are too short; see `to_turns`.

    Args:
        turns: in order, without overlap.
        min_gap: in seconds.
        min_turn: in seconds.
    """
    kept = _without_short_ones(_joined(turns, min_gap), min_turn, min_gap)
    return [turn for turn in kept if turn.end > turn.start]


def _spans(times: NDArray[np.float64], hop: float | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each window begins and ends to be the one that counts."""
    with np.errstate(over="ignore"):  # an infinite one is wider than any hop
        differences = np.diff(times)
    if hop is None:
        if not (differences > 0).any():
            raise ArgumentError("hop is needed where all windows are at one time")
        hop = float(np.median(differences[differences > 0]))
    require_seconds("hop", hop)
    reach = np.minimum(differences, hop) / 2
    edge = hop / 2
    starts = np.maximum(times - np.append(edge, reach), min(float(times[0]), 0.0))
    return starts, times + np.append(reach, edge)


def _joined(turns: Sequence[Turn], min_gap: float) -> list[Turn]:
    """Consecutive turns of one speaker as one, where they touch or the pause is too short."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker and _touch(joined[-1], turn, min_gap):
            joined[-1] = Turn(joined[-1].start, turn.end, turn.speaker)
        else:
            joined.append(turn)
    return joined


def _touch(before: Turn, after: Turn, min_gap: float = 0.0) -> bool:
    pause = after.start - before.end
    return pause < max(min_gap, _TICK)


def _without_short_ones(turns: list[Turn], min_turn: float, min_gap: float) -> list[Turn]:
    """Short turns given to those that touch them, the shortest first."""
    kept: list[Turn] = []
    for stretch in _stretches(turns):
        left = stretch
        while len(left) > 1 and _length(left[shortest := _shortest(left)]) < min_turn - _TICK:
            left = _joined(_shared(left, shortest), min_gap)
        kept += left
    return [turn for turn in _joined(kept, min_gap) if _length(turn) >= min_turn - _TICK]


def _stretches(turns: list[Turn]) -> Iterator[list[Turn]]:
    """Turns between two pauses."""
    cuts = [at for at in range(1, len(turns)) if not _touch(turns[at - 1], turns[at])]
    for start, end in pairwise([0, *cuts, len(turns)]):
        yield turns[start:end]


def _shared(stretch: list[Turn], at: int) -> list[Turn]:
    """A stretch without one of its turns, whose time goes to its neighbours."""
    before, short, after = stretch[:at], stretch[at], stretch[at + 1 :]
    middle = (short.start + short.end) / 2 if before and after else short.end if before else short.start
    if before:
        before[-1] = before[-1]._replace(end=middle)
    if after:
        after[0] = after[0]._replace(start=middle)
    return before + after


def _shortest(turns: list[Turn]) -> int:
    return min(range(len(turns)), key=lambda at: _length(turns[at]))


def _length(turn: Turn) -> float:
    return turn.end - turn.start
