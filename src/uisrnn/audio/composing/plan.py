"""The random choices for a conversation, made before its sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uisrnn.audio.composing.conditions import LONGEST, Conditions
from uisrnn.audio.composing.noises import NOISES
from uisrnn.audio.composing.rooms import Room, drawn_room
from uisrnn.audio.composing.stretches import stretch_of
from uisrnn.audio.composing.supply import SoundVoice
from uisrnn.errors import InputError
from uisrnn.sequences.labels import Label
from uisrnn.simulation.casting import cast
from uisrnn.turns.turn import Turn

_LEVELS = (-9.0, 6.0)  # decibels by which a conversation is louder than its voices


@dataclass(frozen=True)
class Script:
    """A conversation to compose.

    Attributes:
        turns: at least 1, in the order of time; turns of the same speaker do not overlap.
        where: the words with which an error message begins.
    """

    turns: list[Turn]
    where: str


@dataclass(frozen=True)
class Plan:
    """The drawn properties of a conversation.

    Attributes:
        where: the words with which an error message begins.
        start: seconds of the conversation that are left out at its beginning.
        turns: the turns after `start`; their times count from `start`.
        voices: the voice of each speaker.
        gains: the gain of each speaker in dB.
        room: the room in which the speakers sit; None: no room.
        noise: a name in `NOISES`; None: no noise.
        snr: ratio of speech to noise in dB; None: no noise.
        level: gain of the mixed sound in dB.
    """

    where: str
    start: float
    turns: list[Turn]
    voices: dict[Label, SoundVoice]
    gains: dict[Label, float]
    room: Room | None
    noise: str | None
    snr: float | None
    level: float

    @property
    def seconds(self) -> float:
        """Seconds from the start to the end of the last turn."""
        return max(turn.end for turn in self.turns)

    @property
    def named_turns(self) -> list[Turn]:
        """The turns with the names of voices as speakers."""
        return [Turn(turn.start, turn.end, self.voices[turn.speaker].name) for turn in self.turns]

    def description(self, channel: str) -> dict[str, Any]:
        """The plan as texts and numbers, as in JSON, with the words `channel` for the channel."""
        return {
            "source": self.where,
            "start": round(self.start, 3),
            "seconds": round(self.seconds, 3),
            "channel": channel,
            "noise": self.noise,
            "snr": None if self.snr is None else round(self.snr, 2),
            "rt60": None if self.room is None else round(self.room.rt60, 3),
            "level": round(self.level, 2),
            "voices": {str(speaker): str(voice.name) for speaker, voice in self.voices.items()},
            "gains": {str(speaker): round(gain, 2) for speaker, gain in self.gains.items()},
        }


def drawn_plan(
    script: Script, bank: Sequence[SoundVoice], conditions: Conditions, generator: np.random.Generator
) -> Plan:
    """A random plan for a conversation.

    Raises:
        InputError: there are more speakers than voices, or the conversation lasts more than a day.
    """
    start, turns = stretch_of(script.turns, conditions.max_seconds, generator)
    if max(turn.end for turn in turns) > LONGEST:
        raise InputError(f"{script.where}: must end within {LONGEST:g} seconds, or max_seconds must be given")
    speakers = list(dict.fromkeys(turn.speaker for turn in turns))
    return Plan(
        where=script.where,
        start=start,
        turns=turns,
        voices=cast(speakers, bank, script.where, generator),
        gains={speaker: float(generator.normal(0, conditions.gain)) for speaker in speakers},
        room=None if conditions.rt60 is None else drawn_room(conditions.rt60, generator),
        noise=None if conditions.snr is None else str(generator.choice(list(NOISES))),
        snr=None if conditions.snr is None else float(generator.uniform(*conditions.snr)),
        level=float(generator.uniform(*_LEVELS)),
    )
