"""Conversations of sound, from the turns of some and the voices of others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any

import numpy as np

from uisrnn.audio.composing.conditions import LONGEST, Composition, Conditions, Range, conditions_of
from uisrnn.audio.composing.noises import NOISES, noise_of
from uisrnn.audio.composing.rooms import Room, drawn_room, reverberated
from uisrnn.audio.composing.stretches import merged, stretch_of
from uisrnn.audio.composing.supply import SoundVoice, Supply, sound_voices
from uisrnn.audio.waveforms import Waveform
from uisrnn.checks import require_integer
from uisrnn.data.casting import cast, conversations_of
from uisrnn.data.labels import Label
from uisrnn.data.turns import Turn
from uisrnn.errors import InputError
from uisrnn.randomness import generator_of, seed_from

_LEVELS = (-9.0, 6.0)  # decibels by which a conversation is louder than its voices
_PEAK = 0.98  # of full scale


def compose(
    turns: Any,
    voices: Mapping[Any, Any],
    *,
    rate: int = 16000,
    number: int | None = None,
    max_seconds: float | None = None,
    channels: Mapping[str, float] | None = None,
    snr: Range | None = (20.0, 35.0),
    rt60: Range | None = (0.1, 0.7),
    gain: float = 3.0,
    seed: int | None = None,
) -> Iterator[Composition]:
    """Compose the sound of labelled conversations: voices of single speakers, laid along the turns of real ones.

    Each speaker of a conversation gets a voice of their own, at random. While a speaker has a turn, consecutive speech
    of this voice is heard; if turns overlap, so does the speech. Pauses of more than 0.3 s are cut out of the voices
    first, and each turn starts and ends in speech, so the turns are a true reference. Each speaker has a gain and a
    place in the room of the conversation. Noise is added, and the sum passes a channel, which changes no time.

    One conversation is made at a time, when it is asked for. Conversation i depends on `seed` and i only.

    Args:
        turns: a list of conversations; each is a list of turns (start seconds, end seconds, speaker) in any order, or
            the path of an RTTM file, in which each file id is a conversation. A single path is also accepted.
        voices: for each voice by its name, a list of utterances: paths of sound files, or pairs (waveform, rate).
        rate: samples a second of the result.
        number: of conversations; the list of turns is gone through again if it is shorter. None: one for each.
        max_seconds: of a longer conversation only a random stretch of this length is made, if possible with two
            speakers. None: all of it.
        channels: how often each channel is drawn, by its name in `CHANNELS`; the shares sum to 1. None: a third
            telephone ("mu-law", "a-law"), some "narrow" (8 kHz), "mp3" and "opus", the rest "clean".
        snr: lowest and highest ratio of speech to noise in dB. None: no noise.
        rt60: lowest and highest reverberation time in seconds. None: no room.
        gain: standard deviation of the gain of speakers in dB.
        seed: of everything random; None: taken from torch's global generator.

    Raises:
        InputError: nobody speaks in any conversation, there are more speakers than voices, a voice is silent; the
            message says which conversation, voice or file.
        InputTypeError: an argument is not of a type that can hold such values.
        ArgumentError: another argument has a value that it cannot have.
        OSError: a file cannot be read.
        MissingExtraError: a package that reads, resamples or encodes sound is not installed.

    >>> noise = np.random.default_rng(0).normal(0, 0.1, (2, 48000)).astype(np.float32)
    >>> voices = {"low": [(noise[0], 16000)], "high": [(noise[1], 16000)]}
    >>> (made,) = compose([[(0, 1, "ann"), (1, 2.5, "bob")]], voices, channels={"clean": 1}, seed=0)
    >>> made.waveform.shape, made.turns
    ((40000,), [Turn(start=0.0, end=1.0, speaker='low'), Turn(start=1.0, end=2.5, speaker='high')])
    """
    conditions = conditions_of(rate, max_seconds, channels, snr, rt60, gain)
    if number is not None:
        require_integer("number", number, 1)
    if seed is not None:
        require_integer("seed", seed, -(2**63))
    bank = sound_voices(voices)
    scripts = [_Script(_spoken(made, where), where) for made, where in conversations_of(turns)]
    spoken = [script for script in scripts if script.turns]
    if not spoken:
        raise InputError(f"turns: somebody must speak, but in {len(scripts)} conversations there is no turn")
    wanted = islice(cycle(spoken), len(spoken) if number is None else number)
    return _compositions(wanted, bank, conditions, seed_from(seed))


@dataclass(frozen=True)
class _Script:
    """Turns of a conversation, and the words that name it."""

    turns: list[Turn]
    where: str


def _spoken(turns: Sequence[Turn], where: str) -> list[Turn]:
    for number, turn in enumerate(turns):
        if turn.start < 0:
            raise InputError(f"{where}, turn {number}: the start must be >= 0 seconds, but is {turn.start}")
    return merged([turn for turn in turns if turn.end > turn.start])


def _compositions(
    scripts: Iterator[_Script], bank: list[SoundVoice], conditions: Conditions, seed: int
) -> Iterator[Composition]:
    for number, script in zip(count(), scripts):
        yield _Take(script, conditions, generator_of(seed, number)).composition(f"composed-{number}", bank)


@dataclass
class _Take:
    """One conversation while it is composed."""

    script: _Script
    conditions: Conditions
    generator: np.random.Generator
    facts: dict[str, Any] = field(default_factory=dict)

    def composition(self, name: str, bank: list[SoundVoice]) -> Composition:
        start, turns = stretch_of(self.script.turns, self.conditions.max_seconds, self.generator)
        end = max(turn.end for turn in turns)
        if end > LONGEST:
            raise InputError(
                f"{self.script.where}: must end before {LONGEST:g} seconds, or max_seconds be given, but ends at "
                f"{end:g}"
            )
        speakers = list(dict.fromkeys(turn.speaker for turn in turns))
        voices = cast(speakers, bank, self.script.where, self.generator)
        self.facts.update(source=self.script.where, start=start, seconds=end)
        self.facts["voices"] = {str(speaker): str(voice.name) for speaker, voice in voices.items()}
        waveform = self._channelled(self._noisy(*self._speech(turns, voices, round(end * self.conditions.rate))))
        named = [Turn(turn.start, turn.end, voices[turn.speaker].name) for turn in turns]
        return Composition(name, waveform, self.conditions.rate, named, self.facts)

    def _speech(self, turns: list[Turn], voices: dict[Label, SoundVoice], length: int) -> tuple[Waveform, float]:
        """(length,) samples of all speakers, and the mean power while somebody speaks."""
        rate, mix = self.conditions.rate, np.zeros(length, dtype=np.float32)
        places = self._places(voices)
        heard = np.zeros(length, dtype=np.bool_)
        for turn in turns:
            first, last = round(turn.start * rate), min(round(turn.end * rate), length)
            if last > first:
                place = places[turn.speaker]
                sound = reverberated(place.supply.take(last - first), place.response)[: length - first]
                mix[first : first + len(sound)] += sound
                heard[first:last] = True
        power = float(np.square(mix[heard], dtype=np.float64).mean()) if heard.any() else 0.0
        return mix, power

    def _places(self, voices: dict[Label, SoundVoice]) -> dict[Label, "_Place"]:
        """Where each speaker sits and how loud they are."""
        rate, rt60 = self.conditions.rate, self.conditions.rt60
        room = None if rt60 is None else drawn_room(rt60, self.generator)
        gains = {speaker: float(self.generator.normal(0, self.conditions.gain)) for speaker in voices}
        self.facts["rt60"] = None if room is None else room.rt60
        self.facts["gains"] = {str(speaker): gain for speaker, gain in gains.items()}
        return {
            speaker: _Place(
                Supply(voice, rate, self.generator), self._response(room) * np.float32(10 ** (gains[speaker] / 20))
            )
            for speaker, voice in voices.items()
        }

    def _response(self, room: Room | None) -> Waveform:
        if room is None:
            return np.ones(1, dtype=np.float32)
        return room.response(self.conditions.rate, self.generator)

    def _noisy(self, speech: Waveform, power: float) -> Waveform:
        """The speech with noise, at the level of the conversation, without clipping."""
        if self.conditions.snr is not None:
            ratio = float(self.generator.uniform(*self.conditions.snr))
            kind = str(self.generator.choice(list(NOISES)))
            self.facts.update(snr=ratio, noise=kind)
            speech += noise_of(kind, power * 10 ** (-ratio / 10), len(speech), self.conditions.rate, self.generator)
        else:
            self.facts.update(snr=None, noise=None)
        speech *= np.float32(10 ** (self.generator.uniform(*_LEVELS) / 20))
        speech *= np.float32(min(1.0, _PEAK / max(float(np.abs(speech).max()), 1e-9)))
        return speech

    def _channelled(self, waveform: Waveform) -> Waveform:
        channel = self.conditions.channels.draw(self.generator)
        changed, words = channel(waveform, self.conditions.rate, self.generator)
        self.facts["channel"] = words
        return np.clip(changed, -1, 1)


@dataclass
class _Place:
    """A speaker's speech, and how it sounds from where the speaker sits."""

    supply: Supply
    response: Waveform
