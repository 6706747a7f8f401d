"""Composed conversations: what is heard when, and what depends on what."""

import math
from itertools import islice

import numpy as np
import pytest

import uisrnn
from uisrnn.audio import compose

RATE = 16000
TURNS = [(0.0, 1.2, "ann"), (1.6, 3.0, "bob"), (2.5, 3.5, "ann")]
FREQUENCIES = {"low": 300, "high": 1000, "middle": 600}
PLAIN = {"channels": {"clean": 1}, "snr": None, "rt60": None, "gain": 0.0}


def tone(frequency: float, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


VOICES = {name: [(tone(frequency), RATE)] for name, frequency in FREQUENCIES.items()}


def heard(made, name: str, start: float, end: float) -> bool:
    """Whether a voice has power between two times."""
    piece = made.waveform[round(start * made.rate) : round(end * made.rate)]
    wave = np.exp(-2j * np.pi * FREQUENCIES[name] * np.arange(len(piece)) / made.rate)
    return bool(2 * abs(np.mean(piece * wave)) > 0.005)


def one(*args, **options):
    (made,) = compose(*args, **{"seed": 0, **options})
    return made


def same(left, right) -> bool:
    return np.array_equal(left.waveform, right.waveform) and left.turns == right.turns


@pytest.fixture(scope="module")
def plain():
    return one([TURNS], VOICES, **PLAIN)


def test_each_voice_is_heard_in_its_turns_and_nowhere_else(plain):
    names = {turn.speaker for turn in plain.turns}
    for start in np.arange(0, 3.5, 0.1):
        speaking = {turn.speaker for turn in plain.turns if turn.start < start + 0.05 < turn.end}
        assert {name for name in names if heard(plain, name, start, start + 0.1)} == speaking, start


def test_turns_are_those_given_with_the_names_of_voices(plain):
    assert [turn[:2] for turn in plain.turns] == [turn[:2] for turn in TURNS]
    first, second, third = (turn.speaker for turn in plain.turns)
    assert first == third != second
    assert {first, second} <= VOICES.keys()


def test_a_conversation_ends_with_its_last_turn(plain):
    assert plain.waveform.shape == (3.5 * RATE,)
    assert plain.waveform.dtype == np.float32


def test_turns_of_one_speaker_that_overlap_are_one_turn():
    made = one([[(0, 1, "ann"), (0.5, 2, "ann")]], VOICES, **PLAIN)
    assert [turn[:2] for turn in made.turns] == [(0, 2)]


def test_turns_start_and_end_in_speech_although_voices_pause():
    pausing = np.concatenate([np.concatenate([tone(300, 0.5), np.zeros(4000, np.float32)])] * 8)
    made = one([[(0, 0.7, "ann"), (1, 1.9, "ann"), (2, 3.1, "ann")]], {"low": [(pausing, RATE)]}, **PLAIN)
    for turn in made.turns:
        assert heard(made, "low", turn.start, turn.start + 0.02)
        assert heard(made, "low", turn.end - 0.02, turn.end)


def test_a_gain_is_the_same_in_all_turns_of_a_speaker():
    voices = {name: [(tone(frequency, 20), RATE)] for name, frequency in FREQUENCIES.items()}
    made = one([[(0, 1, "ann"), (1, 2, "bob"), (2, 3, "ann")]], voices, **{**PLAIN, "gain": 6.0})
    first, second, third = (np.sqrt(np.mean(part**2)) for part in made.waveform.reshape(3, -1))
    assert first == pytest.approx(third, rel=0.02)
    assert abs(20 * math.log10(first / second)) > 0.5


@pytest.mark.parametrize("ratio", [0.0, 20.0])
def test_noise_has_the_ratio_that_is_asked_for(ratio):
    turns = [[(0, 2, "ann"), (4, 5, "ann")]]
    made = one(turns, VOICES, **{**PLAIN, "snr": (ratio, ratio)})
    speech, silence = made.waveform[: 2 * RATE], made.waveform[2 * RATE : 4 * RATE]
    noise = np.mean(silence**2)
    assert 10 * math.log10((np.mean(speech**2) - noise) / noise) == pytest.approx(ratio, abs=1.0)


def test_a_room_is_heard_after_a_turn():
    made = one([[(0, 1, "ann"), (2, 3, "ann")]], VOICES, **{**PLAIN, "rt60": (0.5, 0.5)})
    early, late = (np.abs(made.waveform[round(at * RATE) :][:1600]).max() for at in (1.0, 1.3))
    assert early > 10 * late > 0


def test_nothing_exceeds_full_scale():
    made = one([[(0, 2, name) for name in "abc"]], VOICES, **{**PLAIN, "gain": 20.0})
    assert np.abs(made.waveform).max() <= 1


def test_the_description_says_how_it_was_made():
    made = one([TURNS], VOICES, channels={"mu-law": 1})
    facts = made.description
    assert facts["source"] == "conversation 0"
    assert facts["channel"].startswith("telephone, mu-law")
    assert 20 <= facts["snr"] <= 35
    assert 0.1 <= facts["rt60"] <= 0.7
    assert set(facts["voices"]) == {"ann", "bob"}


def test_a_long_conversation_is_cut_to_a_stretch_with_two_speakers():
    turns = [(0, 1000, "ann"), (1000, 1001, "bob"), (1001, 2000, "ann")]
    for made in compose([turns], VOICES, number=5, max_seconds=6, seed=0, **PLAIN):
        assert len(made.waveform) == 6 * RATE
        assert len({turn.speaker for turn in made.turns}) == 2


def test_a_conversation_depends_on_seed_and_number_only():
    alone = [VOICES["low"], VOICES["high"]]
    voices = dict(zip(["low", "high"], alone, strict=True))
    third = list(compose([TURNS], voices, number=3, seed=5))[2]
    after_others = list(compose([[(0, 1, "eve")], [(0, 2, "eve")], TURNS], voices, seed=5))[2]
    assert third.waveform.tobytes() == after_others.waveform.tobytes()
    assert third.turns == after_others.turns


def test_conversations_of_one_seed_differ():
    first, second = compose([TURNS], VOICES, number=2, seed=0)
    assert not np.array_equal(first.waveform, second.waveform)


def test_without_a_seed_torch_governs():
    import torch

    torch.manual_seed(3)
    first = one([TURNS], VOICES, seed=None)
    torch.manual_seed(3)
    assert same(first, one([TURNS], VOICES, seed=None))


def test_conversations_are_made_when_they_are_asked_for(tmp_path):
    silent = {"low": VOICES["low"], "mute": [(np.zeros(RATE, np.float32), RATE)]}
    made = compose([[(0, 1, "ann")]], silent, number=10**9, seed=0)
    with pytest.raises(uisrnn.InputError, match="voice 'mute', utterance 0: speech must be heard"):
        list(islice(made, 50))


def test_a_channel_of_ones_own_is_one_more_name(monkeypatch):
    monkeypatch.setitem(uisrnn.audio.CHANNELS, "upside down", lambda waveform, rate, generator: (-waveform, "inverted"))
    made = one([TURNS], VOICES, **{**PLAIN, "channels": {"upside down": 1}})
    assert made.description["channel"] == "inverted"
    assert np.array_equal(made.waveform, -one([TURNS], VOICES, **PLAIN).waveform)


def test_files_of_another_rate_are_voices(written):
    path = written(tone(300, rate=44100), 44100, "low.wav")
    made = one([[(0, 1, "ann")]], {"low": [path]}, **PLAIN)
    assert heard(made, "low", 0.1, 0.9)


def test_rttm_files_are_conversations(tmp_path):
    uisrnn.write_rttm(tmp_path / "turns.rttm", {"a": [(0, 1, "ann")], "b": [(0, 2, "bob")]})
    made = list(compose(tmp_path / "turns.rttm", VOICES, seed=0, **PLAIN))
    assert [len(conversation.waveform) for conversation in made] == [RATE, 2 * RATE]
    assert [conversation.name for conversation in made] == ["composed-0", "composed-1"]


@pytest.mark.parametrize(
    ("turns", "voices", "message"),
    [
        ([[]], VOICES, "turns: somebody must speak, but in 1 conversations nobody does"),
        ([[(1, 1, "ann")]], VOICES, "somebody must speak"),
        ([[(-1, 1, "ann")]], VOICES, "conversation 0, turn 0: the start must be >= 0 seconds, but is -1.0"),
        ([TURNS], {}, "voices: at least one is needed"),
        ([TURNS], {"low": []}, "voice 'low': at least one utterance is needed"),
        ([TURNS], {"low": VOICES["low"]}, "conversation 0: 2 speakers need as many voices, but there are 1"),
        ([[(0, 1, "ann")]], {"low": [(np.zeros(0, np.float32), RATE)]}, "there are no samples in it"),
        ([[(0, 1, "ann")]], {"low": [(np.full(9, np.nan), RATE)]}, "voice 'low', utterance 0: samples must be between"),
        ([[(0, 1e6, "ann")]], VOICES, "must end within 86400 seconds, or max_seconds must be given"),
    ],
)
def test_what_cannot_be_composed_is_an_input_error(turns, voices, message):
    with pytest.raises(uisrnn.InputError, match=message.replace("(", r"\(")):
        list(compose(turns, voices, seed=0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": {"gsm": 1}}, "channels must be among clean, mu-law"),
        ({"channels": {"clean": 0.5}}, "shares of channels must sum to 1, but sum to 0.5"),
        ({"channels": {"clean": math.nan}}, "the share of channel clean must be a number from 0 to 1"),
        ({"channels": {}}, "sum to 0"),
        ({"snr": (math.nan, 20)}, "snr must be a pair"),
        ({"snr": (10, math.inf)}, "snr must be a pair"),
        ({"snr": (30, 20)}, "snr must be a pair"),
        ({"snr": 20}, "snr must be a pair"),
        ({"rt60": (0, 1)}, "rt60 must be a pair"),
        ({"gain": -1}, "gain must be a number from 0 to 100 dB, but is -1"),
        ({"gain": math.nan}, "gain must be a number"),
        ({"max_seconds": 0}, "max_seconds must be a number from 0.1"),
        ({"rate": 100}, "rate must be an integer from 4000"),
        ({"number": 0}, "number must be an integer >= 1"),
        ({"seed": 0.5}, "seed must be an integer"),
    ],
)
def test_arguments_are_refused_before_anything_is_made(options, message):
    with pytest.raises(uisrnn.ArgumentError, match=message):
        compose([TURNS], VOICES, **options)


def test_types_are_refused_before_anything_is_made(tmp_path):
    with pytest.raises(uisrnn.InputTypeError, match="voices must be a mapping"):
        compose([TURNS], [VOICES])
    with pytest.raises(uisrnn.InputTypeError, match="voice 'low': must be a list of paths"):
        compose([TURNS], {"low": 3})
    with pytest.raises(uisrnn.InputTypeError, match="voice 'low', utterance 0: audio must be a path or a pair"):
        compose([TURNS], {"low": VOICES["low"][0]})
    with pytest.raises(uisrnn.ArgumentError, match="voice 'low', utterance 0: rate must be an integer"):
        compose([TURNS], {"low": [(tone(300), 1)]})
    with pytest.raises(uisrnn.InputTypeError, match="channels must be a mapping"):
        compose([TURNS], VOICES, channels="clean")
    with pytest.raises(FileNotFoundError):
        compose([TURNS], {"low": [tmp_path / "none.wav"]})
