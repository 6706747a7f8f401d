"""From a label for each observation to turns: who speaks from when to when."""

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

    A window stands for the time around its center: up to half way to the centers beside it, but not farther than half
    a hop. So turns change half way between two windows, and where windows are missing nobody speaks. Nobody speaks
    before 0, where recordings begin, either, but where a center is. Windows with equal times stand for the same time,
    so their speakers overlap.

    Args:
        labels: T strings or integers.
        times: (T,) centers of the windows in seconds, none before the one before it.
        hop: seconds from one center to the next where none is missing; None: the median of the differences between
            distinct times.
        min_gap: seconds; two turns of a speaker become one turn if the pause between them is shorter and nobody else
            speaks in the pause.
        min_turn: seconds; a shorter turn is taken for an error: the turns that touch or overlap it share its time. If
            there are no such turns, it is left out.

    Returns:
        The turns in the order of their starts. Turns overlap only if windows have equal times.

    Raises:
        InputError, InputTypeError: labels or times are wrong or differ in number.
        ArgumentError: a number of seconds is not finite or is negative, or one window alone has no `hop`.

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
    """From and to when the windows of each of several distinct times count."""
    with np.errstate(over="ignore"):  # an infinite one is wider than any hop
        differences = np.diff(times)
    if hop is None:
        if not len(differences):
            raise ArgumentError("hop is needed where all windows are at one time")
        hop = float(np.median(differences))
    require_seconds("hop", hop)
    reach = np.minimum(differences, hop) / 2
    edge = hop / 2
    starts = np.maximum(times - np.append(edge, reach), min(float(times[0]), 0.0))
    return starts, times + np.append(reach, edge)
