"""An unpickler that reads only pickles of tensors by `torch.save`, such as a model of 0.1.2.

A pickle may ask for any function of any module. This unpickler knows the dozen names that an honest file holds, has a
stand-in for each name, and refuses all other names. It imports and calls nothing that the file names. See
https://docs.python.org/3/library/pickle.html#restricting-globals for the mechanism.
"""

import io
import math
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import CheckpointError

StorageReader = Callable[[str, np.dtype[Any], int], NDArray[Any]]
"""Returns the numbers of a storage, given its key, element type and number of elements."""

_STORAGES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
}


class _DataType:
    """Stands in for numpy.dtype."""

    def __init__(self, code: str, *_flags: Any) -> None:
        self.code = code
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def resolve(self) -> np.dtype[Any]:
        kind = np.dtype(self.order.replace("|", "=") + self.code)
        if kind.kind not in "fiu":
            raise CheckpointError(f"an array of {kind} is not a weight")
        return kind


class StandInArray:
    """Stands in for a numpy.ndarray until its contents are read.

    Attributes:
        array: the real array; absent until the contents are read.
    """

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
    if type(storage) is not np.ndarray or not all(type(number) is int for number in (offset, *size, *stride)):
        raise CheckpointError("a tensor has dimensions that are not plain integers")
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if min((offset, last, *size, *stride)) < 0 or max(last + 1, math.prod(size)) > len(storage):
        raise CheckpointError(f"a tensor of shape {size} reaches beyond its {len(storage)} stored numbers")
    strides = tuple(step * storage.itemsize for step in stride)
    return np.lib.stride_tricks.as_strided(storage[offset:], size, strides)


def _ordered_dict(items: Any = ()) -> OrderedDict[str, Any]:
    made: OrderedDict[str, Any] = OrderedDict()
    for key, value in items:
        _put(made, key, value)
    return made


_KNOWN: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): lambda data, *_rest: data,
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _DataType,
    ("numpy", "ndarray"): StandInArray,
}
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _KNOWN[_module, "_reconstruct"] = lambda *_arguments: StandInArray()
    _KNOWN[_module, "scalar"] = _scalar


_INSTRUCTIONS = """
    PROTO STOP MARK GLOBAL REDUCE BUILD BINPERSID BINPUT LONG_BINPUT BINGET LONG_BINGET NONE NEWTRUE NEWFALSE
    BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE BINSTRING SHORT_BINSTRING
    EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS
""".split()
"""All pickle instructions that torch.save uses in protocol 2."""
_CODES = [getattr(pickle, name)[0] for name in _INSTRUCTIONS]


class _Table(dict[int, Any]):
    """Functions of the pickle instructions by their codes."""

    def __missing__(self, code: int) -> Any:
        raise CheckpointError(
            f"has the pickle instruction {chr(code)!r}, which no file of tensors has; nothing was run"
        )


class RestrictedUnpickler(pickle._Unpickler):
    """Unpickler with few instructions; it finds only the stand-ins, and a pickle can change nothing else.

    It extends the unpickler in Python, whose table of instructions can be reduced. The unpickler in C would also
    allocate memory for any number of memorised objects that a hostile file announces.

    Args:
        file: the pickle.
        storage: reads the numbers of a storage.

    Raises:
        CheckpointError: `load` met an instruction, name or value that no honest file has; nothing was run.
    """

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: io.BytesIO, storage: StorageReader) -> None:
        super().__init__(file, encoding="latin1")
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a name."""
        if module == "torch" and name in _STORAGES:
            return _Storage(name)
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        raise CheckpointError(f"asks for {module}.{name}, which no file of tensors needs; nothing was run")

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        """The numbers of a storage."""
        word, storage, key, _location, elements, *view = pid
        kinds = (type(word), type(storage), type(key), type(elements))
        if kinds != (str, _Storage, str, int) or word != "storage" or any(view) or elements < 0:
            raise CheckpointError("holds a reference of an unknown kind")
        return self._storage(key, storage.kind, elements)

    def _build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], (StandInArray, _DataType)):
            self.stack[-1].__setstate__(state)
        elif not isinstance(self.stack[-1], OrderedDict):  # the state of a state_dict is metadata without use here
            raise CheckpointError("tries to change the reader; nothing was run")

    def _set_item(self) -> None:
        value = self.stack.pop()
        key = self.stack.pop()
        _put(self.stack[-1], key, value)

    def _set_items(self) -> None:
        items = self.pop_mark()
        for key, value in zip(items[::2], items[1::2], strict=True):
            _put(self.stack[-1], key, value)

    dispatch: ClassVar[dict[int, Any]] = _Table(
        {
            **{code: pickle._Unpickler.dispatch[code] for code in _CODES},
            pickle.BUILD[0]: _build,
            pickle.SETITEM[0]: _set_item,
            pickle.SETITEMS[0]: _set_items,
        }
    )


def _put(mapping: Any, key: Any, value: Any) -> None:
    """Set an entry. Keys must be text: the hash of nested tuples could take hours."""
    if type(key) is not str or not isinstance(mapping, dict):
        raise CheckpointError("holds a mapping whose keys are not text")
    mapping[key] = value
