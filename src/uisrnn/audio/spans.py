"""Conversion of labelled spans to turns, which may overlap."""

from collections.abc import Sequence

from uisrnn.audio.front_ends.front_end import Spans
from uisrnn.sequences.labels import Label
from uisrnn.turns.smoothing import TICK, smoothed
from uisrnn.turns.turn import Turn


def turns_of_spans(labels: Sequence[Label], spans: Spans, min_gap: float, min_turn: float) -> list[Turn]:
    """The turns of speakers, from their spans.

    Spans of a speaker become a single turn if the pauses between them are shorter than `min_gap` and nobody else speaks
    in these pauses.

    Args:
        labels: K speakers.
        spans: (K, 2) seconds.
        min_gap: see `smoothed`, in seconds.
        min_turn: see `smoothed`, in seconds.

    Returns:
        The turns in the order of their starts.

    >>> import numpy as np
    >>> spans = np.array([[0.0, 1.0], [1.2, 2.0], [1.5, 1.9], [2.0, 2.1], [2.1, 3.0]])
    >>> turns_of_spans(["ann", "ann", "bob", "cat", "ann"], spans, 0.3, 0.2)
    [Turn(start=0.0, end=3.0, speaker='ann'), Turn(start=1.5, end=1.9, speaker='bob')]
    """
    turns = [Turn(float(start), float(end), label) for label, (start, end) in zip(labels, spans, strict=True)]
    return smoothed(turns, min_gap, min_turn)


def exclusive(turns: Sequence[Turn]) -> list[Turn]:
    """The same turns without overlap: while several people speak, the turn that began first goes on.

    Args:
        turns: in the order of their starts.

    >>> exclusive([Turn(0, 3, "ann"), Turn(1, 2, "bob"), Turn(2.5, 4, "cat")])
    [Turn(start=0, end=3, speaker='ann'), Turn(start=3, end=4, speaker='cat')]
    """
    kept: list[Turn] = []
    for turn in turns:
        start = max(turn.start, kept[-1].end) if kept else turn.start
        if start < turn.end - TICK:
            kept.append(turn._replace(start=start))
    return kept
