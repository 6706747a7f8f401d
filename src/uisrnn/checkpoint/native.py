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
import torch
from torch import Tensor

from uisrnn.checkpoint.contents import Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.files import write_atomically
from uisrnn.model.conventions import Conventions

FORMAT_VERSION = 1
_KEY = "uisrnn"
_LENGTH_BYTES = 8


def write(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a model file in one step; a kill at any moment leaves the old file whole.

    Args:
        path: the file; its folder must exist.
        checkpoint: what it shall hold.

    Raises:
        CheckpointError: the model has NaN or infinite weights, which no reader would take; nothing is written.
        OSError: it cannot be written; the old file is untouched.
    """
    checkpoint.check()
    header = {
        "format_version": FORMAT_VERSION,
        "observation_model": "gru",
        "model_arguments": checkpoint.arguments,
        "conventions": dataclasses.asdict(checkpoint.conventions),
        "transition_bias": checkpoint.transition_bias,
        "transition_bias_denominator": checkpoint.transition_bias_denominator,
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
    if header.get("observation_model") != "gru":
        raise CheckpointError(f"observation model {header.get('observation_model')!r} is not known here; update uisrnn")
    try:
        return Checkpoint(
            arguments=dict(header["model_arguments"]),
            conventions=Conventions(**header["conventions"]),
            transition_bias=header["transition_bias"],
            transition_bias_denominator=float(header["transition_bias_denominator"]),
            tensors=tensors,
            fitted=header["fitted"],
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"the header is damaged: {error}") from error


def _tensors(content: bytes) -> dict[str, Tensor]:
    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"not a whole uisrnn model file: {error}") from error
    for name, tensor in tensors.items():
        if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            raise CheckpointError(f"{name} must hold floating point numbers, but holds {tensor.dtype}")
    return {name: tensor.float() for name, tensor in tensors.items()}


def _header(content: bytes) -> dict[str, Any]:
    """The JSON object under this library's key; the framing was already checked by `_tensors`."""
    size = int.from_bytes(content[:_LENGTH_BYTES], "little")
    metadata = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + size]).get("__metadata__")
    if not isinstance(metadata, dict) or _KEY not in metadata:
        raise CheckpointError("a safetensors file, but not of a uisrnn model")
    try:
        header = json.loads(metadata[_KEY])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the header is damaged: {error}") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"the header is damaged: an object is needed, but it is {type(header).__name__}")
    return header
