"""Turns whose edges are those of speech."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from uisrnn.audio.activity import Decisions
from uisrnn.data.labeled import Times
from uisrnn.data.labels import Label
from uisrnn.data.segmentation import smoothed
from uisrnn.data.turns import Span, Turn


def spans_of(decisions: Decisions, frame: float) -> list[Span]:
    """From and to when there is speech, in seconds.

    Args:
        decisions: (F,) from 0 on.
        frame: seconds of each.

    >>> spans_of(np.array([False, True, True, False, True]), 0.5)
    [(0.5, 1.5), (2.0, 2.5)]
    """
    changes = np.flatnonzero(np.diff(np.concatenate([[False], decisions, [False]]).astype(np.int8))) * frame
    return [(float(start), float(end)) for start, end in changes.reshape(-1, 2)]


def turns_in_speech(
    labels: Sequence[Label], times: Times, speech: Sequence[Span], window: float, min_gap: float, min_turn: float
) -> list[Turn]:
    """Who speaks from when to when: all speech gets the label of the nearest window, if that has heard it.

    Args:
        labels: one a window.
        times: (T,) centers of the windows in seconds, none before the one before it.
        speech: where somebody speaks, in order, without overlap.
        window: seconds of a window.
        min_gap: see `to_turns`.
        min_turn: see `to_turns`.

    >>> turns_in_speech(["ann", "bob"], np.array([1.0, 2.0]), [(0.2, 0.8), (1.2, 9)], 1.2, 0, 0)
    [Turn(start=0.4, end=0.8, speaker='ann'), Turn(start=1.2, end=1.5, speaker='ann'),
     Turn(start=1.5, end=2.6, speaker='bob')]
    """
    if not len(labels):
        return []
    edges = np.concatenate([[-np.inf], (times[:-1] + times[1:]) / 2, [np.inf]])
    starts, ends = np.maximum(edges[:-1], times - window / 2), np.minimum(edges[1:], times + window / 2)
    turns = []
    for start, end in speech:
        first, last = np.searchsorted(ends, start, "right"), np.searchsorted(starts, end, "left")
        for at in range(first, last):
            piece = Turn(max(start, float(starts[at])), min(end, float(ends[at])), labels[at])
            if piece.end > piece.start:
                turns.append(piece)
    assert all(before.start <= after.start for before, after in pairwise(turns))
    return smoothed(turns, min_gap, min_turn)
