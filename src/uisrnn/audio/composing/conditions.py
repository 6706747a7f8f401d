"""The conditions of composed conversations, and a composed conversation."""

import math
import numbers
from dataclasses import dataclass
from typing import Any

from uisrnn.audio.composing.channels import ChannelMix, channel_mix
from uisrnn.audio.sources.waveforms import Waveform, rate_of
from uisrnn.errors import ArgumentError
from uisrnn.turns.turn import Turn

Range = tuple[float, float]
LONGEST = 86_400.0
"""Seconds of the longest conversation; a conversation is held in memory."""
_SHORTEST_RT60 = 0.01  # seconds
_LONGEST_RT60 = 10.0  # seconds
_MOST_DECIBELS = 100.0


@dataclass(frozen=True)
class Composition:
    """A composed conversation.

    Attributes:
        name: of the conversation.
        waveform: (n,) float32 between -1 and 1.
        rate: samples a second.
        turns: the turns in the order of time; speakers are names of voices.
        description: how it was made, in texts and numbers, as in JSON.
    """

    name: str
    waveform: Waveform
    rate: int
    turns: list[Turn]
    description: dict[str, Any]


@dataclass(frozen=True)
class Conditions:
    """The arguments of `compose` that determine how conversations vary."""

    rate: int
    max_seconds: float
    channels: ChannelMix
    snr: Range | None
    rt60: Range | None
    gain: float


def conditions_of(rate: Any, max_seconds: Any, channels: Any, snr: Any, rt60: Any, gain: Any) -> Conditions:
    """Check the arguments of `compose`.

    Raises:
        ArgumentError, InputTypeError: an argument is wrong; the message names it.
    """
    return Conditions(
        rate=rate_of(rate),
        max_seconds=math.inf if max_seconds is None else _number("max_seconds", max_seconds, 0.1, LONGEST, "seconds"),
        channels=channel_mix(channels),
        snr=None if snr is None else _range("snr", snr, -_MOST_DECIBELS, _MOST_DECIBELS, "dB"),
        rt60=None if rt60 is None else _range("rt60", rt60, _SHORTEST_RT60, _LONGEST_RT60, "seconds"),
        gain=_number("gain", gain, 0, _MOST_DECIBELS, "dB"),
    )


def _number(name: str, value: Any, least: float, most: float, unit: str) -> float:
    if not _is_between(value, least, most):
        raise ArgumentError(f"{name} must be a number from {least:g} to {most:g} {unit}, but is {value!r:.80}")
    return float(value)


def _range(name: str, value: Any, least: float, most: float, unit: str) -> Range:
    is_pair = isinstance(value, (tuple, list)) and len(value) == 2
    if not is_pair or not all(_is_between(end, least, most) for end in value) or value[0] > value[1]:
        raise ArgumentError(
            f"{name} must be a pair (lowest, highest) from {least:g} to {most:g} {unit}, but is {value!r:.80}"
        )
    return float(value[0]), float(value[1])


def _is_between(value: Any, least: float, most: float) -> bool:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_number and bool(least <= value <= most)
