"""Composition of conversations, from turns of real conversations and voices of other speakers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from typing import Any

import numpy as np

from uisrnn.audio.composing.conditions import Composition, Conditions, Range, conditions_of
from uisrnn.audio.composing.plan import Script, drawn_plan
from uisrnn.audio.composing.rendering import rendered
from uisrnn.audio.composing.stretches import SHORTEST_TURN, merged
from uisrnn.audio.composing.supply import SoundVoice, sound_voices
from uisrnn.checks import require_integer
from uisrnn.errors import InputError
from uisrnn.randomness import generator_of, seed_from
from uisrnn.simulation.casting import conversations_of
from uisrnn.turns.turn import Turn


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
    """Compose the sound of labelled conversations: voices of single speakers, laid along the turns of real speakers.

    Each speaker of a conversation gets a random voice; different speakers get different voices. While a speaker has a
    turn, consecutive speech of this voice is heard; if turns overlap, so does the speech. Pauses of more than 0.3 s are
    cut out of the voices first, and each turn starts and ends in speech, so the turns are a true reference. Each
    speaker has a gain and a place in the room of the conversation. Noise is added, and the sum passes a channel, which
    does not shift the sound.

    Each conversation is made when the iterator reaches it. Conversation i depends on `seed` and i only.

    Args:
        turns: a list of conversations; each is a list of turns (start seconds, end seconds, speaker) in any order, or
            the path of an RTTM file, in which each file id is a conversation. A single path is also accepted.
        voices: for each voice by its name, a list of utterances: paths of sound files, or pairs (waveform, rate).
        rate: samples a second of the result.
        number: of conversations; if the list of turns is shorter, it is used again from its start. None: the length of
            the list.
        max_seconds: from a longer conversation, only a random stretch of this length is made, if possible with two
            speakers. None: no limit.
        channels: the share of each channel by its name in `CHANNELS`; the shares sum to 1. None: a third
            telephone ("mu-law", "a-law"), some "narrow" (8 kHz), "mp3" and "opus", the rest "clean".
        snr: lowest and highest ratio of speech to noise in dB. None: no noise.
        rt60: lowest and highest reverberation time in seconds. None: no room.
        gain: standard deviation of the gain of speakers in dB.
        seed: of everything random; None: taken from torch's global generator.

    Raises:
        InputError: nobody speaks in any conversation, there are more speakers than voices, or a voice is silent; the
            message names the conversation, voice or file.
        InputTypeError: an argument has a wrong type.
        ArgumentError: another argument is out of its range.
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
    scripts = [Script(_audible(conversation, where), where) for conversation, where in conversations_of(turns)]
    spoken = [script for script in scripts if script.turns]
    if not spoken:
        raise InputError(f"turns: somebody must speak, but in {len(scripts)} conversations nobody does")
    wanted = islice(cycle(spoken), len(spoken) if number is None else number)
    return _compositions(wanted, bank, conditions, seed_from(seed))


def _audible(turns: Sequence[Turn], where: str) -> list[Turn]:
    """The turns in the order of time, without turns that are too short to hear."""
    for number, turn in enumerate(turns):
        if turn.start < 0:
            raise InputError(f"{where}, turn {number}: the start must be >= 0 seconds, but is {turn.start}")
    return [turn for turn in merged(turns) if turn.end - turn.start >= SHORTEST_TURN]


def _compositions(
    scripts: Iterable[Script], bank: list[SoundVoice], conditions: Conditions, seed: int
) -> Iterator[Composition]:
    for number, script in enumerate(scripts):
        generator = generator_of(seed, number)
        plan = drawn_plan(script, bank, conditions, generator)
        sound = rendered(plan, conditions.rate, generator)
        heard, channel = conditions.channels.draw(generator)(sound, conditions.rate, generator)
        yield Composition(
            f"composed-{number}", np.clip(heard, -1, 1), conditions.rate, plan.named_turns, plan.description(channel)
        )
