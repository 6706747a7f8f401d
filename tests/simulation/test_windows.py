"""Who is heard when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.simulation.windows import SILENCE, windows
from uisrnn.turns.turn import Turn


def heard_at(time, conversation):
    """The slow and obvious way: of those who speak at this time the one who began last."""
    speaking = [one for one in conversation if one.start <= time < one.end]
    return max(speaking, key=lambda one: (one.start, -one.end)).speaker if speaking else None


# Starts and ends on a grid of quarter seconds, and no two turns that begin and end together.
some_turns = st.lists(
    st.builds(
        lambda start, length, speaker: Turn(start / 4, (start + length) / 4, speaker),
        st.integers(0, 40), st.integers(1, 12), st.sampled_from("abc"),
    ),
    min_size=1, max_size=8, unique_by=lambda one: (one.start, one.end),
)  # fmt: skip


@given(some_turns)
def test_who_is_heard_agrees_with_a_plain_search(conversation):
    begin, names = min(one.start for one in conversation), list(dict.fromkeys(one.speaker for one in conversation))
    plan = windows(conversation, window=1.0, hop=0.5, where="here")
    for number, (seconds, speaker) in enumerate(zip(plan.seconds, plan.speaker, strict=True)):
        start = begin + 0.5 * number
        quarters = [heard_at(start + 0.25 * part + 0.125, conversation) for part in range(4)]
        assert seconds == pytest.approx([0.25 * quarters.count(name) for name in names])
        assert heard_at(start + 0.5, conversation) == (None if speaker == SILENCE else names[speaker])


@given(some_turns, st.floats(-1e9, 1e9))
def test_when_a_conversation_begins_does_not_matter(conversation, begin):
    begin = round(begin)
    later = [Turn(one.start + begin, one.end + begin, one.speaker) for one in conversation]
    one, other = (windows(each, 0.8, 0.4, "here") for each in (conversation, later))
    assert one.seconds == pytest.approx(other.seconds)
    assert (one.speaker == other.speaker).all()


def test_windows_end_with_the_last_center_that_is_before_the_end():
    assert windows([Turn(0, 1.0, "a")], 1.0, 0.25, "here").speaker.tolist() == [0, 0]
    assert windows([Turn(0, 0.5, "a")], 1.0, 0.25, "here").speaker.tolist() == []
    assert windows([], 1.0, 0.25, "here").seconds.shape == (0, 0)


@pytest.mark.parametrize("end", [1e7, 1e300])
def test_times_that_cannot_be_seconds_are_refused(end):
    with pytest.raises(uisrnn.InputError, match=r"here: lasts 1e\+.* are its times in seconds\?"):
        windows([Turn(0, 1, "a"), Turn(end, end, "b")], 0.8, 0.4, "here")
