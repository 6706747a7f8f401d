"""Live labels end as those of the whole, however sound is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from front_ends import KnownSegmentation, TinyEncoder
from sounds import RATE, TURNS, band_energies, conversation
from uisrnn.audio import LiveDiarizer, SegmentedFrontEnd, Spoken, WindowedFrontEnd, WindowEncoder

SOUND = conversation(TURNS)


def told(live, parts):
    """All that is said, and what is said last of each observation."""
    spoken = [report for part in parts for report in live.push(part)] + live.flush()
    return spoken, {report.number: report for report in spoken}


def at(latest, time):
    """Who speaks at a time, by what was said last."""
    return {report.speaker for report in latest.values() if report.start <= time < report.end}


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SOUND)), max_size=30), lag=st.sampled_from([None, 3, 50]))
def test_the_cut_does_not_matter(model, front_end, cuts, lag):
    def live():
        args = uisrnn.InferenceArguments(commit_lag=lag)
        return LiveDiarizer(model, front_end, RATE, inference_args=args)

    spoken, latest = told(live(), np.split(SOUND, sorted(cuts)))
    assert latest == told(live(), [SOUND])[1]
    final = [report for report in spoken if report.final]
    assert [report.number for report in final] == list(range(len(latest)))
    assert {report.number: report for report in final} == latest


def test_labels_are_those_of_the_whole(model, front_end):
    whole = uisrnn.audio.embed((SOUND, RATE), front_end)
    expected = model.predict(whole.observations, uisrnn.InferenceArguments(test_iteration=1))
    latest = told(LiveDiarizer(model, front_end, RATE), np.array_split(SOUND, 40))[1]
    assert [[report.start, report.end] for report in latest.values()] == pytest.approx(np.array(whole.info["spans"]))
    assert [report.speaker for report in latest.values()] == [f"speaker{label}" for label in expected]


def test_labels_come_while_the_sound_comes(model, front_end):
    live = LiveDiarizer(model, front_end, RATE)
    assert live.latency < 1.2
    for start in range(0, len(SOUND), RATE // 10):
        reports = live.push(SOUND[start : start + RATE // 10])
        assert all(start / RATE - live.latency <= report.end for report in reports if not report.final)
        assert all(report.end <= (start + RATE // 10) / RATE for report in reports)


def test_sound_of_another_rate_and_kind(model, front_end):
    pytest.importorskip("soxr")
    sound = conversation(TURNS, rate=16000)
    pcm = np.repeat(np.round(sound * 32767).astype(np.int16)[:, None], 2, axis=1)
    live = LiveDiarizer(model, front_end, 16000)
    latest = told(live, np.array_split(pcm, 30))[1]
    for time, speaker in [(0.1, "speaker0"), (1.9, "speaker0"), (3.2, "speaker1"), (5.6, "speaker1"), (7, "speaker0")]:
        assert at(latest, time) == {speaker}
    assert at(latest, 2.5) == set()


def test_channels_that_cancel_each_other_are_heard(model, front_end):
    live = LiveDiarizer(model, front_end, RATE)
    with pytest.warns(UserWarning, match="sound: its channels cancel each other"):
        latest = told(live, np.array_split(np.stack([SOUND, -SOUND], axis=1), 30))[1]
    assert latest == told(LiveDiarizer(model, front_end, RATE), [SOUND])[1]


def test_known_speakers_have_their_names(model, front_end):
    ann = uisrnn.audio.embed((conversation([("low", 3)]), RATE), front_end)
    live = LiveDiarizer(model, front_end, RATE, clusters={"ann": ann.observations})
    latest = told(live, [SOUND])[1]
    assert (at(latest, 1), at(latest, 4)) == ({"ann"}, {"speaker0"})


def test_too_little_sound_and_none_say_nothing(model, front_end):
    live = LiveDiarizer(model, front_end, RATE)
    assert live.push(np.zeros(0)) == []
    assert live.push(SOUND[:100]) == []
    assert live.flush() == []


def test_bad_sound_is_not_taken(model, front_end):
    live = LiveDiarizer(model, front_end, RATE)
    spoken = live.push(SOUND[: 2 * RATE])
    with pytest.raises(uisrnn.InputError, match=r"sound: must be \(samples,\) or \(samples, channels\), but"):
        live.push(np.zeros((2, 8000)))
    with pytest.raises(uisrnn.InputError, match=r"sound: .* sample 1 of the block from 2\.00 s on is nan"):
        live.push([0.0, np.nan])
    spoken += live.push(SOUND[2 * RATE :]) + live.flush()
    again = LiveDiarizer(model, front_end, RATE)
    assert {report.number: report for report in spoken} == told(again, [SOUND])[1]


def test_after_the_end_there_is_nothing(model, front_end):
    live = LiveDiarizer(model, front_end, RATE)
    live.flush()
    for act in (live.flush, lambda: live.push(SOUND)):
        with pytest.raises(uisrnn.StreamError, match="flushed"):
            act()


def test_what_does_not_fit_is_told_at_once(model, activity):
    other = WindowedFrontEnd(WindowEncoder(lambda windows: windows[:, :5], RATE, 0.6, 0.3), activity)
    with pytest.raises(uisrnn.ArgumentError, match="makes observations of 5 dimensions, but the model takes 16"):
        LiveDiarizer(model, other, RATE)
    with pytest.raises(uisrnn.ArgumentError, match="rate must be"):
        LiveDiarizer(model, other, 1)


def test_reports_have_names():
    assert Spoken(7, 1.5, 2.0, "ann", True) == (7, 1.5, 2.0, "ann", True)


def test_people_who_speak_at_once_are_told_at_once(model):
    """Two turns overlap from 2 to 3 s; both speakers are told there."""
    turns = [(0.0, 3.0, "low"), (2.0, 5.0, "high")]
    front_end = SegmentedFrontEnd(TinyEncoder(band_energies, 16, 800), KnownSegmentation(turns))
    sound = conversation([("low", 3.0), ("", 2.0)]) + conversation([("", 2.0), ("high", 3.0)])
    latest = told(LiveDiarizer(model, front_end, RATE), np.array_split(sound, 20))[1]
    assert [len(at(latest, time)) for time in (1, 2.5, 4)] == [1, 2, 1]
    assert at(latest, 2.5) == at(latest, 1) | at(latest, 4)
