"""The contents of a model file, independent of its format, and their checks."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.errors import ArgumentError, CheckpointError
from uisrnn.model.conventions import Conventions
from uisrnn.model.registry import Registration, registration_of

NETWORK = "network."
"""Prefix of the names of network weights; the rest of each name is the name in 0.1.2."""


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a model file.

    Attributes:
        arguments: model arguments in the file, including dimensions and crp_alpha.
        conventions: choices of the decoder where the paper and 0.1.2 differ.
        transition_bias: p0; None before the first estimate.
        transition_bias_denominator: weight of p0 in the mean with later estimates.
        tensors: those of the observation model, see `Registration.shapes`.
        fitted: whether the model was ever trained.
        transition_spread: r of the label prior; None before the first estimate.
        likelihood_scale: factor of -log p(x) in decoding.
        crp_alpha: estimated alpha; None: alpha of the arguments.
        front_end: name of the front end that made the training observations; None: unknown.
    """

    arguments: dict[str, Any]
    conventions: Conventions
    transition_bias: float | None
    transition_bias_denominator: float
    tensors: dict[str, Tensor]
    fitted: bool
    transition_spread: float | None = 0.0
    likelihood_scale: float = 1.0
    crp_alpha: float | None = None
    front_end: str | None = None

    def check(self) -> None:
        """Require that the tensors fit the dimensions, and that each number is in its range.

        Raises:
            CheckpointError: an argument is unknown or not acceptable; a tensor is missing, unknown, of another shape
                or type, or has NaN or infinity; a scalar is out of its range.
        """
        try:
            arguments = ModelArguments(**self.arguments)
            ModelArguments.accepted("transition_bias", self.transition_bias)
            ModelArguments.accepted("transition_spread", self.transition_spread)
            ModelArguments.accepted("crp_alpha", self.crp_alpha)
            InferenceArguments.accepted("likelihood_scale", self.likelihood_scale)
        except (ArgumentError, TypeError) as error:
            raise CheckpointError(f"the arguments are damaged: {error}") from error
        if not (math.isfinite(self.transition_bias_denominator) and self.transition_bias_denominator >= 0):
            raise CheckpointError(
                f"transition_bias_denominator must be >= 0, but is {self.transition_bias_denominator}"
            )
        if self.likelihood_scale is None:
            raise CheckpointError("likelihood_scale must be a number > 0, but is None")
        if not isinstance(self.fitted, bool):
            raise CheckpointError(f"fitted must be true or false, but is {self.fitted!r}")
        if not isinstance(self.front_end, (str, type(None))):
            raise CheckpointError(f"front_end must be a name or null, but is {self.front_end!r:.80}")
        if arguments.rnn_depth > len(self.tensors):  # before anything is done for each announced layer
            raise CheckpointError(f"{arguments.rnn_depth} layers do not fit into {len(self.tensors)} tensors")
        self._check_tensors(registration_of(arguments.observation_model), arguments)

    def _check_tensors(self, registration: Registration, arguments: ModelArguments) -> None:
        try:
            wanted = registration.shapes(arguments)
        except ArgumentError as error:
            raise CheckpointError(f"the arguments are damaged: {error}") from error
        missing = sorted(wanted.keys() - self.tensors.keys())
        unknown = sorted(self.tensors.keys() - wanted.keys())
        if missing or unknown:
            raise CheckpointError(f"the weights do not fit: missing {missing}, unknown {unknown}")
        for name, tensor in self.tensors.items():
            if tuple(tensor.shape) != wanted[name]:
                raise CheckpointError(f"{name} must be {wanted[name]}, but is {tuple(tensor.shape)}")
            if not torch.isfinite(tensor).all():
                raise CheckpointError(f"{name} has NaN or infinite values; the model must be trained again")
        positive = registration.positive
        if positive is not None and not (self.tensors[positive] >= torch.finfo(torch.float32).tiny).all():
            raise CheckpointError(f"{positive} must be positive, but has values that are not")
        if not registration.usable(self.tensors):
            raise CheckpointError("the weights are so large or small that no score would be finite")
