"""Pauses, speech, rooms, noise and stretches of composed conversations, each alone."""

from itertools import pairwise

import numpy as np
import pytest

from uisrnn.audio.composing.noises import NOISES, noise_of, pink, white
from uisrnn.audio.composing.pauses import LevelGate, kept_frames
from uisrnn.audio.composing.rooms import Room, drawn_room
from uisrnn.audio.composing.stretches import merged, stretch_of
from uisrnn.audio.composing.supply import LEVEL, SoundVoice, Supply
from uisrnn.turns.turn import Turn

RATE = 8000


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32)


def supply(*utterances: np.ndarray, seed: int = 0) -> Supply:
    return Supply(SoundVoice("ann", tuple((one, RATE) for one in utterances)), RATE, np.random.default_rng(seed))


# pauses


@pytest.mark.parametrize("background", [0.0, 1e-4, 3e-3])
def test_speech_is_told_from_a_pause_with_noise(background):
    sound = np.concatenate([noise(1), 0 * noise(1), noise(1)]) + noise(3, background, seed=1)
    spoken = LevelGate(RATE)(sound)
    assert spoken[:98].all()
    assert not spoken[102:198].any()
    assert spoken[202:].all()


def test_a_block_of_a_pause_is_no_speech():
    gate = LevelGate(RATE)
    assert gate(noise(1)).all()
    assert not gate(noise(0.2, 1e-4)).any()


def test_a_click_does_not_divide_a_pause():
    click = np.repeat([0, 0.1, 0], [RATE, 100, RATE]).astype(np.float32)
    assert not LevelGate(RATE)(np.concatenate([noise(1), click, noise(1)]))[100:300].any()


def test_silence_is_no_speech():
    assert not LevelGate(RATE)(np.zeros(RATE, np.float32)).any()


def test_short_pauses_stay_and_long_ones_become_margins():
    short, long = np.repeat([1, 0, 1], [50, 30, 50]) > 0, np.repeat([1, 0, 1], [50, 31, 50]) > 0
    assert kept_frames(short).sum() == 130
    assert kept_frames(long).sum() == 110


# supply


def test_speech_has_one_level_whatever_the_level_of_an_utterance():
    piece = supply(noise(3, 0.003), noise(3, 0.3)).take(5 * RATE)
    for part in np.split(piece, 10):
        assert np.sqrt(np.mean(part**2)) == pytest.approx(LEVEL, rel=0.1)


def test_pieces_are_consecutive():
    ramp = np.linspace(0.1, 1, 10 * RATE, dtype=np.float32) * np.sign(noise(10))
    voice = supply(ramp, seed=1)
    first, second = np.abs(voice.take(800))[100:-100], np.abs(voice.take(800))[100:-100]
    assert second[0] > first[-1] or second[-1] < first[0]  # the second if the ramp ends between them
    assert (np.diff(first) > 0).all()


def test_a_voice_with_little_speech_is_repeated():
    assert len(supply(noise(0.5)).take(10 * RATE)) == 10 * RATE


def test_long_pauses_are_not_heard():
    piece = supply(np.concatenate([noise(1), np.zeros(4 * RATE, np.float32), noise(1)])).take(4 * RATE)
    quiet = np.abs(piece.reshape(-1, 80)).max(axis=1) == 0
    assert quiet.mean() < 0.1


# rooms


def test_direct_sound_arrives_at_once_and_energy_is_1():
    response = Room(0.4, 6.0).response(RATE, np.random.default_rng(0))
    assert np.argmax(np.abs(response)) == 0
    assert np.sum(response**2) == pytest.approx(1)


@pytest.mark.parametrize("rt60", [0.2, 0.7])
def test_the_level_falls_by_60_decibels_in_the_reverberation_time(rt60):
    response = Room(rt60, 0.0).response(16000, np.random.default_rng(0))[400:]
    energy = np.cumsum(response[::-1] ** 2)[::-1]  # Schroeder's integral
    levels = 10 * np.log10(energy / energy[0])
    times = np.arange(len(levels)) / 16000
    part = (levels < -5) & (levels > -25)
    slope = np.polyfit(times[part], levels[part], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.15)


def test_places_in_a_room_differ_slightly():
    generator = np.random.default_rng(0)
    room = drawn_room((0.3, 0.3), generator)
    first, second = room.response(RATE, generator), room.response(RATE, generator)
    assert first.shape == second.shape
    assert not np.array_equal(first, second)


# noise


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_the_power_asked_for(kind):
    made = noise_of(kind, 0.01, 3 * RATE, RATE, np.random.default_rng(0))
    assert made.dtype == np.float32
    assert np.mean(made**2) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("start", "slope"), [(pink, -3.0), (white, 0.0)])
def test_noise_falls_by_its_decibels_an_octave(start, slope):
    power = np.abs(np.fft.rfft(start(16000, np.random.default_rng(0))(2**18))) ** 2
    frequencies = np.fft.rfftfreq(2**18, 1 / 16000)
    edges = 50 * 2.0 ** np.arange(7)
    levels = [10 * np.log10(power[(frequencies >= a) & (frequencies < b)].mean()) for a, b in pairwise(edges)]
    assert np.diff(levels).mean() == pytest.approx(slope, abs=0.3)


@pytest.mark.parametrize("kind", ["pink", "hum"])
def test_blocks_of_noise_follow_each_other_without_a_seam(kind):
    whole = NOISES[kind](RATE, np.random.default_rng(0))(1000)
    source = NOISES[kind](RATE, np.random.default_rng(0))
    assert np.allclose(np.concatenate([source(300), source(700)]), whole)


# stretches


def test_turns_of_a_speaker_that_overlap_are_put_together():
    turns = [Turn(3, 5, "ann"), Turn(0, 4, "ann"), Turn(1, 2, "bob"), Turn(6, 7, "ann"), Turn(1.5, 1.8, "ann")]
    assert merged(turns) == [Turn(0, 5, "ann"), Turn(1, 2, "bob"), Turn(6, 7, "ann")]


def test_a_short_conversation_is_not_cut():
    turns = [Turn(1, 2, "ann")]
    assert stretch_of(turns, 2, np.random.default_rng(0)) == (0, turns)


@pytest.mark.parametrize("seed", range(10))
def test_a_stretch_has_turns_of_the_conversation_from_its_start_on(seed):
    turns = [Turn(2 * number, 2 * number + 3, "abc"[number % 3]) for number in range(50)]
    start, cut = stretch_of(turns, 10, np.random.default_rng(seed))
    assert len({turn.speaker for turn in cut}) >= 2
    for turn in cut:
        assert 0 <= turn.start < turn.end <= 10
        assert any(a - 1e-9 <= turn.start + start and turn.end + start <= b + 1e-9 for a, b, _ in turns)


def test_a_stretch_of_one_speaker_is_cut_from_a_turn():
    turns = [Turn(0, 1, "ann"), Turn(5000, 5001, "ann")]
    for seed in range(10):
        _, cut = stretch_of(turns, 4, np.random.default_rng(seed))
        assert sum(turn.end - turn.start for turn in cut) >= 0.5
