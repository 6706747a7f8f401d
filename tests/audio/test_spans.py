"""From labelled spans to turns, and to turns without overlap."""

from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from uisrnn.audio.spans import exclusive, turns_of_spans
from uisrnn.turns.turn import Turn

FRAMES = 30  # of 10 ms; few, so that spans meet and overlap often
SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8), st.sampled_from("abc")), max_size=12)


def turns(spans, min_gap=0.0, min_turn=0.0):
    """Turns in frames: of spans (first frame, frames, speaker)."""
    seconds = np.array([(first, first + length) for first, length, _ in spans]).reshape(-1, 2) / 100
    found = turns_of_spans([speaker for *_, speaker in spans], seconds, min_gap / 100, min_turn / 100)
    return [(round(100 * turn.start), round(100 * turn.end), turn.speaker) for turn in found]


def activity(spans):
    """For each speaker, in which frames the speaker is heard."""
    heard = {speaker: np.zeros(FRAMES, dtype=bool) for *_, speaker in spans}
    for first, length, speaker in spans:
        heard[speaker][first : first + length] = True
    return heard


def filled(speaker, heard, min_gap):
    """Frames of a speaker and of each short pause in which nobody is heard."""
    frames = np.flatnonzero(heard[speaker])
    whole = heard[speaker].copy()
    for before, after in pairwise(frames):
        pause = slice(before + 1, after)
        if after - before - 1 < min_gap and not any(other[pause].any() for other in heard.values()):
            whole[pause] = True
    return whole


@settings(max_examples=300, deadline=None)
@given(SPANS, st.integers(0, 8))
@example([(0, 10, "a"), (2, 8, "b"), (11, 9, "a"), (11, 14, "b")], 2)  # both pause at once
def test_a_speaker_has_the_spans_and_the_short_pauses_in_which_nobody_speaks(spans, min_gap):
    """Frame by frame."""
    heard = activity(spans)
    expected = []
    for speaker in heard:
        edges = np.flatnonzero(np.diff(filled(speaker, heard, min_gap).astype(int), prepend=0, append=0))
        expected += [(first, last, speaker) for first, last in edges.reshape(-1, 2)]
    assert sorted(turns(spans, min_gap)) == sorted(expected)


@given(SPANS, st.integers(0, 8))
def test_turns_come_in_the_order_of_their_starts(spans, min_gap):
    starts = [start for start, *_ in turns(spans, min_gap)]
    assert starts == sorted(starts)


@settings(max_examples=300, deadline=None)
@given(SPANS, st.integers(0, 8))
def test_no_turn_is_short_and_nobody_speaks_where_nobody_spoke(spans, min_turn):
    found = turns(spans, min_turn=min_turn)
    assert all(end - start >= min_turn for start, end, _ in found)
    before = np.any([np.zeros(FRAMES, dtype=bool), *activity(spans).values()], axis=0)
    assert all(before[start:end].all() for start, end, _ in found)


@settings(max_examples=300, deadline=None)
@given(SPANS)
def test_time_of_a_short_turn_beside_other_turns_is_not_lost(spans):
    """Spans one after the other, without pauses: someone speaks until the end."""
    ends = np.cumsum([0, *(length for _, length, _ in spans)])
    found = turns(
        [(int(start), length, speaker) for start, (_, length, speaker) in zip(ends[:-1], spans, strict=True)],
        min_turn=min(6, int(ends[-1])),
    )
    assert sum(end - start for start, end, _ in found) == ends[-1]


def test_a_short_turn_within_another_is_left_out():
    assert turns([(0, 50, "a"), (20, 5, "b")], min_turn=10) == [(0, 50, "a")]


def test_a_short_turn_is_shared_by_the_turns_that_touch_it():
    assert turns([(0, 30, "a"), (30, 6, "b"), (36, 30, "c")], min_turn=10) == [(0, 33, "a"), (33, 66, "c")]


def test_a_short_turn_between_turns_of_one_speaker_joins_them():
    assert turns([(0, 30, "a"), (30, 6, "b"), (36, 30, "a")], min_turn=10) == [(0, 66, "a")]


@given(SPANS)
def test_without_overlap_the_turn_that_began_first_goes_on(spans):
    """Frame by frame: whoever speaks goes on; then comes whoever began first of those who still speak."""
    given_turns = sorted(Turn(first, first + length, speaker) for first, length, speaker in spans)
    expected, current = [], None
    for frame in range(FRAMES):
        heard = [turn for turn in given_turns if turn.start <= frame < turn.end]
        current = current if current in heard else next(iter(heard), None)
        expected.append(current and current.speaker)
    found = [None] * FRAMES
    for turn in exclusive(given_turns):
        assert found[turn.start : turn.end] == [None] * (turn.end - turn.start)
        found[turn.start : turn.end] = [turn.speaker] * (turn.end - turn.start)
    assert found == expected
