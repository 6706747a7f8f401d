"""UEM, CTM and STM files, and the choice of a reader by the suffix."""

import pytest

import uisrnn
from uisrnn.turns import ctm, stm, uem
from uisrnn.turns.channels import Channel, names_of
from uisrnn.turns.files import read_turns
from uisrnn.turns.turn import Turn


def written(tmp_path, name, *lines):
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return path


# --- UEM ---


def test_regions_are_read_by_channel(tmp_path):
    path = written(tmp_path, "a.uem", ";; scored", "call 1 0 10.5", "", "call 2 1 2", "call 1 20 30", "talk 1 0.1 7")
    assert uem.read(path) == {
        Channel("call", "1"): [(0, 10.5), (20, 30)],
        Channel("call", "2"): [(1, 2)],
        Channel("talk", "1"): [(0.1, 7)],
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("my call 1 0 10", r"a region needs 4 fields \(file id, channel, start, end\), but has 5"),
        ("call 1 0", "a region needs 4 fields .* but has 3"),
        ("call 1 0 end", "the end must be a number of seconds, but is 'end'"),
        ("call 1 5 3", "must not end before it starts, but is from 5 to 3 seconds"),
        ("call 1 -1 3", "the start must be >= 0 seconds, but is -1"),
    ],
)
def test_a_bad_region_is_named(tmp_path, line, message):
    with pytest.raises(uisrnn.InputError, match=f"a.uem, line 2: {message}"):
        uem.read(written(tmp_path, "a.uem", "call 1 0 1", line))


# --- STM ---


def test_segments_are_turns(tmp_path):
    path = written(
        tmp_path,
        "a.stm",
        ";; LABEL",
        "talk 1 inter_segment_gap 0 1.5 <o,,unknown> ignore_time_segment_in_scoring",
        "talk 1 ann 1.5 3.25 <o,f0,female> so it begins",
        "talk 1 bob 3 4",
        "talk 1 cat 4 5 <o> IGNORE_TIME_SEGMENT_IN_SCORING",
    )
    assert stm.read(path) == {Channel("talk", "1"): [Turn(1.5, 3.25, "ann"), Turn(3, 4, "bob")]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("talk 1 ann 1", r"a segment needs 5 fields \(file id, channel, speaker, start, end\), but has 4"),
        ("talk 1 ann lee 1 2 words", r"the start must be a number of seconds, but is 'lee' \(does a name have a space"),
        ("talk 1 ann 2 1 words", "must not end before it starts, but is from 2 to 1 seconds"),
        ("talk 1 <NA> 1 2 words", "the speaker must have a name, but is <NA>"),
    ],
)
def test_a_bad_segment_is_named(tmp_path, line, message):
    with pytest.raises(uisrnn.InputError, match=f"a.stm, line 2: {message}"):
        stm.read(written(tmp_path, "a.stm", ";; by hand", line))


# --- CTM ---


def test_words_with_speakers_become_turns(tmp_path):
    path = written(
        tmp_path,
        "a.ctm",
        "talk 1 0.0 0.5 so 0.9 lex ann",
        "talk 1 0.7 0.3 it 0.9 lex ann",
        "talk 1 1.4 0.2 begins NA lex ann",
        "talk 1 1.5 0.1 hm 0.4 fp bob",
        "talk 1 1.6 0.4 {laugh} 0.4 non-lex bob",
    )
    turns = [Turn(0, 1, "ann"), Turn(1.4, 1.6, "ann"), Turn(1.5, 1.6, "bob")]
    assert ctm.read(path) == {Channel("talk", "1"): turns}


def test_channels_are_the_speakers_of_words_without_speakers(tmp_path):
    path = written(tmp_path, "a.ctm", "call B 1 1 yes", "call A * * <ALT_BEGIN>", "call A 0 1 hello 0.99")
    assert ctm.read(path) == {Channel("call", "1"): [Turn(0, 1, "A"), Turn(1, 2, "B")]}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["f 1 0 0.5 hello"], "a.ctm: does not say who speaks: its words have no speaker"),
        (["f 1 0 0.5 hello", "g 2 0 0.5 hello"], "a.ctm: does not say who speaks"),
        (
            ["f 1 0 0.5 hello 1 lex"],
            "a.ctm, line 1: a word needs 5 or 6 fields .* or 8 with type and speaker, but has 7",
        ),
        (["f 1 0 0.5"], "a.ctm, line 1: a word needs 5 or 6 fields"),
        (["f 1 0 x hello"], "a.ctm, line 1: the duration must be a number of seconds, but is 'x'"),
        (["f 1 0 1 a 1 lex ann", "f 1 1 1 b"], "a.ctm, line 2: must name the speaker of the word in field 8"),
        (["f 1 0 1 a 1 lex ann", "f 1 1 1 b 1 lex unknown"], "a.ctm, line 2: must name the speaker"),
    ],
)
def test_words_without_a_clear_speaker_are_refused(tmp_path, lines, message):
    with pytest.raises(uisrnn.InputError, match=message):
        ctm.read(written(tmp_path, "a.ctm", *lines))


def test_an_empty_file_has_no_turns(tmp_path):
    for name in ("a.ctm", "a.stm", "a.rttm"):
        assert read_turns(written(tmp_path, name)) == {}


# --- readers ---


def test_the_suffix_chooses_the_reader(tmp_path):
    expected = {"talk": [Turn(0, 2, "ann")]}
    assert read_turns(written(tmp_path, "a.STM", "talk 1 ann 0 2 words")) == expected
    assert read_turns(written(tmp_path, "a.ctm", "talk 1 0 2 word 1 lex ann")) == expected
    for name in ("a.rttm", "a.txt", "a"):
        assert read_turns(written(tmp_path, name, "SPEAKER talk 1 0 2 <NA> <NA> ann <NA> <NA>")) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.uem", "a UEM file has regions to score, but no turns; give it to `uisrnn evaluate` as --uem"),
        ("a.lab", "a label file does not name its recording; write its turns as RTTM: SPEAKER <file id> 1"),
        ("a.TextGrid", "a TextGrid of Praat is not read; write its turns as RTTM"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path, name, message):
    with pytest.raises(uisrnn.InputError, match=f"{name}: {message}"):
        read_turns(tmp_path / name)


def test_a_single_channel_has_the_name_of_its_recording_on_all_sides():
    truth = [Channel("call", "A"), Channel("call", "B"), Channel("talk", "1")]
    output = [Channel("call", "A"), Channel("talk", "mono")]
    assert names_of(truth, output) == {
        Channel("call", "A"): "call channel A",
        Channel("call", "B"): "call channel B",
        Channel("talk", "1"): "talk",
        Channel("talk", "mono"): "talk",
    }


def test_sequences_are_labelled_from_any_file_of_turns(tmp_path):
    uisrnn.save_sequences(tmp_path / "a.npz", [uisrnn.LabeledSequence([[1.0], [2.0]], times=[0.5, 1.5], name="talk")])
    path = written(tmp_path, "a.stm", "talk 1 ann 0 1 words", "talk 1 bob 1 2 words")
    assert uisrnn.load_sequences(tmp_path / "a.npz", rttm=path)[0].labels == ("ann", "bob")
