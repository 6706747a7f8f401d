"""The voice activity network of Silero (version 6, 16 kHz): a probability of speech for each 32 ms."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16000
FRAME = 512
"""Samples of a frame."""
CONTEXT = 64
"""Samples before a frame that the network takes too."""
_TAPS = 256
_HOP = 128
_HIDDEN = 128
_STRIDES = (1, 2, 2, 1)  # of the four convolutions over a frame

State = tuple[Tensor, Tensor]


class SileroNetwork:
    """The network with fixed weights.

    Args:
        weights: the tensors of `silero_vad_16k.safetensors`.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: a tensor has a wrong shape.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._transform = weights["stft_conv.weight"]
        self._convolutions = [(weights[f"conv{n}.weight"], weights[f"conv{n}.bias"]) for n in range(1, 5)]
        self._last = (weights["final_conv.weight"], weights["final_conv.bias"])
        self._lstm = nn.LSTM(_HIDDEN, _HIDDEN, batch_first=True)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        self._lstm.load_state_dict({f"{name}_l0": weights[f"lstm_cell.{name}"] for name in names})
        self._lstm.requires_grad_(False).eval()
        self(torch.zeros(1, CONTEXT + FRAME), None)  # torch refuses wrong shapes

    def __call__(self, frames: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Probabilities of speech.

        Args:
            frames: (m, CONTEXT + FRAME) consecutive frames, each with the samples before it.
            state: the state after the frame before `frames`; None: at the start of a recording.

        Returns:
            (m,) probabilities, and the state after the last frame.
        """
        x = functional.pad(frames.unsqueeze(1), (0, CONTEXT), "reflect")
        x = functional.conv1d(x, self._transform, stride=_HOP)
        real, imaginary = torch.split(x, _TAPS // 2 + 1, dim=1)
        x = (real.square() + imaginary.square()).sqrt()
        for (weight, bias), stride in zip(self._convolutions, _STRIDES, strict=True):
            x = functional.conv1d(x, weight, bias, stride=stride, padding=1).relu()
        hidden, state = self._lstm(x.squeeze(2).unsqueeze(0), state)
        logits = functional.conv1d(hidden.relu().transpose(1, 2), *self._last)
        return logits.sigmoid()[0, 0], state
