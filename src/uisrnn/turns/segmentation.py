"""Turns from a label for each observation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.smoothing import smoothed
from uisrnn.turns.turn import Turn


def to_turns(
    labels: Any, times: Any, *, hop: float | None = None, min_gap: float = 0.0, min_turn: float = 0.0
) -> list[Turn]:
    """Turn labels of windows into turns.

    A window stands for the time around its center, up to half the way to the next centers, but at most half a hop. So
    turns change half the way between two windows, and nobody speaks during missing windows. Turns start at 0 or later,
    because recordings begin at 0, unless a center is before 0. Windows with equal times stand for the same time, so
    their speakers overlap.

    Args:
        labels: T strings or integers.
        times: (T,) centers of the windows in seconds, in ascending order; equal times may follow each other.
        hop: seconds between the centers of two neighbouring windows; None: the median of the differences between
            distinct times.
        min_gap: seconds; two turns of a speaker are joined if the pause between them is shorter and nobody else
            speaks in the pause.
        min_turn: seconds; a shorter turn is taken for an error: the turns that touch or overlap it share its time. If
            there are no such turns, it is left out.

    Returns:
        The turns in the order of their starts. Turns overlap only if windows have equal times.

    Raises:
        InputError, InputTypeError: labels or times are wrong, or their numbers differ.
        ArgumentError: a number of seconds is not finite or is negative, or all times are equal and there is no `hop`.

    >>> to_turns([0, 0, 1, 0], [0.25, 0.75, 1.25, 3.25])
    [Turn(start=0.0, end=1.0, speaker=0), Turn(start=1.0, end=1.5, speaker=1), Turn(start=3.0, end=3.5, speaker=0)]
    >>> to_turns([0, 0, 1, 0], [0.25, 0.75, 1.25, 3.25], min_turn=0.6, min_gap=2)
    [Turn(start=0.0, end=3.5, speaker=0)]
    >>> to_turns(["ann", "ann", "bob", "bob"], [0.5, 1.5, 1.5, 2.5])
    [Turn(start=0.0, end=2.0, speaker='ann'), Turn(start=1.0, end=3.0, speaker='bob')]
    """
    for name, value in {"min_gap": min_gap, "min_turn": min_turn}.items():
        require_seconds(name, value)
    names = labelling.names(labels)
    if not names:
        return []
    windows = LabeledSequence(np.zeros((len(names), 1), dtype=np.float32), names, times, "labels")
    assert windows.times is not None
    distinct, places = np.unique(windows.times, return_inverse=True)
    starts, ends = _spans(distinct, hop)
    spans = zip(starts[places].tolist(), ends[places].tolist(), names, strict=True)
    turns = [Turn(start, end, name) for start, end, name in spans]
    return smoothed(turns, min_gap, min_turn)


def _spans(times: NDArray[np.float64], hop: float | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and end of the windows at each of the distinct times."""
    with np.errstate(over="ignore"):  # an infinite difference is wider than any hop
        differences = np.diff(times)
    if hop is None:
        if not len(differences):
            raise ArgumentError("hop is needed if all windows have the same time")
        hop = float(np.median(differences))
    require_seconds("hop", hop)
    reach = np.minimum(differences, hop) / 2
    edge = hop / 2
    starts = np.maximum(times - np.append(edge, reach), min(float(times[0]), 0.0))
    return starts, times + np.append(reach, edge)
