"""Voice activity by Silero's network."""

from pathlib import Path

import numpy as np
import torch

from uisrnn.audio.front_ends.activity import Decisions, Detector, FrameActivity, Resampled, Smoothing
from uisrnn.audio.front_ends.networks import weights as files
from uisrnn.audio.front_ends.networks.silero import CONTEXT, FRAME, RATE, SileroNetwork, State
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_share

_SMOOTHING = Smoothing(width=3, margin=1)


class SileroActivity(FrameActivity):
    """Finds speech by Silero's network.

    Args:
        threshold: a frame of at least this probability is speech.
        smoothing: see `FrameActivity`; None: the majority of 3 frames of 32 ms, and a frame on either side.
        weights: a file of weights; None: the file in the package silero-vad.

    Raises:
        ArgumentError: `threshold` is not from 0 to 1.
        CheckpointError: the file does not hold the weights of this network.
        MissingExtraError: there are no weights.
    """

    def __init__(
        self, threshold: float = 0.5, smoothing: Smoothing | None = None, weights: Path | str | None = None
    ) -> None:
        require_share("threshold", threshold)
        network = files.load("silero", weights, SileroNetwork)
        super().__init__(lambda _rate: _Silero(network, threshold), FRAME / RATE, smoothing or _SMOOTHING)

    def detector(self, rate: int) -> Detector:
        """A detector for a new recording of `rate` samples a second."""
        return super().detector(RATE) if rate == RATE else Resampled(super().detector(RATE), rate, RATE)


class _Silero:
    """Frames to decisions; the state of the network goes on from call to call."""

    def __init__(self, network: SileroNetwork, threshold: float) -> None:
        self._network = network
        self._threshold = threshold
        self._before = np.zeros(CONTEXT, dtype=np.float32)
        self._state: State | None = None

    def __call__(self, frames: Waveform) -> Decisions:
        contexts = np.concatenate([self._before[None], frames[:-1, -CONTEXT:]])
        self._before = frames[-1, -CONTEXT:].copy()
        stacked = torch.from_numpy(np.concatenate([contexts, frames], axis=1))
        with torch.inference_mode():
            probabilities, self._state = self._network(stacked, self._state)
        decisions: Decisions = (probabilities >= self._threshold).numpy()
        return decisions
