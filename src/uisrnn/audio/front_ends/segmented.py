"""A front end of local speakers: a segmentation finds them, an encoder of frames makes an observation of each."""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.front_ends.frames import FrameEncoder, FrameWeights
from uisrnn.audio.front_ends.front_end import Heard, Listener, joined
from uisrnn.audio.front_ends.segmentation import Activity, Region, Segmentation
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.errors import ArgumentError

_LEAST_ACTIVE = 3
"""A local speaker makes an observation only if heard in at least this number of frames of a region."""
_LEAST_ALONE = 0.2
"""A local speaker makes an observation only if alone for this number of seconds in the chunk."""
_POOLED = 1.5
"""An observation is pooled over at most this number of seconds."""
_CHUNKS = 64  # chunks of a schedule, enough to find the longest wait: a schedule is periodic

Numbers = NDArray[np.int64]


class SegmentedFrontEnd:
    """An observation of each local speaker in each region of a recording.

    An observation is pooled over frames in which only its speaker is heard: the nearest frames to the middle of the
    region, at most 1.5 s. A speaker who is alone for less than 0.2 s makes no observation. A span begins and ends with
    frames of the segmentation. The observations of a region have the same time, the middle of the region, because
    local speakers are different people.

    Args:
        encoder: makes observations of frames.
        segmentation: finds local speakers.

    Raises:
        ArgumentError: encoder and segmentation take different rates.
    """

    def __init__(self, encoder: FrameEncoder, segmentation: Segmentation) -> None:
        if encoder.rate != segmentation.rate:
            raise ArgumentError(
                f"encoder and segmentation must take the same rate, but take {encoder.rate} and {segmentation.rate} Hz"
            )
        self._encoder = encoder
        self._segmentation = segmentation
        self.name = f"{encoder.name}/{segmentation.name}"
        self.rate = encoder.rate
        self.dim = encoder.dim
        self.shortest = 2 * segmentation.first
        clock = _Clock(encoder, segmentation)
        reached = segmentation.schedule(_CHUNKS)
        waits = [encoder.needed(clock.begun(frames)) - seconds for frames, seconds in reached]
        self.latency = segmentation.latency + max(0.0, *waits)

    def listener(self) -> Listener:
        """Start to listen to a new recording."""
        return _SegmentedListener(self._encoder, self._segmentation)


class _Clock:
    """Converts frames of the segmentation to seconds and to frames of the encoder."""

    def __init__(self, encoder: FrameEncoder, segmentation: Segmentation) -> None:
        self._encoder = encoder
        self._segmentation = segmentation

    def middles(self, frames: Numbers | float) -> NDArray[np.floating[Any]]:
        """Seconds of the middles of segmentation frames."""
        return np.asarray(frames * self._segmentation.frame + self._segmentation.first)

    def begun(self, frame: int) -> int:
        """The number of encoder frames whose middle lies before the middle of a segmentation frame."""
        return max(0, int(np.floor((self.middles(frame) - self._encoder.first) / self._encoder.frame)))

    def encoder_middles(self, first: int, last: int) -> NDArray[np.floating[Any]]:
        """Seconds of the middles of encoder frames."""
        return self._encoder.first + np.arange(first, last) * self._encoder.frame


class _SegmentedListener:
    """Waits until the frames of a region are there, then pools them."""

    def __init__(self, encoder: FrameEncoder, segmentation: Segmentation) -> None:
        self._encoder = encoder
        self._segmentation = segmentation
        self._clock = _Clock(encoder, segmentation)
        self._trunk = encoder.trunk()
        self._segmenter = segmentation.segmenter()
        self._regions: deque[Region] = deque()
        self._frames = self._trunk.push(np.zeros(0, dtype=np.float32))
        self._first_frame = 0
        self._samples = 0

    def push(self, block: Waveform) -> Heard:
        self._samples += len(block)
        self._frames = np.concatenate([self._frames, self._trunk.push(block)])
        self._regions.extend(self._segmenter.push(block))
        return self._heard(self._first_frame + len(self._frames))

    def flush(self) -> Heard:
        self._frames = np.concatenate([self._frames, self._trunk.flush()])
        self._regions.extend(self._segmenter.flush())
        return self._heard(None)

    def _heard(self, frames: int | None) -> Heard:
        """The observations of all regions that need at most `frames` encoder frames; None: of all regions."""
        heard = [Heard.nothing(self._encoder.dim)]
        while self._regions and (frames is None or self._clock.begun(_end(self._regions[0])) <= frames):
            region = self._regions.popleft()
            heard.append(self._observed(region))
            self._forget(self._clock.begun(region.first))
        return joined(heard)

    def _forget(self, first: int) -> None:
        """Drop the frames before the first frame of a region; no later region begins before it."""
        dropped = max(0, min(first - self._first_frame, len(self._frames)))
        self._frames = self._frames[dropped:].copy()
        self._first_frame += dropped

    def _observed(self, region: Region) -> Heard:
        activity = region.activity & self._is_sound(region)[:, None]
        alone = activity & (activity.sum(axis=1, keepdims=True) == 1)
        inner = activity[region.start - region.first : region.end - region.first]
        is_alone_enough = alone.sum(axis=0) * self._segmentation.frame >= _LEAST_ALONE
        speakers = np.flatnonzero((inner.sum(axis=0) >= _LEAST_ACTIVE) & is_alone_enough)
        first = self._clock.begun(region.first)
        frames = self._frames[first - self._first_frame : self._clock.begun(_end(region)) - self._first_frame]
        if not len(speakers) or not len(frames):
            return Heard.nothing(self._encoder.dim)
        speakers = speakers[np.argsort(inner[:, speakers].argmax(axis=0), kind="stable")]
        weights = self._weights(region, alone[:, speakers], first, first + len(frames))
        spans = np.array([self._span(region, inner[:, speaker]) for speaker in speakers])
        times = np.full(len(speakers), self._clock.middles(_middle(region)))
        return Heard(self._encoder.pool(frames, weights), times, spans)

    def _is_sound(self, region: Region) -> NDArray[np.bool_]:
        """Which frames of a region's activity lie within the recording."""
        seconds = self._clock.middles(region.first + np.arange(len(region.activity)))
        is_sound: NDArray[np.bool_] = (seconds >= 0) & (seconds * self._encoder.rate <= self._samples)
        return is_sound

    def _weights(self, region: Region, alone: Activity, first: int, last: int) -> FrameWeights:
        """(speaker, encoder frame) weights: the frames alone that are nearest to the middle of the region."""
        pooled = np.zeros(alone.shape)
        middle = _middle(region) - region.first
        for speaker, column in enumerate(alone.T):
            frames = np.flatnonzero(column)
            nearest = frames[np.argsort(np.abs(frames - middle), kind="stable")]
            pooled[nearest[: round(_POOLED / self._segmentation.frame)], speaker] = 1
        seconds = self._clock.middles(region.first + np.arange(len(alone)))
        middles = self._clock.encoder_middles(first, last)
        columns = [np.interp(middles, seconds, column, left=0, right=0) for column in pooled.T]
        # A voice may lie between frames of the encoder, mostly at the start of a recording.
        return np.array([column if column.any() else np.ones(len(middles)) for column in columns], dtype=np.float32)

    def _span(self, region: Region, heard: Activity) -> tuple[float, float]:
        frames = region.start + np.flatnonzero(heard)[[0, -1]]
        start, end = self._clock.middles(frames) + np.array([-0.5, 0.5]) * self._segmentation.frame
        return max(0.0, float(start)), float(end)


def _end(region: Region) -> int:
    """The frame after the last frame of a region's activity."""
    return region.first + len(region.activity)


def _middle(region: Region) -> float:
    return (region.start + region.end - 1) / 2
