"""CAM++ (Wang et al., 2023, arXiv:2303.00332): from filterbanks to frames, from weighted frames to voices."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

BANDS = 80
DIM = 192
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of each densely connected block
_SEGMENT = 100  # frames that share the local part of a layer's context
_EPSILON = 1e-5  # of batch normalisation


class _Affine(NamedTuple):
    """Batch normalisation as scale and shift of channels, (C,) each."""

    scale: Tensor
    shift: Tensor


class _Convolution(NamedTuple):
    """Weight and bias of a convolution; batch normalisation after it is folded in."""

    weight: Tensor
    bias: Tensor | None


class _DenseLayer(NamedTuple):
    """A layer of a block: two pointwise steps, then a convolution in time, scaled by a gate of its context."""

    before: _Affine
    bottleneck: _Convolution
    local: _Convolution
    gate_in: _Convolution
    gate_out: _Convolution


class CAMPPlus:
    """The network with fixed weights.

    Args:
        weights: the tensors by the names of 3D-Speaker's `speech_campplus_sv_zh_en_16k-common_advanced`.

    Raises:
        KeyError: a tensor is missing.
        RuntimeError: a tensor has a wrong shape.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._head = [
            (
                _convolution(weights, f"{name}.conv1", f"{name}.bn1"),
                _convolution(weights, f"{name}.conv2", f"{name}.bn2"),
            )
            for name in ("head.layer1.0", "head.layer1.1", "head.layer2.0", "head.layer2.1")
        ]
        self._shortcuts = {
            block: _convolution(weights, f"head.layer{layer}.0.shortcut.0", f"head.layer{layer}.0.shortcut.1")
            for block, layer in ((0, 1), (2, 2))
        }
        self._first = _convolution(weights, "head.conv1", "head.bn1")
        self._last = _convolution(weights, "head.conv2", "head.bn2")
        self._tdnn = _convolution(weights, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm")
        self._blocks = [
            [_dense_layer(weights, f"xvector.block{block}.tdnnd{layer}") for layer in range(1, layers + 1)]
            for block, (layers, _dilation) in enumerate(_BLOCKS, 1)
        ]
        self._transits = [
            (
                _affine(weights, f"xvector.transit{block}.nonlinear.batchnorm"),
                weights[f"xvector.transit{block}.linear.weight"],
            )
            for block in range(1, len(_BLOCKS) + 1)
        ]
        self._out = _affine(weights, "xvector.out_nonlinear.batchnorm")
        self.channels = len(self._out.shift)
        self._dense = _convolution(weights, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm", affine=False)
        self._require_shapes()

    def _require_shapes(self) -> None:
        """Run the network once: torch refuses most wrong shapes."""
        frames = self.frames(torch.zeros(1, 4, BANDS))
        voices = self.voices(frames[0], torch.ones(1, frames.shape[2]))
        if frames.shape[2] != 2 or voices.shape != (1, DIM):
            raise RuntimeError(f"the network makes frames {tuple(frames.shape)} and voices {tuple(voices.shape)}")

    def frames(self, features: Tensor) -> Tensor:
        """The frames of filterbanks; a frame depends on about 2 s of sound around it.

        Args:
            features: (batch, time, band) log filterbanks, 100 a second, of zero mean.

        Returns:
            (batch, channel, ceil(time / 2)), 50 a second.
        """
        x = self._front(features.transpose(1, 2).unsqueeze(1))
        x = functional.conv1d(x, self._tdnn.weight, self._tdnn.bias, stride=2, padding=2).relu_()
        for layers, (_number, dilation), (affine, weight) in zip(self._blocks, _BLOCKS, self._transits, strict=True):
            x = functional.conv1d(_normalised(_densely(x, layers, dilation), affine), weight)
        return _normalised(x, self._out)

    def _front(self, x: Tensor) -> Tensor:
        x = functional.conv2d(x, self._first.weight, self._first.bias, padding=1).relu_()
        for block, (first, second) in enumerate(self._head):
            stride = (2, 1) if block in self._shortcuts else (1, 1)
            beside = functional.conv2d(x, *self._shortcuts[block], stride=stride) if block in self._shortcuts else x
            x = functional.conv2d(x, first.weight, first.bias, stride=stride, padding=1).relu_()
            x = functional.conv2d(x, second.weight, second.bias, padding=1).add_(beside).relu_()
        x = functional.conv2d(x, self._last.weight, self._last.bias, stride=(2, 1), padding=1).relu_()
        return x.flatten(1, 2)

    def voices(self, frames: Tensor, weights: Tensor) -> Tensor:
        """The embeddings of voices: an affine function of the weighted mean and standard deviation of frames.

        Args:
            frames: (channel, time).
            weights: (voice, time), >= 0; the sum of each row must exceed 1.

        Returns:
            (voice, 192).
        """
        total = weights.sum(1, keepdim=True)
        mean = weights @ frames.T / total
        square = weights @ frames.square().T / total
        variance = (square - mean.square()).clamp_min(0) * total / (total - 1).clamp_min(0.5)
        return functional.linear(torch.cat([mean, variance.sqrt()], 1), self._dense.weight[..., 0], self._dense.bias)


def _densely(x: Tensor, layers: list[_DenseLayer], dilation: int) -> Tensor:
    """Each layer sees the input and the output of all layers before it."""
    batch, channels, time = x.shape
    growth = layers[0].local.weight.shape[0]
    grown = x.new_empty(batch, channels + growth * len(layers), time)
    grown[:, :channels] = x
    for layer in layers:
        hidden = _normalised(grown[:, :channels], layer.before)
        hidden = functional.conv1d(hidden, layer.bottleneck.weight, layer.bottleneck.bias).relu_()
        local = functional.conv1d(hidden, layer.local.weight, padding=dilation, dilation=dilation)
        grown[:, channels : channels + growth] = local.mul_(_gate(hidden, layer))
        channels += growth
    return grown


def _gate(hidden: Tensor, layer: _DenseLayer) -> Tensor:
    """(batch, channel, time) factors from the mean over all time and the mean over a segment of 2 s."""
    segments = functional.avg_pool1d(hidden, _SEGMENT, _SEGMENT, ceil_mode=True)
    context = functional.conv1d(hidden.mean(2, keepdim=True) + segments, *layer.gate_in).relu_()
    gates = functional.conv1d(context, *layer.gate_out).sigmoid_()
    return gates.repeat_interleave(_SEGMENT, 2)[..., : hidden.shape[2]]


def _normalised(x: Tensor, affine: _Affine) -> Tensor:
    return torch.addcmul(affine.shift[:, None], x, affine.scale[:, None]).relu_()


def _affine(weights: Mapping[str, Tensor], name: str, affine: bool = True) -> _Affine:
    scale = (weights[f"{name}.running_var"] + _EPSILON).rsqrt()
    shift = -weights[f"{name}.running_mean"] * scale
    if not affine:
        return _Affine(scale, shift)
    gain = weights[f"{name}.weight"]
    return _Affine(scale * gain, shift * gain + weights[f"{name}.bias"])


def _convolution(weights: Mapping[str, Tensor], name: str, normalisation: str, affine: bool = True) -> _Convolution:
    scale, shift = _affine(weights, normalisation, affine)
    weight = weights[f"{name}.weight"]
    return _Convolution(weight * scale.view(-1, *[1] * (weight.dim() - 1)), shift)


def _dense_layer(weights: Mapping[str, Tensor], name: str) -> _DenseLayer:
    return _DenseLayer(
        before=_affine(weights, f"{name}.nonlinear1.batchnorm"),
        bottleneck=_convolution(weights, f"{name}.linear1", f"{name}.nonlinear2.batchnorm"),
        local=_Convolution(weights[f"{name}.cam_layer.linear_local.weight"], None),
        gate_in=_Convolution(weights[f"{name}.cam_layer.linear1.weight"], weights[f"{name}.cam_layer.linear1.bias"]),
        gate_out=_Convolution(weights[f"{name}.cam_layer.linear2.weight"], weights[f"{name}.cam_layer.linear2.bias"]),
    )
