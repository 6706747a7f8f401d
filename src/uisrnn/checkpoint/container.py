"""Tensors and a JSON object in the safetensors format, the container of model files and of snapshots of streams."""

import json
from collections.abc import Mapping
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from uisrnn.errors import CheckpointError

_LENGTH_BYTES = 8


def pack(tensors: Mapping[str, Tensor], key: str, header: Mapping[str, Any]) -> bytes:
    """Tensors, on any device, and a header as bytes.

    Args:
        tensors: tensors by name.
        key: key of the header in the metadata; `unpack` refuses files without this key.
        header: values that JSON can hold; no NaN or infinity.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(plain, {key: json.dumps(header, allow_nan=False)})


def unpack(content: bytes, key: str, what: str, foreign: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and header from bytes.

    Args:
        content: the bytes.
        key: see `pack`.
        what: name of the container in error messages.
        foreign: error message for safetensors without the key.

    Raises:
        CheckpointError: the bytes are incomplete, or are not such a container.
    """
    try:
        tensors = safetensors.torch.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"not a whole {what}: {error}") from error
    size = int.from_bytes(content[:_LENGTH_BYTES], "little")
    metadata = json.loads(content[_LENGTH_BYTES : _LENGTH_BYTES + size]).get("__metadata__")
    if not isinstance(metadata, dict) or key not in metadata:
        raise CheckpointError(foreign)
    try:
        header = json.loads(metadata[key])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"the header is damaged: {error}") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"the header is damaged: an object is needed, but it is {type(header).__name__}")
    return tensors, header


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors with a prefix before their names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names have a prefix, under their names without it; the inverse of `named`."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
