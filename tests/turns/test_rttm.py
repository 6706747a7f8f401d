"""What RTTM files say."""

import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.turns.rttm import Document, read, text_of, write
from uisrnn.turns.turn import Turn

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
        ("SPEAKER meeting 1 1 2 <NA> <NA> ann lee <NA> <NA>", "SPEAKER needs 8 to 10 fields, but has 11; does a name"),
        (
            "SPEAKER my call 1 1 2 <NA> <NA> ann <NA>",
            "fields 6 and 7 of SPEAKER must be <NA>, but are 2 and <NA>; does",
        ),
        ("SPEAKER my call 1 1 2 <NA> <NA> ann", "fields 6 and 7 of SPEAKER must be <NA>, but are 2 and <NA>; does a"),
        ("SPEAKER my old call 1 1 2 <NA> <NA> ann", "fields 6 and 7 of SPEAKER must be <NA>, but are 1 and 2; does a"),
        ("SPEAKER meeting 1 1 2 <NA> ann <NA> <NA>", "fields 6 and 7 of SPEAKER must be <NA>, but are <NA> and ann"),
        (
            "SPEAKER meeting 1 1 2 <NA> <NA> ann lee <NA>",
            "the confidence must be a number or <NA>, but is 'lee'; does a",
        ),
        (
            "SPEAKER meeting 1 1 2 <NA> <NA> ann lee",
            "the confidence must be a number or <NA>, but is 'lee'; does a name",
        ),
        ("SPEAKER meeting 1 1 2 <NA> <NA> ann nan <NA>", "the confidence must be a number or <NA>, but is 'nan'"),
        ("SPEAKER meeting 1 1 2 <NA> <NA> ann 1_0 <NA>", "the confidence must be a number or <NA>, but is '1_0'"),
        ("SPEAKER meeting 1 1 2 <NA> <NA> ann <NA> lee", "the look-ahead time must be a number or <NA>, but is 'lee'"),
        ("SPEAKER meeting 1 1 2 <NA> <NA> speaker 2 <NA>", "2 after the speaker speaker looks like a part of the name"),
        ("SPEAKER meeting 1 1 2 <NA> <NA> <NA> <NA> <NA>", "the speaker must be a name, but is <NA>"),
        ("SPEAKER <NA> 1 1 2 <NA> <NA> ann <NA> <NA>", "the file id must be a name, but is <NA>"),
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
    ("line", "message"),
    [
        ("SPEAKER meeting 1 -0.5 2 <NA> <NA> ann", "the start must be >= 0 seconds, but is -0.5"),
        ("SPEAKER meeting 1 -1e-999 2 <NA> <NA> ann", "the start must be >= 0 seconds, but is -1e-999"),
        ("SPEAKER meeting 1 snan 2 <NA> <NA> ann", "the start must be a number of seconds, but is 'snan'"),
        ("SPEAKER meeting 1 -1e-9 2 <NA> <NA> ann", "the start must be >= 0 seconds, but is -1e-9"),
    ],
)
def test_nobody_speaks_before_the_recording(tmp_path, line, message):
    with pytest.raises(uisrnn.InputError, match=f"some.rttm, line 2: {message}"):
        read(written(tmp_path, f"{LINE}\n{line}"))


@pytest.mark.parametrize(
    "fields", ["", " <NA>", " <na>", " 0.9", " -1", " 1e-3", " 1 <NA>", " -3.5 <NA>", " <NA> 17", " 0.5 .25"]
)
def test_the_last_two_fields_may_be_numbers_or_missing(tmp_path, fields):
    line = f"SPEAKER meeting 1 1.5 2 <NA> <NA> ann{fields}\n"
    assert read(written(tmp_path, 2 * line)) == {"meeting": 2 * [Turn(1.5, 3.5, "ann")]}


def test_numbers_of_speakers_are_no_confidences(tmp_path):
    lines = [f"SPEAKER meeting 1 {number} 1 <NA> <NA> speaker {number} <NA>" for number in range(2)]
    with pytest.raises(uisrnn.InputError, match=r"some.rttm, line 2: 1 after the speaker speaker looks like a part of"):
        read(written(tmp_path, "\n".join(lines)))


def test_channels_of_a_recording_are_not_merged(tmp_path):
    path = written(tmp_path, f"{LINE}\nSPEAKER meeting 2 0 1 <NA> <NA> ann <NA> <NA>\n")
    with pytest.raises(uisrnn.InputError, match=r"some\.rttm: a recording must have turns on a single channel"):
        read(path)
    assert read(path, channel=2) == {"meeting": [Turn(0, 1, "ann")]}
    assert read(path, channel="1") == {"meeting": [Turn(1.5, 3.5, "ann")]}
    with pytest.raises(uisrnn.InputError, match="must have turns on channel 3, but has channels 1, 2"):
        read(path, channel=3)


# --- documents ---

KEPT = (
    "\ufeff;; made by hand\n"
    "SPKR-INFO call 1 <NA> <NA> <NA> unknown A <NA> <NA>\n"
    "SPEAKER  call\t2 0.50 1.250 <NA> <NA> A 0.9 17 \r\n"
    "\n"
    "MY-TYPE A A A A A A B\n"
    "SPEAKER call 2 01.0 2e0 <NA> <NA> B"
)


def test_a_document_is_written_as_it_was_read(tmp_path):
    path = written(tmp_path, KEPT)
    document = Document.read(path)
    document.write(tmp_path / "copy.rttm")
    assert (tmp_path / "copy.rttm").read_bytes() == KEPT.encode()


def test_a_document_has_turns(tmp_path):
    document = Document.read(written(tmp_path, KEPT.replace("MY-TYPE", "LEXEME")))
    assert document.recordings() == {"call": [Turn(0.5, 1.75, "A"), Turn(1.0, 3.0, "B")]}
    with pytest.raises(uisrnn.InputError, match=r"some\.rttm, line 5: must begin with SPEAKER or another type of RTTM"):
        Document.read(written(tmp_path, KEPT)).recordings()


def test_renamed_speakers_leave_all_else(tmp_path):
    renamed = Document(KEPT).renamed({"A": "ann", "C": "eve"})
    assert renamed.text == KEPT.replace("unknown A", "unknown ann").replace("<NA> A 0.9", "<NA> ann 0.9")
    with pytest.raises(
        uisrnn.InputError, match="the name of a speaker must be a word without spaces, but is 'ann lee'"
    ):
        Document(KEPT).renamed({"A": "ann lee"})


@pytest.mark.parametrize("comment", [";;", "; by hand:", "#", "\ufeff#"])
def test_comments_keep_the_names_in_them(comment):
    text = f"{comment} SPEAKER meeting 1 1.5 2 <NA> ann ann ann ann\n"
    assert Document(text).renamed({"ann": "eve"}).text == text


# --- writing ---

NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4).filter(
    lambda name: name.upper() != "<NA>"
)
SECONDS = st.one_of(st.floats(0, 1e5), st.floats(0, 1e5).map(lambda value: round(value, 3)))
TURNS = st.tuples(SECONDS, SECONDS, NAMES).map(lambda drawn: Turn(min(drawn[:2]), max(drawn[:2]), drawn[2]))


@given(st.dictionaries(NAMES, st.lists(TURNS, min_size=1, max_size=3), max_size=2))
def test_what_is_written_is_read_as_the_same_numbers(recordings):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.rttm")
        write(path, recordings)
        assert read(path) == recordings


@pytest.mark.parametrize(
    ("turn", "line"),
    [
        ((0.4, 2.0, "ann"), "0.4 1.6"),
        ((1, 3, "ann"), "1.0 2.0"),
        ((0.00001, 0.00002, "ann"), "0.00001 0.00001"),
        ((0.1, 0.3, "ann"), "0.1 0.2"),
        ((1e-300, 1.0, "ann"), f"0.{'0' * 299}1 0.{'9' * 300}"),
        ((5, 5, "ann"), "5.0 0.0"),
    ],
)
def test_seconds_have_as_few_digits_as_give_them_back(turn, line):
    assert text_of({"call": [turn]}) == f"SPEAKER call 1 {line} <NA> <NA> ann <NA> <NA>\n"


def test_seconds_can_be_rounded_and_turns_that_touch_go_on_to():
    text = text_of({"call": [(0.1004, 0.3006, 7), (0.3006, 1, "ann")]}, decimals=3)
    assert [line.split()[3:5] for line in text.splitlines()] == [["0.100", "0.201"], ["0.301", "0.699"]]


def test_annotations_are_written(tmp_path):
    pytest.importorskip("pyannote.core")
    write(tmp_path / "a.rttm", {"call": uisrnn.to_annotation([(0.5, 2, "ann"), (0.5, 2, "bob")])})
    assert read(tmp_path / "a.rttm") == {"call": [Turn(0.5, 2, "ann"), Turn(0.5, 2, "bob")]}


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([(0, 1, "ann")], "recordings must be a dict of turns, but is list"),
        ({"": [(0, 1, "ann")]}, "the name of a recording must be a word without spaces, but is ''"),
        ({"my call": [(0, 1, "ann")]}, "the name of a recording must be a word without spaces, but is 'my call'"),
        ({"a\u00a0b": [(0, 1, "ann")]}, "the name of a recording must be a word without spaces"),
        ({"a\x00b": [(0, 1, "ann")]}, "the name of a recording must be of printable characters"),
        ({"a": [(0, 1, "\udcff")]}, "recording a, turn 0: the speaker must be of printable characters"),
        ({3: [(0, 1, "ann")]}, "the name of a recording must be a string, but is 3"),
        ({"a": [(0, 1, "ann"), (0, 1, "ann lee")]}, "recording a, turn 1: the speaker must be a word without spaces"),
        ({"a": [(0, 1, "<NA>")]}, "recording a, turn 0: the speaker must not be <NA>, which RTTM reads as no name"),
        ({"<na>": [(0, 1, "ann")]}, "the name of a recording must not be <na>, which RTTM reads as no name"),
        ({"a": [(-1, 1, "ann")]}, "recording a, turn 0: the start must be >= 0 seconds, but is -1.0"),
        ({"a": [(0, float("inf"), "ann")]}, "recording a, turn 0: the end must be a number of seconds, but is inf"),
        ({"a": [(0, 1, 3), (1, 2, "3")]}, "turn 1: the speakers '3' and 3 would have the same name in the file"),
    ],
)
def test_what_rttm_cannot_hold_is_an_error(tmp_path, recordings, message):
    with pytest.raises(uisrnn.UISRNNError, match=message):
        write(tmp_path / "a.rttm", recordings)
    assert not (tmp_path / "a.rttm").exists()


@pytest.mark.parametrize("decimals", [-1, 18, 1.5, True, "3"])
def test_decimals_are_a_small_integer(decimals):
    with pytest.raises(uisrnn.ArgumentError, match="decimals must be an integer from 0 to 17 or None"):
        text_of({}, decimals=decimals)
