"""What RTTM files say, and who is heard when."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.data.rttm import SILENCE, Turn, read, turns, windows

LINE = "SPEAKER meeting 1 1.5 2 <NA> <NA> ann <NA> <NA>"


def written(tmp_path, content):
    path = tmp_path / "some.rttm"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_turns_are_read_by_file_id_in_their_order(tmp_path):
    lines = [LINE, "SPEAKER call 2 0.00 1.25 <NA> <NA> bob <NA>", "SPEAKER meeting 1 1 0 <NA> <NA> bob"]
    recordings = read(written(tmp_path, "\n".join(lines)))
    assert recordings == {
        "meeting": [Turn(1.5, 3.5, "ann"), Turn(1.0, 1.0, "bob")],
        "call": [Turn(0.0, 1.25, "bob")],
    }
    assert list(recordings) == ["meeting", "call"]


@pytest.mark.parametrize(
    "content",
    [
        LINE + "\n",
        LINE.replace(" ", "\t") + "\r\n",
        "\ufeff" + LINE,
        f"\n;; SPEAKER is what it says\n   \nSPKR-INFO meeting 1 <NA> <NA> <NA> unknown ann <NA> <NA>\n{LINE}\n\n",
        f"NON-SPEECH meeting 1 x y <NA> noise <NA> <NA> <NA>\n  {LINE}  ",
    ],
)
def test_what_else_is_in_a_file_is_read_over(tmp_path, content):
    assert read(str(written(tmp_path, content))) == {"meeting": [Turn(1.5, 3.5, "ann")]}


def test_a_file_without_speakers_has_no_recordings(tmp_path):
    assert read(written(tmp_path, "")) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("start,end,speaker", "must begin with SPEAKER or another type of RTTM, but begins with 'start,end,speaker'"),
        ("SPEAKER meeting 1 1.5", "SPEAKER needs 8 to 10 fields, but has 4"),
        ("SPEAKER meeting 1 1 2 <NA> <NA> ann lee <NA> <NA>", "SPEAKER needs 8 to 10 fields, but has 11"),
        ("SPEAKER meeting 1 <NA> 2 <NA> <NA> ann", "the start must be a number of seconds, but is '<NA>'"),
        ("SPEAKER meeting 1 nan 2 <NA> <NA> ann", "the start must be a number of seconds, but is 'nan'"),
        ("SPEAKER meeting 1 1 inf <NA> <NA> ann", "the duration must be a number of seconds, but is 'inf'"),
        ("SPEAKER meeting 1 1 1,5 <NA> <NA> ann", "the duration must be a number of seconds, but is '1,5'"),
        ("SPEAKER meeting 1 3 -1 <NA> <NA> ann", "the duration must be >= 0 seconds, but is -1"),
        ("SPEAKER meeting 1 3 1 <NA> <NA> \udcff", "an RTTM file must be UTF-8, but byte "),
    ],
)
def test_a_bad_line_is_named_with_its_file(tmp_path, line, message):
    content = f"{LINE}\n\n;; the third line\n{line}\n{LINE}".encode(errors="surrogateescape")
    with pytest.raises(uisrnn.InputError) as raised:
        read(written(tmp_path, content))
    assert str(raised.value).startswith(f"{tmp_path / 'some.rttm'}, line 4: {message}")


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.rttm")


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (None, TypeError, "here: must be a list of turns or the path of an RTTM file, but is None"),
        ([(0, 1)], TypeError, r"here, turn 0: must be \(start seconds, end seconds, speaker\), but is \(0, 1\)"),
        ([(0, 1, "a"), 3.0], TypeError, r"here, turn 1: must be \(start seconds, .* but is 3.0"),
        ([("0", 1, "a")], TypeError, "here, turn 0: the start must be a number of seconds, but is '0'"),
        ([(0, None, "a")], TypeError, "the end must be a number of seconds, but is None"),
        ([(True, 2, "a")], TypeError, "the start must be a number of seconds, but is True"),
        ([(0, float("nan"), "a")], ValueError, "the end must be a number of seconds, but is nan"),
        ([(-(10**400), 0, "a")], ValueError, "the start must be a number of seconds, but is -1000"),
        ([(0, 1, None)], TypeError, "the speaker must be a string or an integer, but is None"),
        ([(2, 1, "a")], ValueError, "here, turn 0: must not end before it starts, but is from 2.0 to 1.0 seconds"),
    ],
)
def test_bad_turns_are_named(values, error, message):
    with pytest.raises(error, match=message) as raised:
        turns(values, "here")
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_turns_may_be_numbers_and_names_of_any_kind():
    assert turns(((0, np.float32(1.5), 7), [np.int64(2), 3, "bob"]), "here") == [(0, 1.5, 7), (2, 3, "bob")]


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
