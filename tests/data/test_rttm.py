"""What RTTM files say."""

import pytest

import uisrnn
from uisrnn.data.rttm import read
from uisrnn.data.turns import Turn

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
