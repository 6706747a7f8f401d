"""The segmentation network of pyannote (Plaquet and Bredin, 2023): when each of three local speakers is heard."""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16000
STEP = 270
"""Samples from a frame to the next frame."""
FIELD = 991
"""Samples that a frame depends on before the recurrent layers."""
SPEAKERS = 3
_MOST_AT_ONCE = 2
_POOL = 3
_STRIDE = 10
_HIDDEN = 128
_LAYERS = 4
_PROBE = 4000  # samples


def powerset() -> Tensor:
    """(class, speaker) 1 if a class of the network means that the local speaker is heard.

    The classes are nobody, single speakers and pairs.
    """
    sets = [chosen for size in range(_MOST_AT_ONCE + 1) for chosen in combinations(range(SPEAKERS), size)]
    return torch.tensor([[float(speaker in chosen) for speaker in range(SPEAKERS)] for chosen in sets])


def frames_of(samples: int) -> int:
    """The number of frames that the network makes of `samples` samples."""
    frames = 1 + (samples - 251) // _STRIDE
    frames = frames // _POOL - 4
    frames = frames // _POOL - 4
    return frames // _POOL


class SegmentationNetwork:
    """The network with fixed weights.

    Args:
        weights: the tensors by the names of `pyannote/segmentation-3.0`.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: a tensor has a wrong shape.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = weights
        self._filters = _filters(
            *(weights[f"sincnet.conv1d.0.filterbank.{name}"] for name in ("low_hz_", "band_hz_", "window_", "n_"))
        )
        self._lstm = nn.LSTM(60, _HIDDEN, _LAYERS, batch_first=True, bidirectional=True)
        self._lstm.load_state_dict({name[5:]: value for name, value in weights.items() if name.startswith("lstm.")})
        self._lstm.requires_grad_(False).eval()
        classes = self(torch.zeros(1, _PROBE))  # torch refuses most wrong shapes
        if classes.shape != (1, frames_of(_PROBE), len(powerset())):
            raise RuntimeError(f"the network makes classes {tuple(classes.shape)} of {_PROBE} samples")

    def __call__(self, waveforms: Tensor) -> Tensor:
        """Log probabilities of classes.

        Args:
            waveforms: (batch, samples).

        Returns:
            (batch, frame, class), see `powerset`.
        """
        x = self._sincnet(waveforms.unsqueeze(1))
        x, _state = self._lstm(x.transpose(1, 2))
        for name in ("linear.0", "linear.1"):
            x = functional.leaky_relu(functional.linear(x, *self._pair(name)))
        return functional.linear(x, *self._pair("classifier")).log_softmax(-1)

    def _sincnet(self, x: Tensor) -> Tensor:
        x = functional.instance_norm(x, None, None, *self._pair("sincnet.wav_norm1d"))
        x = functional.conv1d(x, self._filters, stride=_STRIDE).abs_()
        x = self._pooled(x, 0)
        for layer in (1, 2):
            x = self._pooled(functional.conv1d(x, *self._pair(f"sincnet.conv1d.{layer}")), layer)
        return x

    def _pooled(self, x: Tensor, layer: int) -> Tensor:
        x = functional.max_pool1d(x, _POOL)
        return functional.leaky_relu(functional.instance_norm(x, None, None, *self._pair(f"sincnet.norm1d.{layer}")))

    def _pair(self, name: str) -> tuple[Tensor, Tensor]:
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]


def _filters(low: Tensor, band: Tensor, window: Tensor, times: Tensor) -> Tensor:
    """(filter, 1, tap) even and odd band-pass filters (Ravanelli and Bengio, 2018; Pariente et al., 2020)."""
    least = 50.0
    lower = least + low.abs()
    upper = (lower + least + band.abs()).clamp(least, RATE / 2)
    width = (upper - lower)[:, 0]
    low_phase = lower @ times
    high_phase = upper @ times
    even = (high_phase.sin() - low_phase.sin()) / (times / 2) * window
    odd = (low_phase.cos() - high_phase.cos()) / (times / 2) * window
    middle = 2 * width[:, None]
    evens = torch.cat([even, middle, even.flip(1)], 1)
    odds = torch.cat([odd, torch.zeros_like(middle), -odd.flip(1)], 1)
    return (torch.cat([evens, odds]) / (2 * width.repeat(2)[:, None])).unsqueeze(1)
