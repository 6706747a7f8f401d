"""The interface of segmentations: which of a few local speakers are heard in each frame, region by region."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform

Activity = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    """A short stretch of time with local speakers, whose numbers mean nothing in another region.

    Attributes:
        start: number of the first frame.
        end: number of the last frame, plus 1.
        first: number of the frame of `activity[0]`; the frames of `activity` hold the region and time around it.
            It does not decrease from a region to the next region.
        activity: (frame, speaker) whether the speaker is heard.
    """

    start: int
    end: int
    first: int
    activity: Activity


class Segmenter(Protocol):
    """Segments a recording; how the sound is cut into blocks changes nothing."""

    def push(self, block: Waveform) -> list[Region]:
        """Take the next samples (n,) and return the next regions. Regions follow each other from frame 0 on."""

    def flush(self) -> list[Region]:
        """End the recording and return the regions that are left."""


class Segmentation(Protocol):
    """Finds when each of a few local speakers is heard."""

    @property
    def name(self) -> str:
        """Name of the segmentation."""

    @property
    def rate(self) -> int:
        """Samples a second that a segmenter takes."""

    @property
    def frame(self) -> float:
        """Seconds from a frame to the next frame."""

    @property
    def first(self) -> float:
        """Seconds from the start of the sound to the middle of frame 0."""

    @property
    def latency(self) -> float:
        """Seconds of sound that a segmenter may need after the end of a frame."""

    def schedule(self, chunks: int) -> list[tuple[int, float]]:
        """For each of the first chunks: the frame of the recording at which it ends, and the seconds that it needs."""

    def segmenter(self) -> Segmenter:
        """Start with a new recording."""
