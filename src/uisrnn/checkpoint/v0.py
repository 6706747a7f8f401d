"""Reader of files of 0.1.2 and earlier: `torch.save` of a dict with torch tensors and numpy arrays."""

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.checkpoint.contents import NETWORK, Checkpoint
from uisrnn.checkpoint.restricted import RestrictedUnpickler, StandInArray
from uisrnn.errors import CheckpointError
from uisrnn.model.conventions import V0

_ZIP_MAGIC = b"PK\x03\x04"
_LEGACY_NUMBER = 0x1950A86A20F9469CFC6C  # first pickle of a file of torch < 1.6
_LEGACY_MAGIC = pickle.dumps(_LEGACY_NUMBER, protocol=2)


def recognises(content: bytes) -> bool:
    """Whether the bytes begin like a file of `torch.save`: a zip archive, or the pickled number of old versions."""
    return content.startswith((_ZIP_MAGIC, _LEGACY_MAGIC))


def parse(content: bytes) -> Checkpoint:
    """The model in the bytes of a file of 0.1.2.

    Args:
        content: the bytes.

    Raises:
        CheckpointError: see `uisrnn.checkpoint.read`.
    """
    try:
        raw = read_zip(content) if content.startswith(_ZIP_MAGIC) else _read_legacy(content)
    except CheckpointError:
        raise
    except Exception as error:  # the errors of a damaged pickle cannot be foreseen; the message names them
        raise CheckpointError(f"not a whole model file of 0.1.2: {type(error).__name__}: {error}") from error
    if not isinstance(raw, dict) or not isinstance(dict.get(raw, "rnn_state_dict"), dict):
        raise CheckpointError("a file of torch.save, but not of a uisrnn model: it has no rnn_state_dict")
    return _checkpoint(raw)


def _checkpoint(raw: dict[Any, Any]) -> Checkpoint:
    try:
        network = {NETWORK + str(name): _tensor(value) for name, value in raw["rnn_state_dict"].items()}
        first = network[NETWORK + "gru.weight_ih_l0"]
        arguments = {
            "observation_model": "gru",
            "observation_dim": first.shape[1],
            "rnn_hidden_size": network[NETWORK + "gru.weight_hh_l0"].shape[1],
            "rnn_depth": sum(name.startswith(NETWORK + "gru.weight_ih_l") for name in network),
            "crp_alpha": float(raw["crp_alpha"]),
        }
        bias = raw["transition_bias"]
        return Checkpoint(
            arguments=arguments,
            conventions=V0,
            transition_bias=None if bias is None else float(bias),
            transition_bias_denominator=float(raw["transition_bias_denominator"]),
            tensors={**network, "init_hidden": _tensor(raw["rnn_init_hidden"]), "sigma2": _tensor(raw["sigma2"])},
            fitted=True,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CheckpointError(f"the contents of this file of 0.1.2 are damaged: {error}") from error


def _tensor(value: Any) -> Tensor:
    """A float32 tensor of an array, or of the stand-in of an array."""
    array = value.array if isinstance(value, StandInArray) else value
    if not isinstance(array, np.ndarray):
        raise TypeError(f"an array is needed, but there is {type(array).__name__}")
    with np.errstate(over="ignore"):  # numbers beyond float32 become infinite; a later check refuses them
        return torch.tensor(np.ascontiguousarray(array, dtype=np.float32))


def read_zip(content: bytes) -> Any:
    """The object in a file of torch >= 1.6: a zip archive with `data.pkl` and an uncompressed entry per storage."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        pickles = [name for name in names if name.endswith("/data.pkl")]
        if len(pickles) != 1 or any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise CheckpointError("a zip archive, but torch.save did not write it")
        folder = pickles[0].removesuffix("data.pkl")
        contents: dict[str, bytes] = {}

        def storage(key: str, kind: np.dtype[Any], elements: int) -> NDArray[Any]:
            if key not in contents:
                contents[key] = archive.read(f"{folder}data/{key}")
            return np.frombuffer(contents[key], kind, count=elements)

        return RestrictedUnpickler(io.BytesIO(archive.read(pickles[0])), storage).load()


def _read_legacy(content: bytes) -> Any:
    """The object in a file of torch < 1.6: pickled magic number, version, system and object, then the storages."""
    file = io.BytesIO(content)
    storages: dict[str, NDArray[Any]] = {}

    def storage(key: str, kind: np.dtype[Any], elements: int) -> NDArray[Any]:
        if key not in storages:
            announced = elements * kind.itemsize + sum(array.nbytes for array in storages.values())
            if announced > len(content):
                raise CheckpointError(f"the file is shorter than the {announced} bytes of numbers that it announces")
            storages[key] = np.zeros(elements, kind)  # filled below, before any use
        return storages[key]

    for _ in ("magic number", "version", "system"):
        RestrictedUnpickler(file, storage).load()
    raw = RestrictedUnpickler(file, storage).load()
    keys = RestrictedUnpickler(file, storage).load()
    if sorted(keys) != sorted(storages):
        raise CheckpointError("the list of its contents is damaged")
    for key in keys:
        target = storages[key]
        if int.from_bytes(file.read(8), "little") != len(target):
            raise CheckpointError(f"storage {key} must have the {len(target)} numbers that the file announces")
        target[:] = np.frombuffer(file.read(target.nbytes), target.dtype)
    return raw
