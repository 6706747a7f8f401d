"""`uisrnn evaluate`."""

import json

import pytest

import uisrnn
from commands import assert_one_line


@pytest.fixture
def files(tmp_path):
    """Two recordings, and what two systems found in them."""
    reference = {"a": [(0, 4, "ann"), (4, 9, "bob")], "b": [(1, 3, "eve"), (3, 6, "ann")]}
    good = {"a": [(0, 4.2, 0), (4.2, 9, 1)], "b": [(1, 3, 0), (3, 6, 1)]}
    poor = {"a": [(0, 6, 0), (6, 9, 1)], "b": [(1, 5, 0), (5, 6, 1)]}
    for name, turns in {"reference": reference, "good": good, "poor": poor}.items():
        uisrnn.write_rttm(tmp_path / f"{name}.rttm", turns)
    return tmp_path


def test_turns_have_error_rates_and_their_conditions(program, files):
    done = program("evaluate", files / "poor.rttm", files / "reference.rttm")
    assert done.code == 0, done.err
    assert "TOTAL" in done.out
    assert "no collar, overlap evaluated" in done.out
    assert "28.57 %" in done.out  # 4 of 14 seconds are of the wrong speaker


def test_json_is_what_the_library_finds(cli, files):
    done = cli("evaluate", files / "poor.rttm", files / "reference.rttm", "--collar", 0.25, "--skip-overlap", "--json")
    told = json.loads(done.out)
    references, found = (uisrnn.read_rttm(files / f"{name}.rttm") for name in ("reference", "poor"))
    expected = uisrnn.evaluate(references, found, collar=0.25, skip_overlap=True)
    assert told.pop("conditions") == expected.conditions
    assert told == json.loads(json.dumps(expected.to_dict()))


def test_a_model_labels_the_observations_of_the_reference(cli, model, data):
    total = json.loads(cli("evaluate", model, data, "--json").out)["total"]
    assert total["accuracy"] == 1
    assert total["der"] == 0


def test_two_systems_are_compared_with_an_interval(cli, files):
    words = ["evaluate", files / "good.rttm", files / "reference.rttm", "--against", files / "poor.rttm"]
    assert "resamples of files" in cli(*words).out.replace("\n", " ")
    comparison = json.loads(cli(*words, "--json").out)["comparison"]
    assert comparison["metric"] == "der"
    assert comparison["second"] < comparison["first"]


def test_a_report_is_one_file(cli, files):
    done = cli("evaluate", files / "poor.rttm", files / "reference.rttm", "--report", files / "out.html")
    assert done.code == 0, done.err
    page = (files / "out.html").read_text()
    assert "<html" in page
    assert "no collar" in page


def rttm(*lines):
    """An RTTM file from file id, channel, start, duration and speaker of each line."""
    return "".join("SPEAKER {} {} {} {} <NA> <NA> {} <NA> <NA>\n".format(*line.split()) for line in lines)


def rows_of(done):
    assert done.code == 0, done.err
    return {row["name"]: row for row in json.loads(done.out)["files"]}


def test_channels_of_a_recording_are_scored_by_themselves(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f 1 0 5 A", "f 2 3 5 A"))
    (tmp_path / "output.rttm").write_text(rttm("f 1 0 5 x", "f 2 3 5 y"))
    rows = rows_of(cli("evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--json"))
    assert {name: row["der"] for name, row in rows.items()} == {"f channel 1": 0, "f channel 2": 0}


def test_the_name_of_a_single_channel_does_not_matter(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f A 0 5 ann"))
    (tmp_path / "output.rttm").write_text(rttm("f 1 0 5 x"))
    rows = rows_of(cli("evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--json"))
    assert {name: row["der"] for name, row in rows.items()} == {"f": 0}


def test_a_channel_that_a_system_leaves_out_is_silent(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f 1 0 5 A", "f 2 3 5 A"))
    (tmp_path / "output.rttm").write_text(rttm("f 1 0 5 x"))
    done = cli("evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--json")
    assert {name: row["der"] for name, row in rows_of(done).items()} == {"f channel 1": 0, "f channel 2": 1}
    assert "has no turns of f channel 2, taken for silence" in done.err


def test_only_the_regions_of_a_uem_are_scored(cli, files):
    (files / "some.uem").write_text("a 1 0 3\na 1 7 8\n")
    done = cli("evaluate", files / "poor.rttm", files / "reference.rttm", "--uem", files / "some.uem", "--json")
    row = rows_of(done)["a"]
    assert (row["speech"], row["der"]) == (4, 0)
    assert "some.uem: has no regions of b, left out" in done.err
    assert json.loads(done.out)["within_regions"]
    library = uisrnn.evaluate({"a": [(0, 4, "ann"), (4, 9, "bob")]}, {"a": [(0, 6, 0)]}, uem=files / "some.uem")
    assert library.total.missed == 0.25


def test_regions_of_another_channel_do_not_split_a_recording(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f 1 0 10 A"))
    (tmp_path / "output.rttm").write_text(rttm("f 0 0 10 x"))
    (tmp_path / "two.uem").write_text("# comment\nf 1 0 8\nf 2 0 10\n")
    words = ["evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--uem", tmp_path / "two.uem", "--json"]
    assert {name: (row["speech"], row["der"]) for name, row in rows_of(cli(*words)).items()} == {"f": (8, 0)}


def test_a_recording_of_the_uem_without_reference_is_silent(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f 1 0 10 A"))
    (tmp_path / "output.rttm").write_text(rttm("f 1 0 10 x", "g 1 2 3 x", "h 1 0 1 x"))
    (tmp_path / "both.uem").write_text("f 1 0 10\ng 1 0 10\n")
    words = ["evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--uem", tmp_path / "both.uem", "--json"]
    done = cli(*words)
    assert json.loads(done.out)["total"]["false_alarm"] == 0.3
    assert set(rows_of(done)) == {"f", "g"}
    assert "truth.rttm: has no turns of g, taken for silence" in done.err
    assert "output.rttm: there are no regions for h, left out" in done.err


def test_each_channel_has_its_regions(cli, tmp_path):
    (tmp_path / "truth.rttm").write_text(rttm("f 1 0 5 A", "f 2 3 5 A"))
    (tmp_path / "output.rttm").write_text(rttm("f 1 0 4 x", "f 2 3 5 y"))
    (tmp_path / "some.uem").write_text("f 1 0 2\nf 2 0 4\n")
    words = ["evaluate", tmp_path / "output.rttm", tmp_path / "truth.rttm", "--uem", tmp_path / "some.uem", "--json"]
    rows = rows_of(cli(*words))
    assert {name: (row["speech"], row["der"]) for name, row in rows.items()} == {
        "f channel 1": (2, 0),
        "f channel 2": (1, 0),
    }


def test_words_and_segments_are_references(cli, files):
    (files / "truth.stm").write_text("a 1 ann 0 4 words\na 1 bob 4 9 words\nb 1 eve 1 3 x\nb 1 ann 3 6 x\n")
    (files / "truth.ctm").write_text("a A 0 4 yes\na B 4 5 no\nb A 1 2 yes\nb B 3 3 no\n")
    expected = rows_of(cli("evaluate", files / "poor.rttm", files / "reference.rttm", "--json"))
    for name in ("truth.stm", "truth.ctm"):
        assert rows_of(cli("evaluate", files / "poor.rttm", files / name, "--json")) == expected


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["none.rttm", "reference.rttm"], 1, "none.rttm"),
        (["good.rttm", "none.npz"], 1, "none.npz"),
        (["good.rttm", "partial.rttm"], 1, "b"),
        (["{model}", "reference.rttm"], 1, "a model needs observations to label"),
        (["negative.rttm", "reference.rttm"], 1, "negative.rttm, line 1"),
        (["broken.rttm", "reference.rttm"], 1, "broken.rttm, line 1"),
        (["good.rttm", "empty.rttm"], 1, "reference"),
        (["good.lab", "reference.rttm"], 1, "good.lab: a label file does not name its recording"),
        (["good.rttm", "truth.TextGrid"], 1, "truth.TextGrid: a TextGrid of Praat is not read"),
        (["good.rttm", "other.uem"], 1, "other.uem: a UEM file has regions to score"),
        (["good.rttm", "reference.rttm", "--uem", "none.uem"], 1, "none.uem"),
        (["good.rttm", "reference.rttm", "--uem", "other.uem"], 1, "but has regions of c"),
        (
            ["{model}", "{data}", "--uem", "split.uem"],
            1,
            "split.uem: a recording must have regions on a single channel",
        ),
        (["stereo.rttm", "{data}"], 1, "stereo.rttm: a recording must have turns on a single channel"),
        (["good.rttm", "reference.rttm", "--collar", "-1"], 2, "collar must be a number of seconds >= 0"),
        (["good.rttm", "reference.rttm", "--metric", "der"], 2, "there is no --against"),
        (["good.rttm", "reference.rttm", "--report", "none/x.html"], 2, "must be a file in a folder that exists"),
        (["good.rttm", "reference.rttm", "--against", "poor.rttm", "--metric", "speed"], 2, "metric must be one of"),
    ],
)
def test_what_is_wrong_is_one_line(cli, files, model, data, words, code, part, monkeypatch):
    monkeypatch.chdir(files)
    (files / "partial.rttm").write_text("SPEAKER a 1 0 4 <NA> <NA> ann <NA> <NA>\n")
    (files / "negative.rttm").write_text("SPEAKER a 1 -1 4 <NA> <NA> ann <NA> <NA>\n")
    (files / "broken.rttm").write_text("this is not RTTM\n")
    (files / "empty.rttm").write_text("")
    (files / "other.uem").write_text("c 1 0 10\n")
    (files / "split.uem").write_text("c 1 0 10\nc 2 0 11\n")
    (files / "stereo.rttm").write_text(rttm("f 1 0 5 A", "f 2 3 5 A"))
    assert_one_line(cli("evaluate", *[word.format(model=model, data=data) for word in words]), code, part)


def test_recordings_that_a_system_leaves_out_are_silent(cli, files):
    (files / "empty.rttm").write_text("")
    done = cli("evaluate", files / "empty.rttm", files / "reference.rttm", "--json")
    assert done.code == 0
    assert json.loads(done.out)["total"]["missed"] == 1
    assert "has no turns of a, b, taken for silence" in done.err
