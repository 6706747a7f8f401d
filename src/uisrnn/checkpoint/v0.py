"""Reader of the files of 0.1.2 and earlier: torch.save of a dict with torch tensors and numpy arrays.

Such a file is a pickle, and a pickle may ask for any function of any module. This reader knows the dozen names that
an honest file holds, gives each a stand-in of its own, and refuses every other; it imports and calls nothing that the
file names. See https://docs.python.org/3/library/pickle.html#restricting-globals for the mechanism.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.arguments import ModelArguments
from uisrnn.checkpoint.contents import NETWORK, Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.model.conventions import V0

_ZIP_MAGIC = b"PK\x03\x04"
_LEGACY_NUMBER = 0x1950A86A20F9469CFC6C  # first pickle of a file of torch < 1.6
_LEGACY_MAGIC = pickle.dumps(_LEGACY_NUMBER, protocol=2)
_STORAGES = {"FloatStorage": np.float32, "DoubleStorage": np.float64, "HalfStorage": np.float16}
_LARGEST = 2**34  # bytes of one array; no honest file comes near


def recognises(content: bytes) -> bool:
    """Whether these bytes look like a file of torch.save: a zip archive, or the pickled number of older versions."""
    return content.startswith((_ZIP_MAGIC, _LEGACY_MAGIC))


def parse(content: bytes) -> Checkpoint:
    """Read the bytes of a file of 0.1.2.

    Raises:
        CheckpointError: see `uisrnn.checkpoint.read`.
    """
    try:
        raw = _read_zip(content) if content.startswith(_ZIP_MAGIC) else _read_legacy(content)
    except CheckpointError:
        raise
    except Exception as error:  # what a damaged pickle raises cannot be foreseen; none of it is hidden
        raise CheckpointError(f"not a whole model file of 0.1.2: {type(error).__name__}: {error}") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("rnn_state_dict"), dict):
        raise CheckpointError("a file of torch.save, but not of a uisrnn model: it has no rnn_state_dict")
    return _checkpoint(raw)


def _checkpoint(raw: dict[Any, Any]) -> Checkpoint:
    try:
        network = {NETWORK + str(name): _tensor(value) for name, value in raw["rnn_state_dict"].items()}
        first = network[NETWORK + "gru.weight_ih_l0"]
        arguments = {
            "observation_dim": first.shape[1],
            "rnn_hidden_size": network[NETWORK + "gru.weight_hh_l0"].shape[1],
            "rnn_depth": sum(name.startswith(NETWORK + "gru.weight_ih_l") for name in network),
        }
        bias = raw["transition_bias"]
        return Checkpoint(
            arguments=arguments,
            conventions=V0,
            transition_bias=ModelArguments(transition_bias=None if bias is None else float(bias)).transition_bias,
            transition_bias_denominator=float(raw["transition_bias_denominator"]),
            crp_alpha=ModelArguments(crp_alpha=float(raw["crp_alpha"])).crp_alpha,
            tensors={**network, "init_hidden": _tensor(raw["rnn_init_hidden"]), "sigma2": _tensor(raw["sigma2"])},
            fitted=True,
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"the contents of this file of 0.1.2 are damaged: {error}") from error


def _tensor(value: Any) -> Tensor:
    """A float32 tensor from what the file holds: an array, or a stand-in of one."""
    array = value.array if isinstance(value, _Array) else value
    if not isinstance(array, np.ndarray):
        raise TypeError(f"an array is needed, but there is {type(array).__name__}")
    return torch.tensor(np.ascontiguousarray(array, dtype=np.float32))


# --- stand-ins for what an honest file names ---


class _DataType:
    """Stands in for numpy.dtype."""

    def __init__(self, code: str, *_flags: Any) -> None:
        self.code, self.order = code, "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def resolve(self) -> np.dtype[Any]:
        kind = np.dtype(self.order.replace("|", "=") + self.code)
        if kind.kind not in "fiu":
            raise CheckpointError(f"an array of {kind} is not a weight")
        return kind


class _Array:
    """Stands in for numpy.ndarray while it is put together."""

    array: NDArray[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _version, shape, kind, fortran, content = state
        data = np.frombuffer(content, kind.resolve())
        self.array = data.reshape(shape, order="F" if fortran else "C")


class _Storage:
    """Stands in for a torch storage class: its element type."""

    def __init__(self, name: str) -> None:
        self.kind = np.dtype(_STORAGES[name])


def _scalar(kind: _DataType, content: bytes) -> Any:
    return np.frombuffer(content, kind.resolve(), count=1)[0]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise CheckpointError(f"text in {encoding} where bytes are needed")
    return text.encode("latin1")


def _rebuild_tensor(
    storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: Any
) -> NDArray[Any]:
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min((offset, last, *size, *stride)) < 0 or (np.prod(size) > 0 and last >= len(storage)):
        raise CheckpointError(f"a tensor of shape {size} reaches beyond its {len(storage)} stored numbers")
    if int(np.prod(size, dtype=object)) * storage.itemsize > _LARGEST:
        raise CheckpointError(f"a tensor of shape {size} is too large to be a weight")
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides)


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): lambda data, *_rest: data,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _DataType,
    ("numpy", "ndarray"): _Array,
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _KNOWN[_module, "_reconstruct"] = lambda *_arguments: _Array()
    _KNOWN[_module, "scalar"] = _scalar


class _Unpickler(pickle.Unpickler):
    """Unpickler that finds nothing but the stand-ins.

    Args:
        file: the pickle.
        storage: from a storage's key, element type and number of elements to its content.
    """

    def __init__(self, file: io.BytesIO, storage: Callable[[str, np.dtype[Any], int], NDArray[Any]]) -> None:
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _STORAGES:
            return _Storage(name)
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        raise CheckpointError(f"asks for {module}.{name}, which no model file of 0.1.2 needs; nothing was run")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        word, storage, key, _location, elements, *view = pid
        known = word == "storage" and isinstance(storage, _Storage) and not any(view)
        if not known or not 0 <= int(elements) * 8 <= _LARGEST:
            raise CheckpointError(f"holds a reference of an unknown kind: {word!r}")
        return self._storage(str(key), storage.kind, int(elements))


def _read_zip(content: bytes) -> Any:
    """A file of torch >= 1.6: a zip archive with `data.pkl` and one entry a storage, none compressed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        pickles = [name for name in entries if name.endswith("/data.pkl")]
        if len(pickles) != 1 or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise CheckpointError("a zip archive, but not one that torch.save wrote")
        folder = pickles[0].removesuffix("data.pkl")

        def storage(key: str, kind: np.dtype[Any], elements: int) -> NDArray[Any]:
            return np.frombuffer(archive.read(f"{folder}data/{key}"), kind, count=elements)

        return _Unpickler(io.BytesIO(archive.read(pickles[0])), storage).load()


def _read_legacy(content: bytes) -> Any:
    """A file of torch < 1.6: pickles of magic number, version, system and object, then the storages' contents."""
    file = io.BytesIO(content)
    storages: dict[str, NDArray[Any]] = {}

    def storage(key: str, kind: np.dtype[Any], elements: int) -> NDArray[Any]:
        if elements * kind.itemsize > len(content):
            raise CheckpointError(f"the file is shorter than the {elements} numbers that it announces")
        return storages.setdefault(key, np.zeros(elements, kind))  # filled below, before anybody looks

    for _ in ("magic number", "version", "system"):
        _Unpickler(file, storage).load()
    raw = _Unpickler(file, storage).load()
    for key in _Unpickler(file, storage).load():
        elements = int(np.frombuffer(file.read(8), np.int64)[0])
        target = storages[key]
        target[:] = np.frombuffer(file.read(elements * target.itemsize), target.dtype)
    return raw
