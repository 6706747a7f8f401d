"""Turns of reference and hypothesis side by side: pieces of time with the same speakers, and their errors."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from uisrnn.errors import InputError
from uisrnn.sequences.labels import Label
from uisrnn.turns.smoothing import TICK
from uisrnn.turns.spans import merged
from uisrnn.turns.turn import Span, Turn

ERRORS = ("missed", "false alarm", "confusion")
_MOST_WORK = 20_000_000  # pairs of simultaneous speakers, over all pieces


class Piece(NamedTuple):
    """A time in which the same speakers speak.

    Attributes:
        start: in seconds.
        end: in seconds.
        reference: the speakers in the reference.
        hypothesis: the speakers in the hypothesis.
    """

    start: float
    end: float
    reference: frozenset[Label]
    hypothesis: frozenset[Label]


def united(turns: Iterable[Turn]) -> list[Turn]:
    """Overlapping turns of a speaker as a single turn: nobody speaks twice at a time.

    Two turns that only touch stay two turns with their boundaries.

    Args:
        turns: in any order.

    Returns:
        The turns by start, without turns that have no length.

    >>> united([Turn(0, 2, "ann"), Turn(2, 3, "ann"), Turn(1, 1.5, "ann"), Turn(1, 1, "bob")])
    [Turn(start=0, end=2, speaker='ann'), Turn(start=2, end=3, speaker='ann')]
    """
    last: dict[Label, int] = {}
    kept: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        place = last.get(turn.speaker)
        end_before = turn.start if place is None else kept[place].end
        if turn.end - max(turn.start, end_before) <= TICK:
            continue
        if place is not None and turn.start < end_before - TICK:
            kept[place] = kept[place]._replace(end=turn.end)
        else:
            last[turn.speaker] = len(kept)
            kept.append(turn._replace(start=max(turn.start, end_before)))
    return kept


def pieces(reference: Iterable[Turn], hypothesis: Iterable[Turn]) -> Iterator[Piece]:
    """Cut the time at each start and each end of a turn, in the reference or in the hypothesis.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.

    Returns:
        The pieces in which at least one speaker speaks, in their order.

    Raises:
        InputError: so many speakers speak at the same time that the work would take hours.

    >>> [piece.end for piece in pieces([Turn(0, 2, "ann")], [Turn(1, 3, 0)])]
    [1, 2, 3]
    """
    changes = defaultdict(list)
    for side, turns in enumerate((reference, hypothesis)):
        for turn in united(turns):
            changes[turn.start].append((True, side, turn.speaker))
            changes[turn.end].append((False, side, turn.speaker))
    speaking: tuple[set[Label], set[Label]] = (set(), set())
    start = 0.0
    work = 0
    for time in sorted(changes):
        if any(speaking):
            work += max(map(len, speaking)) ** 2
            if work > _MOST_WORK:
                raise InputError(f"too many speak at the same time, {max(map(len, speaking))} at {start} seconds")
            yield Piece(start, time, frozenset(speaking[0]), frozenset(speaking[1]))
        for starts, side, speaker in sorted(changes[time], key=lambda change: change[0]):  # ends come before starts
            (speaking[side].add if starts else speaking[side].remove)(speaker)
        start = time


def clipped(parts: Iterable[Piece], spans: Sequence[Span]) -> Iterator[Piece]:
    """The parts of pieces that are within spans of time.

    Args:
        parts: pieces in their order.
        spans: (start, end) in seconds, in order and disjoint.

    >>> list(clipped([Piece(0, 4, frozenset({"ann"}), frozenset())], [(1, 2), (3, 9)]))[1]
    Piece(start=3, end=4, reference=frozenset({'ann'}), hypothesis=frozenset())
    """
    first = 0
    for piece in parts:
        while first < len(spans) and spans[first][1] <= piece.start:
            first += 1
        number = first
        while number < len(spans) and spans[number][0] < piece.end:
            start = max(piece.start, spans[number][0])
            end = min(piece.end, spans[number][1])
            if end - start > TICK:
                yield piece._replace(start=start, end=end)
            number += 1


def count_errors(piece: Piece, matched: Mapping[Label, Label]) -> tuple[int, int, int]:
    """How many speakers are wrong in a piece: missed, false alarms, confused.

    With n speakers in the reference and m speakers in the hypothesis, n - m are missed, or m - n are false alarms. Of
    the other min(n, m) speakers, those who are not matched with a speaker of the same piece are confused.

    Args:
        piece: a time in which the same speakers speak.
        matched: see `match_speakers`.

    >>> count_errors(Piece(0, 1, frozenset({"ann", "bob"}), frozenset({0})), {0: "cat"})
    (1, 0, 1)
    """
    in_reference = len(piece.reference)
    in_hypothesis = len(piece.hypothesis)
    right = sum(name in matched and matched[name] in piece.reference for name in piece.hypothesis)
    confused = min(in_reference, in_hypothesis) - right
    return max(in_reference - in_hypothesis, 0), max(in_hypothesis - in_reference, 0), confused


def find_errors(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], matched: Mapping[Label, Label]
) -> dict[str, list[Span]]:
    """When the hypothesis is wrong, by the kind of error.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.
        matched: see `match_speakers`.

    Returns:
        For each of `ERRORS` the spans (start, end) in seconds with speakers who are wrong so, see
        `count_errors`. The spans are in order, and no span touches the next span.

    >>> find_errors([Turn(0, 4, "ann"), Turn(4, 6, "bob")], [Turn(0, 5, 1), Turn(5, 7, 0)], {1: "ann", 0: "bob"})
    {'missed': [], 'false alarm': [(6, 7)], 'confusion': [(4, 5)]}
    """
    errors: dict[str, list[Span]] = {kind: [] for kind in ERRORS}
    for piece in pieces(reference, hypothesis):
        for kind, speakers in zip(ERRORS, count_errors(piece, matched), strict=True):
            if speakers:
                errors[kind].append((piece.start, piece.end))
    return {kind: merged(spans) for kind, spans in errors.items()}
