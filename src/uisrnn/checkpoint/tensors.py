"""Files of tensors that other programs wrote: safetensors, or a state dict of `torch.save`."""

from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from uisrnn.checkpoint import v0
from uisrnn.errors import CheckpointError

_NESTED = "state_dict"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by their names. Nothing in the file is run.

    Args:
        path: a safetensors file, or a file of torch >= 1.6 with a state dict, alone or under the key "state_dict".

    Raises:
        CheckpointError: the file is neither, or is damaged.
        OSError: there is no such file.
    """
    content = path.read_bytes()
    try:
        if not v0.recognises(content):
            return safetensors.torch.load(content)
        return _state_dict(v0.read_zip(content))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path}: not a whole file of weights: {error}") from error
    except Exception as error:  # the errors of a damaged pickle cannot be foreseen; the message names them
        raise CheckpointError(f"{path}: not a whole file of weights: {type(error).__name__}: {error}") from error


def _state_dict(stored: Any) -> dict[str, Tensor]:
    nested = stored.get(_NESTED, stored) if isinstance(stored, dict) else None
    if not isinstance(nested, dict) or not all(isinstance(value, np.ndarray) for value in nested.values()):
        raise CheckpointError("a file of torch.save, but not of a state dict")
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in nested.items()}
