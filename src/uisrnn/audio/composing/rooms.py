"""Rooms: impulse responses of direct sound, early reflections and a decaying tail."""

from dataclasses import dataclass

import numpy as np

from uisrnn.audio.composing.filters import darkened
from uisrnn.audio.sources.waveforms import Waveform

_REFLECTIONS = 8
_FIRST = 0.002  # seconds, the earliest arrival of an early reflection
_LAST = 0.04  # seconds, the latest arrival
_STRENGTH = 3.0  # of an early reflection, in standard deviations of the tail
_TAIL = 0.01  # seconds after which the tail starts
_DIFFERENCE = 1.5  # decibels, standard deviation between the speakers of a room
_DARKNESS = 0.4  # coefficient of a low pass with a single pole: walls and air absorb high frequencies


@dataclass(frozen=True)
class Room:
    """A room in which all speakers of a conversation sit.

    Attributes:
        rt60: seconds in which the level of the tail falls by 60 dB.
        direct: level of direct sound above the level of all reflections, in decibels.
    """

    rt60: float
    direct: float

    def response(self, rate: int, generator: np.random.Generator) -> Waveform:
        """The impulse response from a random place in the room, of energy 1; direct sound arrives at sample 0.

        Each call draws other reflections and a slightly different level of direct sound.

        Args:
            rate: samples a second.
            generator: draws the place.
        """
        times = np.arange(max(2, round(self.rt60 * rate))) / rate
        decay = 10 ** (-3 * times / self.rt60)
        tail = darkened(generator.standard_normal(len(times)), _DARKNESS) * (times >= _TAIL)
        arrivals = np.rint(generator.uniform(_FIRST, min(_LAST, self.rt60), _REFLECTIONS) * rate).astype(np.int64)
        early = np.zeros(len(times))
        early[np.minimum(arrivals, len(times) - 1)] = generator.choice([-_STRENGTH, _STRENGTH], _REFLECTIONS)
        reflected = (tail + early) * decay
        reflected[0] = 0
        level = self.direct + generator.normal(0, _DIFFERENCE)
        response = reflected / np.sqrt(np.square(reflected).sum() + 1e-30) * 10 ** (-level / 20)
        response[0] = 1
        scaled: Waveform = (response / np.linalg.norm(response)).astype(np.float32)
        return scaled


def drawn_room(rt60: tuple[float, float], generator: np.random.Generator) -> Room:
    """A random room with a reverberation time in the range `rt60`, and direct sound 0 to 12 dB above reflections."""
    return Room(float(generator.uniform(*rt60)), float(generator.uniform(0, 12)))
