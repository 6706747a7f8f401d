"""Spans of time: union and difference."""

from collections.abc import Iterable, Sequence

from uisrnn.turns.turn import Span


def merged(spans: Iterable[Span], gap: float = 0.0) -> list[Span]:
    """Put neighbouring spans together.

    Args:
        spans: (start, end), in the order of their starts.
        gap: spans become a single span if the time between them is not longer, in the unit of the spans.

    >>> merged([(0, 2), (1, 3), (4, 5), (7, 8)], gap=1)
    [(0, 5), (7, 8)]
    """
    union: list[Span] = []
    for start, end in spans:
        if union and start - union[-1][1] <= gap:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union


def without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """The time of spans that no hole covers.

    Args:
        spans: (start, end), in order and disjoint.
        holes: (start, end), in order and disjoint.

    >>> without([(0, 5), (6, 9)], [(1, 2), (4, 7)])
    [(0, 1), (2, 4), (7, 9)]
    """
    left: list[Span] = []
    number = 0
    for start, end in spans:
        while number < len(holes) and holes[number][1] <= start:
            number += 1
        begin = start
        for hole in range(number, len(holes)):
            if holes[hole][0] >= end:
                break
            if holes[hole][0] > begin:
                left.append((begin, holes[hole][0]))
            begin = holes[hole][1]
        if begin < end:
            left.append((begin, end))
    return left
