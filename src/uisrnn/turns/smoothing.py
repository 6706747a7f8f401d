"""Turns without short pauses and without short turns; turns may overlap."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn

TICK = 1e-6
"""Seconds; two times that differ by less are equal."""


def smoothed(turns: Iterable[Turn], min_gap: float, min_turn: float) -> list[Turn]:
    """Close short pauses of each speaker, and give the time of short turns to the turns beside them.

    Args:
        turns: in any order.
        min_gap: seconds; two turns of a speaker are joined if the pause between them is shorter and nobody else
            speaks in the pause.
        min_turn: seconds; a shorter turn is taken for an error. The turns that touch or overlap it share its time; if
            there are no such turns, it is left out.

    Returns:
        The turns in the order of their starts.

    >>> smoothed([Turn(0.0, 1.0, "ann"), Turn(1.2, 3.0, "ann"), Turn(1.5, 1.9, "bob"), Turn(3.0, 3.1, "cat")], 0.3, 0.2)
    [Turn(start=0.0, end=3.1, speaker='ann'), Turn(start=1.5, end=1.9, speaker='bob')]
    """
    kept: list[Turn] = []
    for stretch in _stretches(_joined(turns, min_gap)):
        kept += _without_short_turns(stretch, min_turn)
    long_enough = [turn for turn in _joined(kept, min_gap) if _length(turn) > max(min_turn - TICK, 0.0)]
    return _joined(long_enough, min_gap)


def _joined(turns: Iterable[Turn], min_gap: float) -> list[Turn]:
    """Join turns of a speaker if the pause between them is short and nobody else speaks in it."""
    in_order = sorted(turns, key=_start_and_end)
    united = _united(in_order, lambda pause, _start, _end: pause < TICK)
    starts = [turn.start for turn in united]
    latest_ends = list(accumulate((turn.end for turn in united), max))

    def is_within_turn(pause: float, start: float, end: float) -> bool:
        begun = bisect_left(starts, end - TICK)  # the speaker's own turns end before the pause or begin after it
        return pause < min_gap - TICK and not (begun and latest_ends[begun - 1] > start + TICK)

    return _united(united, is_within_turn)


def _united(turns: Sequence[Turn], is_within_turn: Callable[[float, float, float], bool]) -> list[Turn]:
    """Join turns of a speaker if the pause between them, with its length, start and end, is within a turn."""
    kept: list[Turn] = []
    last: dict[Label, int] = {}  # place of the last turn of each speaker
    for turn in turns:
        place = last.get(turn.speaker)
        end = kept[place].end if place is not None else 0.0
        if place is not None and is_within_turn(turn.start - end, end, turn.start):
            kept[place] = kept[place]._replace(end=max(end, turn.end))
        else:
            last[turn.speaker] = len(kept)
            kept.append(turn)
    return kept


def _stretches(turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """Parts of a conversation between two times of silence; turns are in the order of their starts."""
    cuts = [0]
    end = turns[0].end if turns else 0.0
    for place, turn in enumerate(turns):
        if turn.start - end >= TICK:
            cuts.append(place)
        end = max(end, turn.end)
    for first, last in pairwise([*cuts, len(turns)]):
        yield list(turns[first:last])


def _without_short_turns(stretch: list[Turn], min_turn: float) -> list[Turn]:
    """A stretch whose short turns gave their time away, the shortest turn first; its last turn may be short."""
    left = stretch
    while len(left) > 1:
        shortest = min(range(len(left)), key=lambda place: _length(left[place]))
        if _length(left[shortest]) >= min_turn - TICK:
            break
        left = _joined(_shared(left, shortest), 0.0)
    return left


def _shared(stretch: list[Turn], place: int) -> list[Turn]:
    """A stretch without its shortest turn; the turns beside that turn take its time."""
    short = stretch[place]
    rest = stretch[:place] + stretch[place + 1 :]
    before = [n for n, turn in enumerate(rest) if turn.start <= short.start and turn.end >= short.start - TICK]
    after = [n for n, turn in enumerate(rest) if turn.end >= short.end and turn.start <= short.end + TICK]
    middle = (short.start + short.end) / 2 if before and after else short.end if before else short.start
    if before:
        last = max(before, key=lambda n: rest[n].end)
        rest[last] = rest[last]._replace(end=max(rest[last].end, middle))
    if after:
        first = min(after, key=lambda n: rest[n].start)
        rest[first] = rest[first]._replace(start=min(rest[first].start, middle))
    return rest


def _length(turn: Turn) -> float:
    return turn.end - turn.start


def _start_and_end(turn: Turn) -> tuple[float, float]:
    return turn.start, turn.end
