"""Turns of reference and hypothesis side by side: who speaks when, who is who, and what is wrong."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from uisrnn.errors import InputError
from uisrnn.evals.contingency import match, require_pairs
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Span, Turn

ERRORS = ("missed", "false alarm", "confusion")
_TICK = 1e-6  # seconds, below which a turn is none, as in pyannote.core
_MOST_WORK = 20_000_000  # pairs of simultaneous speakers, over all pieces


class Piece(NamedTuple):
    """A time in which the same speakers speak.

    Attributes:
        start: in seconds.
        end: in seconds.
        reference: who speaks in the reference.
        hypothesis: who speaks in the hypothesis.
    """

    start: float
    end: float
    reference: frozenset[Label]
    hypothesis: frozenset[Label]


def united(turns: Iterable[Turn]) -> list[Turn]:
    """Overlapping turns of one speaker as one turn: nobody speaks twice at a time.

    Turns that only touch stay two, each with the boundaries that were told.

    Args:
        turns: in any order.

    Returns:
        The turns by start, without those that have no length.

    >>> united([Turn(0, 2, "ann"), Turn(2, 3, "ann"), Turn(1, 1.5, "ann"), Turn(1, 1, "bob")])
    [Turn(start=0, end=2, speaker='ann'), Turn(start=2, end=3, speaker='ann')]
    """
    last: dict[Label, int] = {}
    kept: list[Turn] = []
    for turn in sorted(turns, key=lambda one: (one.start, one.end)):
        at = last.get(turn.speaker)
        before = turn.start if at is None else kept[at].end
        if turn.end - max(turn.start, before) <= _TICK:
            continue
        if at is not None and turn.start < before - _TICK:
            kept[at] = kept[at]._replace(end=turn.end)
        else:
            last[turn.speaker] = len(kept)
            kept.append(turn._replace(start=max(turn.start, before)))
    return kept


def pieces(reference: Iterable[Turn], hypothesis: Iterable[Turn]) -> Iterator[Piece]:
    """Cut the time wherever somebody starts or stops, in the reference or in the hypothesis.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.

    Returns:
        The pieces in which at least one speaker speaks, in their order.

    Raises:
        InputError: so many speak at the same time that it would take hours.

    >>> [piece.end for piece in pieces([Turn(0, 2, "ann")], [Turn(1, 3, 0)])]
    [1, 2, 3]
    """
    changes = defaultdict(list)
    for side, turns in enumerate((reference, hypothesis)):
        for turn in united(turns):
            changes[turn.start].append((True, side, turn.speaker))
            changes[turn.end].append((False, side, turn.speaker))
    now: tuple[set[Label], set[Label]] = (set(), set())
    start, work = 0.0, 0
    for time in sorted(changes):
        if any(now):
            work += max(map(len, now)) ** 2
            if work > _MOST_WORK:
                raise InputError(f"too many speak at the same time, {max(map(len, now))} at {start} seconds")
            yield Piece(start, time, frozenset(now[0]), frozenset(now[1]))
        for starts, side, speaker in sorted(changes[time], key=lambda one: one[0]):  # who stops may start again
            (now[side].add if starts else now[side].remove)(speaker)
        start = time


def require_few_at_a_time(reference: Iterable[Turn], hypothesis: Iterable[Turn]) -> None:
    """Refuse what any work on pieces would not come to an end with.

    Raises:
        InputError: so many speak at the same time that it would take hours.
    """
    for _piece in pieces(reference, hypothesis):
        pass


def match_speakers(reference: Iterable[Turn], hypothesis: Iterable[Turn]) -> dict[Label, Label]:
    """Which speaker of the reference each of the hypothesis is: one to one, the most seconds in common.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.

    Returns:
        A name in the reference for names in the hypothesis; those with none of their own are left out.

    Raises:
        InputError: there are too many speakers.

    >>> match_speakers([Turn(0, 4, "ann"), Turn(4, 6, "bob")], [Turn(0, 3, 1), Turn(3, 6, 0), Turn(6, 7, 2)])
    {1: 'ann', 0: 'bob'}
    """
    common: dict[tuple[Label, Label], float] = defaultdict(float)
    for piece in pieces(reference, hypothesis):
        for one in piece.reference:
            for other in piece.hypothesis:
                common[one, other] += piece.end - piece.start
    rows = {name: row for row, name in enumerate(dict.fromkeys(turn.speaker for turn in united(reference)))}
    columns = {name: column for column, name in enumerate(dict.fromkeys(turn.speaker for turn in united(hypothesis)))}
    require_pairs(len(rows), len(columns))
    table = np.zeros((len(rows), len(columns)))
    for (one, other), seconds in common.items():
        table[rows[one], columns[other]] = seconds
    row_names, column_names = list(rows), list(columns)
    return {column_names[column]: row_names[row] for row, column in match(table)}


def find_errors(
    reference: Iterable[Turn], hypothesis: Iterable[Turn], matched: Mapping[Label, Label]
) -> dict[str, list[Span]]:
    """When the hypothesis is wrong, by the kind of error.

    Where n speak in the reference and m in the hypothesis: missed where n > m, a false alarm where m > n, confusion
    where fewer than min(n, m) of them are the same.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.
        matched: see `match_speakers`.

    Returns:
        For each of `ERRORS` its (start, end) in seconds, in their order, none touching the next.

    >>> find_errors([Turn(0, 4, "ann"), Turn(4, 6, "bob")], [Turn(0, 5, 1), Turn(5, 7, 0)], {1: "ann", 0: "bob"})
    {'missed': [], 'false alarm': [(6, 7)], 'confusion': [(4, 5)]}
    """
    errors: dict[str, list[Span]] = {kind: [] for kind in ERRORS}
    for start, end, told, found in pieces(reference, hypothesis):
        same = sum(matched.get(name) in told for name in found if name in matched)
        wrong = (len(told) > len(found), len(found) > len(told), same < min(len(told), len(found)))
        for kind in (kind for kind, here in zip(ERRORS, wrong, strict=True) if here):
            spans = errors[kind]
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    return errors
