"""The interface of encoders of frames: a costly trunk makes frames of the sound, a cheap pooling makes observations."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.sequences.observations import Observations

Frames = NDArray[np.float32]
FrameWeights = NDArray[np.float32]


class Trunk(Protocol):
    """Turns a recording into frames; how the sound is cut into blocks changes nothing."""

    def push(self, block: Waveform) -> Frames:
        """Take the next samples (n,) and return the next frames (m, channel)."""

    def flush(self) -> Frames:
        """End the recording and return the frames that are left."""


class FrameEncoder(Protocol):
    """Makes an observation from any weighted set of frames."""

    @property
    def name(self) -> str:
        """Name of the observations."""

    @property
    def rate(self) -> int:
        """Samples a second that a trunk takes."""

    @property
    def dim(self) -> int:
        """D of an observation."""

    @property
    def frame(self) -> float:
        """Seconds from a frame to the next frame."""

    @property
    def first(self) -> float:
        """Seconds from the start of the sound to the middle of frame 0."""

    def needed(self, frames: int) -> float:
        """Seconds of sound after which a trunk has returned its first `frames` frames."""

    def trunk(self) -> Trunk:
        """Start with a new recording."""

    def pool(self, frames: Frames, weights: FrameWeights) -> Observations:
        """Observations of voices.

        Args:
            frames: (m, channel).
            weights: (voice, m), the share of each frame that belongs to a voice; each voice has a weight > 0.

        Returns:
            (voice, D).
        """
