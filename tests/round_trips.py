"""Operations for which the CPU would wait for a GPU, counted while the work runs on a CPU."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_WAITING = {"_local_scalar_dense", "nonzero", "masked_select", "equal", "is_nonzero", "unique_consecutive", "_unique2"}


class RoundTrips(TorchDispatchMode):
    """Counts operations whose result, or the shape of whose result, the CPU must know; a context manager.

    Attributes:
        waits: the number of these operations by name.
        operations: the number of all operations.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.operations += 1
        if name in _WAITING or (name in ("index", "index_put_", "index_put") and _has_booleans(args[1])):
            self.waits[name] += 1
        return func(*args, **(kwargs or {}))


def _has_booleans(indexes: Any) -> bool:
    return any(isinstance(index, Tensor) and index.dtype == torch.bool for index in indexes)
