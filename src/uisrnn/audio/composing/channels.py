"""Channels of composed conversations: telephones, narrow bands, lossy codecs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.composing.codecs import MP3, OPUS, Codec
from uisrnn.audio.composing.filters import band_passed
from uisrnn.audio.sources.resampling import fitted, resampled
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_share
from uisrnn.errors import ArgumentError, InputTypeError

_NARROW = 8000  # Hz
_STEPS = 127  # of G.711 on either side of 0
_MU = 255.0  # of ITU-T G.711
_A = 87.6  # of ITU-T G.711


class Channel(Protocol):
    """Distorts sound without changing its rate or length, and without a delay."""

    def __call__(self, waveform: Waveform, rate: int, generator: np.random.Generator) -> tuple[Waveform, str]:
        """The sound after the channel, and the parameters of the channel in words.

        Args:
            waveform: (n,) samples between -1 and 1.
            rate: samples a second.
            generator: draws the parameters of the channel.
        """


@dataclass(frozen=True)
class Clean:
    """A channel that changes nothing."""

    def __call__(self, waveform: Waveform, rate: int, generator: np.random.Generator) -> tuple[Waveform, str]:
        return waveform, "clean"


@dataclass(frozen=True)
class Narrow:
    """A channel of 8000 samples a second, and so without frequencies above 4 kHz."""

    def __call__(self, waveform: Waveform, rate: int, generator: np.random.Generator) -> tuple[Waveform, str]:
        return _widened(resampled(waveform, rate, _NARROW), rate, len(waveform)), "8 kHz"


@dataclass(frozen=True)
class Telephone:
    """A telephone: about 300 to 3400 Hz, 8000 samples a second of 8 bits by G.711.

    Attributes:
        law: "mu" or "a".
    """

    law: str

    def __call__(self, waveform: Waveform, rate: int, generator: np.random.Generator) -> tuple[Waveform, str]:
        low = float(generator.uniform(200, 400))
        high = float(generator.uniform(3200, 3600))
        narrow = band_passed(resampled(waveform, rate, _NARROW), low, high, _NARROW)
        companded = mu_law(narrow) if self.law == "mu" else a_law(narrow)
        words = f"telephone, {self.law}-law, {low:.0f} to {high:.0f} Hz"
        return _widened(companded, rate, len(waveform)), words


@dataclass(frozen=True)
class Lossy:
    """A lossy codec at a random low rate.

    Attributes:
        codec: the codec.
        name: of the codec, for descriptions.
        bit_rates: bits a second, of which each conversation draws a value.
    """

    codec: Codec
    name: str
    bit_rates: tuple[int, ...]

    def __call__(self, waveform: Waveform, rate: int, generator: np.random.Generator) -> tuple[Waveform, str]:
        bit_rate = int(generator.choice(self.bit_rates))
        return self.codec(waveform, rate, bit_rate), f"{self.name}, {bit_rate} bit/s"


CHANNELS: dict[str, Channel] = {
    "clean": Clean(),
    "mu-law": Telephone("mu"),
    "a-law": Telephone("a"),
    "narrow": Narrow(),
    "mp3": Lossy(MP3, "mp3", (16000, 24000, 32000)),
    "opus": Lossy(OPUS, "opus", (8000, 12000, 16000, 24000)),
}
"""The channels by name; `compose` can draw any channel of this dictionary, also channels that you add."""

SHARES = {"clean": 5 / 12, "mu-law": 1 / 6, "a-law": 1 / 6, "narrow": 1 / 12, "mp3": 1 / 12, "opus": 1 / 12}
"""The default share of each channel: a third of the conversations are telephone calls."""


@dataclass(frozen=True)
class ChannelMix:
    """Draws a channel for each conversation.

    Attributes:
        channels: the channels.
        shares: the probability of each channel; they sum to 1.
    """

    channels: tuple[Channel, ...]
    shares: tuple[float, ...]

    def draw(self, generator: np.random.Generator) -> Channel:
        """A random channel."""
        return self.channels[int(generator.choice(len(self.channels), p=self.shares))]


def channel_mix(channels: Any) -> ChannelMix:
    """Check the argument `channels` of `compose`.

    Args:
        channels: the share of each channel by its name in `CHANNELS`; or None for `SHARES`.

    Raises:
        ArgumentError: a name or a share is wrong.
        InputTypeError: `channels` is not a mapping.

    >>> channel_mix({"telephone": 1})
    Traceback (most recent call last):
    uisrnn.errors.ArgumentError: channels must be among clean, mu-law, a-law, narrow, mp3, opus, but include 'telephone'
    """
    channels = SHARES if channels is None else channels
    if not isinstance(channels, Mapping):
        raise InputTypeError(f"channels must be a mapping from names to shares, but are {channels!r:.80}")
    for name, share in channels.items():
        if name not in CHANNELS:
            raise ArgumentError(f"channels must be among {', '.join(CHANNELS)}, but include {name!r:.80}")
        require_share(f"the share of channel {name}", share)
    total = float(sum(channels.values()))
    if abs(total - 1) > 1e-6:
        raise ArgumentError(f"the shares of channels must sum to 1, but sum to {total:g}")
    shares = tuple(float(share) / total for share in channels.values())
    return ChannelMix(tuple(CHANNELS[name] for name in channels), shares)


def _widened(narrow: Waveform, rate: int, length: int) -> Waveform:
    return fitted(resampled(narrow, _NARROW, rate), length)


def mu_law(waveform: Waveform) -> Waveform:
    """The samples after mu-law companding to 8 bits.

    >>> mu_law(np.array([0.5, -0.01, 2], dtype=np.float32)).round(3)
    array([ 0.495, -0.01 ,  1.   ], dtype=float32)
    """
    size = np.minimum(np.abs(waveform), 1)
    codes = np.rint(np.log1p(_MU * size) / np.log1p(_MU) * _STEPS)
    return _signed(np.expm1(codes / _STEPS * np.log1p(_MU)) / _MU, waveform)


def a_law(waveform: Waveform) -> Waveform:
    """The samples after A-law companding to 8 bits.

    >>> a_law(np.array([0.5, -0.01, 2], dtype=np.float32)).round(3)
    array([ 0.502, -0.01 ,  1.   ], dtype=float32)
    """
    size = _A * np.minimum(np.abs(waveform), 1)
    scale = 1 + np.log(_A)
    codes = np.rint(np.where(size < 1, size, 1 + np.log(np.maximum(size, 1))) / scale * _STEPS)
    level = codes / _STEPS * scale
    return _signed(np.where(level < 1, level, np.exp(np.maximum(level, 1) - 1)) / _A, waveform)


def _signed(size: NDArray[Any], waveform: Waveform) -> Waveform:
    signed: Waveform = np.copysign(size, waveform).astype(np.float32)
    return signed
