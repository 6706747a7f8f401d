"""Under which conditions conversations are composed, and what comes out."""

import math
import numbers
from dataclasses import dataclass
from typing import Any

from uisrnn.audio.composing.channels import ChannelMix, channel_mix
from uisrnn.audio.waveforms import Waveform, rate_of
from uisrnn.checks import require_seconds
from uisrnn.data.turns import Turn
from uisrnn.errors import ArgumentError

Range = tuple[float, float]
LONGEST = 86_400.0
"""Seconds of the longest conversation that is composed at once."""
_SHORTEST = 0.1  # seconds
_SHORTEST_RT60, _LONGEST_RT60 = 0.01, 10.0  # seconds
_MOST_DECIBELS = 200.0


@dataclass(frozen=True)
class Composition:
    """A composed conversation.

    Attributes:
        name: of the conversation.
        waveform: (n,) float32 between -1 and 1.
        rate: samples a second.
        turns: who speaks from when to when, in the order of time; speakers are names of voices.
        description: how it was made, of texts and numbers only, as JSON can hold them.
    """

    name: str
    waveform: Waveform
    rate: int
    turns: list[Turn]
    description: dict[str, Any]


@dataclass(frozen=True)
class Conditions:
    """What varies from one conversation to the next; see `compose`."""

    rate: int
    max_seconds: float
    channels: ChannelMix
    snr: Range | None
    rt60: Range | None
    gain: float


def conditions_of(rate: Any, max_seconds: Any, channels: Any, snr: Any, rt60: Any, gain: Any) -> Conditions:
    """The arguments of `compose`, checked.

    Raises:
        ArgumentError, InputTypeError: one of them is wrong; the message says which.
    """
    if max_seconds is not None:
        require_seconds("max_seconds", max_seconds)
        if not _SHORTEST <= max_seconds <= LONGEST:
            raise ArgumentError(f"max_seconds must be from {_SHORTEST} to {LONGEST:g}, but is {max_seconds!r:.80}")
    require_seconds("gain", gain)
    return Conditions(
        rate=rate_of(rate),
        max_seconds=math.inf if max_seconds is None else float(max_seconds),
        channels=channel_mix(channels),
        snr=None if snr is None else _range("snr", snr, -_MOST_DECIBELS, _MOST_DECIBELS, "dB"),
        rt60=None if rt60 is None else _range("rt60", rt60, _SHORTEST_RT60, _LONGEST_RT60, "seconds"),
        gain=float(gain),
    )


def _range(name: str, value: Any, least: float, most: float, unit: str) -> Range:
    pair = value if isinstance(value, (tuple, list)) else ()
    good = len(pair) == 2 and all(isinstance(end, numbers.Real) and not isinstance(end, bool) for end in pair)
    if not good or not least <= pair[0] <= pair[1] <= most:
        raise ArgumentError(
            f"{name} must be a pair (lowest, highest) from {least:g} to {most:g} {unit}, but is {value!r:.80}"
        )
    return float(pair[0]), float(pair[1])
