"""This library's model files: safetensors with a JSON header, nothing that could run.

The header (safetensors metadata, key `uisrnn`) holds the format's version, all model arguments with the dimensions
among them, the conventions and the scalar parameters.
"""

import dataclasses
import json
import os
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from uisrnn.arguments import ModelArguments
from uisrnn.checkpoint.contents import Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.files import write_atomically
from uisrnn.model.conventions import ASSIGNMENTS, RUNNING_MEANS, Conventions

FORMAT_VERSION = 1
_KEY = "uisrnn"
_LENGTH_BYTES = 8


def write(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a model file in one step; a kill at any moment leaves the old file whole.

    Args:
        path: the file; its folder must exist.
        checkpoint: what it shall hold.

    Raises:
        OSError: it cannot be written; the old file is untouched.
    """
    header = {
        "format_version": FORMAT_VERSION,
        "observation_model": "gru",
        "model_arguments": checkpoint.arguments,
        "conventions": dataclasses.asdict(checkpoint.conventions),
        "transition_bias": checkpoint.transition_bias,
        "transition_bias_denominator": checkpoint.transition_bias_denominator,
        "crp_alpha": checkpoint.crp_alpha,
        "fitted": checkpoint.fitted,
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    write_atomically(path, safetensors.torch.save(tensors, {_KEY: json.dumps(header, allow_nan=False)}))


def parse(content: bytes) -> Checkpoint:
    """Read the bytes of a model file.

    Raises:
        CheckpointError: see `uisrnn.checkpoint.read`.
    """
    tensors = _tensors(content)
    header = _header(content)
    version = header.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(f"format version {version!r} is not known here (this is {FORMAT_VERSION}); update uisrnn")
    try:
        return Checkpoint(
            arguments=dict(header["model_arguments"]),
            conventions=_conventions(header["conventions"]),
            transition_bias=_probability(header["transition_bias"]),
            transition_bias_denominator=float(header["transition_bias_denominator"]),
            crp_alpha=ModelArguments(crp_alpha=header["crp_alpha"]).crp_alpha,
            tensors=tensors,
            fitted=bool(header["fitted"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the header is damaged: {error}") from error


def _tensors(content: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"not a whole uisrnn model file: {error}") from error


def _header(content: bytes) -> dict[str, Any]:
    """The JSON object under this library's key; the framing was already checked by `_tensors`."""
    size = int.from_bytes(content[:_LENGTH_BYTES], "little")
    metadata = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + size]).get("__metadata__", {})
    if _KEY not in metadata:
        raise CheckpointError("a safetensors file, but not of a uisrnn model")
    try:
        header = json.loads(metadata[_KEY])
    except ValueError as error:
        raise CheckpointError(f"the header is damaged: {error}") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"the header is damaged: an object is needed, but it is {type(header).__name__}")
    return header


def _conventions(names: dict[str, str]) -> Conventions:
    conventions = Conventions(**names)
    if conventions.running_mean not in RUNNING_MEANS or conventions.assignment not in ASSIGNMENTS:
        raise ValueError(f"unknown conventions {names}")
    return conventions


def _probability(value: float | None) -> float | None:
    return ModelArguments(transition_bias=value).transition_bias
