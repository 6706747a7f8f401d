"""Model files of this library: safetensors with a JSON header, which contain no code.

The header (safetensors metadata, key `uisrnn`) holds the version of the format, the model arguments (including the
dimensions), the conventions and the scalar parameters.
"""

import dataclasses
import os

import torch
from torch import Tensor

from uisrnn.checkpoint import container
from uisrnn.checkpoint.contents import Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.files import write_atomically
from uisrnn.model.conventions import Conventions
from uisrnn.model.registry import is_registered

FORMAT_VERSION = 1
_KEY = "uisrnn"


def write(path: str | os.PathLike[str], checkpoint: Checkpoint) -> None:
    """Write a model file in one step; a kill at any moment leaves the old file whole.

    Args:
        path: the file; its folder must exist.
        checkpoint: contents of the file.

    Raises:
        CheckpointError: the model has NaN or infinite weights; nothing is written.
        OSError: the file cannot be written; an older file is untouched.
    """
    write_atomically(path, pack(checkpoint))


def pack(checkpoint: Checkpoint) -> bytes:
    """The bytes of a model file.

    Raises:
        CheckpointError: see `write`.
    """
    checkpoint.check()
    header = {
        "format_version": FORMAT_VERSION,
        "observation_model": checkpoint.arguments["observation_model"],
        "model_arguments": checkpoint.arguments,
        "conventions": dataclasses.asdict(checkpoint.conventions),
        "transition_bias": checkpoint.transition_bias,
        "transition_bias_denominator": checkpoint.transition_bias_denominator,
        "transition_spread": checkpoint.transition_spread,
        "likelihood_scale": checkpoint.likelihood_scale,
        "crp_alpha": checkpoint.crp_alpha,
        "fitted": checkpoint.fitted,
        "front_end": checkpoint.front_end,
    }
    return container.pack(checkpoint.tensors, _KEY, header)


def parse(content: bytes) -> Checkpoint:
    """Read the bytes of a model file.

    Raises:
        CheckpointError: see `uisrnn.checkpoint.read`.
    """
    tensors, header = container.unpack(
        content, _KEY, "uisrnn model file", foreign="a safetensors file, but not of a uisrnn model"
    )
    tensors = {name: _single(name, tensor) for name, tensor in tensors.items()}
    version = header.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(f"format version {version!r} is not known here (this is {FORMAT_VERSION}); update uisrnn")
    if not is_registered(header.get("observation_model")):
        raise CheckpointError(f"observation model {header.get('observation_model')!r} is not known here; update uisrnn")
    try:
        return Checkpoint(
            arguments={**header["model_arguments"], "observation_model": header["observation_model"]},
            conventions=Conventions(**header["conventions"]),
            transition_bias=header["transition_bias"],
            transition_bias_denominator=float(header["transition_bias_denominator"]),
            tensors=tensors,
            fitted=header["fitted"],
            transition_spread=header.get("transition_spread", 0.0),  # earlier files have the p0 of the paper
            likelihood_scale=header.get("likelihood_scale", 1.0),  # the first files had neither scale nor alpha
            crp_alpha=header.get("crp_alpha"),
            front_end=header.get("front_end"),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"the header is damaged: {error}") from error


def _single(name: str, tensor: Tensor) -> Tensor:
    """A tensor in single precision."""
    if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        raise CheckpointError(f"{name} must hold floating point numbers, but holds {tensor.dtype}")
    return tensor.float()
