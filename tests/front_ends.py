"""Front ends of known behaviour, without weights."""

from collections.abc import Callable, Sequence

import numpy as np

from sounds import RATE
from uisrnn.audio import Region

STEP = 160  # samples from one frame of the tiny encoder to the next
FRAME = 135  # samples of a frame of the known segmentation
REGION, CONTEXT = 30, 100  # frames


def levels(windows: np.ndarray) -> np.ndarray:
    """(B, n) -> (B, 1), the mean of each window."""
    return windows.mean(axis=1, keepdims=True)


class TinyEncoder:
    """Frames are a function of windows; a voice is the weighted mean of its frames.

    Args:
        function: takes windows (B, width), returns (B, dim).
        dim: of observations.
        width: samples that a frame sees.
    """

    name = "tiny"
    rate = RATE
    frame = STEP / RATE

    def __init__(self, function: Callable[[np.ndarray], np.ndarray] = levels, dim: int = 1, width: int = STEP) -> None:
        self.function, self.dim, self.width = function, dim, width
        self.first = width / 2 / RATE

    def needed(self, frames: int) -> float:
        return ((frames - 1) * STEP + self.width) / RATE

    def trunk(self) -> "TinyTrunk":
        return TinyTrunk(self)

    def pool(self, frames: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return weights @ frames / weights.sum(axis=1, keepdims=True)


class TinyTrunk:
    """A frame as soon as its window is heard; at the end, zeros complete the last window."""

    def __init__(self, encoder: TinyEncoder) -> None:
        self.encoder = encoder
        self.sound = np.zeros(0, dtype=np.float32)

    def push(self, block: np.ndarray) -> np.ndarray:
        self.sound = np.concatenate([self.sound, block])
        windows = np.zeros((0, self.encoder.width))
        if len(self.sound) >= self.encoder.width:
            windows = np.lib.stride_tricks.sliding_window_view(self.sound, self.encoder.width)[::STEP]
        self.sound = self.sound[len(windows) * STEP :]
        return self.encoder.function(windows).astype(np.float32).reshape(len(windows), self.encoder.dim)

    def flush(self) -> np.ndarray:
        return self.push(np.zeros(self.encoder.width if len(self.sound) else 0, dtype=np.float32))


class KnownSegmentation:
    """Knows who speaks when. The numbers of local speakers change from region to region.

    Args:
        turns: (start, end, speaker) in seconds.
    """

    name = "known"
    rate = RATE
    frame = FRAME / RATE
    first = FRAME / 2 / RATE
    latency = (REGION + CONTEXT) * FRAME / RATE

    def schedule(self, chunks: int) -> list[tuple[int, float]]:
        reached = [(chunk + 1) * REGION + CONTEXT for chunk in range(chunks)]
        return [(frames, frames * FRAME / RATE) for frames in reached]

    def __init__(self, turns: Sequence[tuple[float, float, str]]) -> None:
        self.turns = turns
        self.speakers = sorted({speaker for *_, speaker in turns})

    def segmenter(self) -> "KnownSegmenter":
        return KnownSegmenter(self)

    def activity(self, first: int, last: int) -> np.ndarray:
        """(frame, speaker) who speaks in the middle of each frame from `first` to `last` - 1."""
        middles = self.first + np.arange(first, last) * self.frame
        columns = [np.zeros(last - first, dtype=bool) for _ in self.speakers]
        for start, end, speaker in self.turns:
            columns[self.speakers.index(speaker)] |= (start <= middles) & (middles < end)
        return np.array(columns, dtype=bool).reshape(len(columns), last - first).T


class KnownSegmenter:
    """Waits for the frames after a region, as a network would."""

    def __init__(self, segmentation: KnownSegmentation) -> None:
        self.segmentation = segmentation
        self.samples = self.regions = 0

    def push(self, block: np.ndarray) -> list[Region]:
        self.samples += len(block)
        return self.until(max(0, (self.samples // FRAME - CONTEXT) // REGION))

    def flush(self) -> list[Region]:
        return self.until(-(-self.samples // (FRAME * REGION)))

    def until(self, number: int) -> list[Region]:
        regions = [self.region(index) for index in range(self.regions, number)]
        self.regions = max(self.regions, number)
        return regions

    def region(self, index: int) -> Region:
        start, end = index * REGION, (index + 1) * REGION
        first = max(0, start - CONTEXT)
        activity = self.segmentation.activity(first, end + CONTEXT)
        return Region(start, end, first, np.roll(activity, index, axis=1))
