"""What a model file holds, whatever its format, and whether it fits together."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from uisrnn.arguments import ModelArguments
from uisrnn.errors import ArgumentError, CheckpointError
from uisrnn.model.conventions import Conventions

NETWORK = "network."
"""Prefix of the names of network weights, which after it are those of 0.1.2."""


@dataclass(frozen=True)
class Checkpoint:
    """A model in a form that can be written down.

    Attributes:
        arguments: those of the model's arguments that the file tells, dimensions and crp_alpha among them.
        conventions: how it decodes where the paper and 0.1.2 differ.
        transition_bias: p0, None where it was never estimated.
        transition_bias_denominator: the weight of that estimate among later ones.
        tensors: `network.*`, `init_hidden` (depth, 1, H) and `sigma2` (D,).
        fitted: whether the model was ever trained.
    """

    arguments: dict[str, Any]
    conventions: Conventions
    transition_bias: float | None
    transition_bias_denominator: float
    tensors: dict[str, Tensor]
    fitted: bool

    def check(self) -> None:
        """Compare all tensors with the dimensions, and require that all numbers make sense.

        Raises:
            CheckpointError: an argument is unknown or not acceptable; a tensor is missing, unknown, of another shape
                or type, or has NaN or infinity; a scalar is out of its range.
        """
        try:
            arguments = ModelArguments(**self.arguments)
            ModelArguments(transition_bias=self.transition_bias)
        except (ArgumentError, TypeError) as error:
            raise CheckpointError(f"the arguments are damaged: {error}") from error
        if not (math.isfinite(self.transition_bias_denominator) and self.transition_bias_denominator >= 0):
            raise CheckpointError(
                f"transition_bias_denominator must be >= 0, but is {self.transition_bias_denominator}"
            )
        if not isinstance(self.fitted, bool):
            raise CheckpointError(f"fitted must be true or false, but is {self.fitted!r}")
        if arguments.rnn_depth > len(self.tensors):  # before anything is done for each announced layer
            raise CheckpointError(f"{arguments.rnn_depth} layers do not fit into {len(self.tensors)} tensors")
        self._check_tensors(shapes(arguments))

    def _check_tensors(self, wanted: dict[str, tuple[int, ...]]) -> None:
        missing, unknown = sorted(wanted.keys() - self.tensors.keys()), sorted(self.tensors.keys() - wanted.keys())
        if missing or unknown:
            raise CheckpointError(f"the weights do not fit: missing {missing}, unknown {unknown}")
        for name, tensor in self.tensors.items():
            if tuple(tensor.shape) != wanted[name]:
                raise CheckpointError(f"{name} must be {wanted[name]}, but is {tuple(tensor.shape)}")
            if not torch.isfinite(tensor).all():
                raise CheckpointError(f"{name} has NaN or infinite values; the model must be trained again")
        if not (self.tensors["sigma2"] >= torch.finfo(torch.float32).tiny).all():
            raise CheckpointError("sigma2 must be positive, but has values that are not")


def shapes(arguments: ModelArguments) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors of a model with these dimensions."""
    dim, hidden, depth = arguments.observation_dim, arguments.rnn_hidden_size, arguments.rnn_depth
    wanted: dict[str, tuple[int, ...]] = {
        "linear_mean1.weight": (hidden, hidden),
        "linear_mean1.bias": (hidden,),
        "linear_mean2.weight": (dim, hidden),
        "linear_mean2.bias": (dim,),
    }
    for layer in range(depth):
        wanted[f"gru.weight_ih_l{layer}"] = (3 * hidden, dim if layer == 0 else hidden)
        wanted[f"gru.weight_hh_l{layer}"] = (3 * hidden, hidden)
        wanted[f"gru.bias_ih_l{layer}"] = (3 * hidden,)
        wanted[f"gru.bias_hh_l{layer}"] = (3 * hidden,)
    network = {NETWORK + name: shape for name, shape in wanted.items()}
    return {**network, "init_hidden": (depth, 1, hidden), "sigma2": (dim,)}
