"""The sound of a planned conversation, before it passes a channel."""

from dataclasses import dataclass

import numpy as np

from uisrnn.audio.composing.filters import convolved
from uisrnn.audio.composing.noises import noise_of
from uisrnn.audio.composing.plan import Plan
from uisrnn.audio.composing.supply import Supply
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.sequences.labels import Label

_PEAK = 0.98  # of full scale


def rendered(plan: Plan, rate: int, generator: np.random.Generator) -> Waveform:
    """(n,) samples of speech with noise, n = `plan.seconds * rate`, within full scale.

    Args:
        plan: of the conversation.
        rate: samples a second.
        generator: draws places of speakers, the order of their utterances, and the noise.

    Raises:
        InputError: a voice is silent or cannot be read.
        OSError: a sound file cannot be read.
    """
    sound, power = _speech(plan, rate, generator)
    if plan.noise is not None and plan.snr is not None:
        sound += noise_of(plan.noise, power * 10 ** (-plan.snr / 10), len(sound), rate, generator)
    sound *= _factor(plan.level)
    sound *= np.float32(min(1.0, _PEAK / max(float(np.abs(sound).max()), _PEAK)))
    return sound


@dataclass(frozen=True)
class _Place:
    """The speech of a speaker, and the impulse response from the speaker's place, with the speaker's gain."""

    supply: Supply
    response: Waveform


def _speech(plan: Plan, rate: int, generator: np.random.Generator) -> tuple[Waveform, float]:
    """The sum of all speakers, and the mean power of this sum during turns."""
    places = {speaker: _place(plan, speaker, rate, generator) for speaker in plan.voices}
    length = round(plan.seconds * rate)
    sum_of_speakers = np.zeros(length, dtype=np.float32)
    heard = np.zeros(length, dtype=np.bool_)
    for turn in plan.turns:
        first = round(turn.start * rate)
        last = round(turn.end * rate)
        place = places[turn.speaker]
        sound = convolved(place.supply.take(last - first), place.response)[: length - first]
        sum_of_speakers[first : first + len(sound)] += sound
        heard[first:last] = True
    return sum_of_speakers, float(np.square(sum_of_speakers[heard]).mean(dtype=np.float64))


def _place(plan: Plan, speaker: Label, rate: int, generator: np.random.Generator) -> _Place:
    response = np.ones(1, dtype=np.float32) if plan.room is None else plan.room.response(rate, generator)
    return _Place(Supply(plan.voices[speaker], rate, generator), response * _factor(plan.gains[speaker]))


def _factor(decibels: float) -> np.float32:
    return np.float32(10 ** (decibels / 20))
