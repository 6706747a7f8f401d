"""Live labels end as those of the whole, however sound is cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import uisrnn
from sounds import RATE, TURNS, conversation
from uisrnn.audio import LiveDiarizer, Spoken, WindowEncoder

SOUND = conversation(TURNS)


def told(live, parts):
    """All that is said, and the last word on each time."""
    spoken = [one for part in parts for one in live.push(part)] + live.flush()
    return spoken, {one.time: one.speaker for one in spoken}


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SOUND)), max_size=30), lag=st.sampled_from([None, 3, 50]))
def test_the_cut_does_not_matter(model, encoder, activity, cuts, lag):
    def live():
        args = uisrnn.InferenceArguments(commit_lag=lag)
        return LiveDiarizer(model, encoder, RATE, voice_activity=activity, inference_args=args)

    spoken, labels = told(live(), np.split(SOUND, sorted(cuts)))
    assert labels == told(live(), [SOUND])[1]
    final = [one for one in spoken if one.final]
    assert [one.time for one in final] == sorted(labels)
    assert {one.time: one.speaker for one in final} == labels


def test_labels_are_those_of_the_whole(model, encoder, activity):
    whole = uisrnn.audio.embed((SOUND, RATE), encoder, voice_activity=activity)
    expected = model.predict(whole.observations, uisrnn.InferenceArguments(test_iteration=1))
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    labels = told(live, np.array_split(SOUND, 40))[1]
    assert list(labels) == pytest.approx(whole.times.tolist())
    assert list(labels.values()) == [f"speaker{label}" for label in expected]


def test_labels_come_while_the_sound_comes(model, encoder, activity):
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    for at in range(0, len(SOUND), RATE // 10):
        for one in live.push(SOUND[at : at + RATE // 10]):
            if not one.final:
                assert at / RATE - 0.7 < one.time <= at / RATE


def test_sound_of_another_rate_and_kind(model, encoder, activity):
    pytest.importorskip("soxr")
    sound = conversation(TURNS, rate=16000)
    pcm = np.repeat(np.round(sound * 32767).astype(np.int16)[:, None], 2, axis=1)
    live = LiveDiarizer(model, encoder, 16000, voice_activity=activity)
    labels = told(live, np.array_split(pcm, 30))[1]
    names = {time: name for time, name in labels.items() if not 5.6 < time < 6.2}  # where it changes
    expected = [(0, 3, "speaker0"), (3, 5.7, "speaker1"), (6, 8, "speaker0"), (8.5, 11.3, "speaker2")]
    for start, end, speaker in expected:
        assert {name for time, name in names.items() if start < time < end} == {speaker}


def test_known_speakers_have_their_names(model, encoder, activity):
    ann = uisrnn.audio.embed((conversation([("low", 3)]), RATE), encoder, voice_activity=activity)
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity, clusters={"ann": ann.observations})
    labels = told(live, [SOUND])[1]
    assert {name for time, name in labels.items() if time < 2} == {"ann"}
    assert {name for time, name in labels.items() if 3.2 < time < 5.5} == {"speaker0"}


def test_too_little_sound_and_none_say_nothing(model, encoder, activity):
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    assert live.push(np.zeros(0)) == []
    assert live.push(SOUND[:100]) == []
    assert live.flush() == []


def test_bad_sound_is_not_taken(model, encoder, activity):
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    spoken = live.push(SOUND[: 2 * RATE])
    with pytest.raises(uisrnn.InputError, match=r"sound: must be \(samples,\) or \(samples, channels\), but"):
        live.push(np.zeros((2, 8000)))
    with pytest.raises(uisrnn.InputError, match=r"sound: .* sample 1 of the block from 2\.00 s on is nan"):
        live.push([0.0, np.nan])
    spoken += live.push(SOUND[2 * RATE :]) + live.flush()
    again = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    assert {one.time: one for one in spoken} == {one.time: one for one in told(again, [SOUND])[0]}


def test_after_the_end_there_is_nothing(model, encoder, activity):
    live = LiveDiarizer(model, encoder, RATE, voice_activity=activity)
    live.flush()
    for act in (live.flush, lambda: live.push(SOUND)):
        with pytest.raises(uisrnn.StreamError, match="flushed"):
            act()


def test_what_does_not_fit_is_told_at_once(model, activity):
    other = WindowEncoder(lambda windows: windows[:, :5], RATE, 0.6, 0.3)
    with pytest.raises(uisrnn.ArgumentError, match="makes observations of 5 dimensions, but the model knows 16"):
        LiveDiarizer(model, other, RATE, voice_activity=activity)
    with pytest.raises(uisrnn.ArgumentError, match="rate must be"):
        LiveDiarizer(model, other, 1, voice_activity=activity)


def test_what_is_told_has_names():
    assert Spoken(1.5, "ann", True) == (1.5, "ann", True)
