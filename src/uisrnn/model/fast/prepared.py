"""Weights that are rearranged for products: steppers that are in use at the same time share them."""

import weakref
from threading import Lock
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from uisrnn.compiled import Reals
from uisrnn.model.fast.product import for_product

_LOCK = Lock()
_PREPARED: Any = WeakTensorKeyDictionary()


def prepared(weight: Tensor) -> Reals:
    """A weight (N, K) in the form of `for_product`.

    Threads that decode with the same model read the same copy, which stays in a cache that they share. Nothing is kept
    after the last stepper that uses the copy.

    Args:
        weight: a parameter on the CPU; a copy made before a change of the parameter is not used again. Code that
            changes a parameter without torch's notice must call `torch.autograd.graph.increment_version`.
    """
    if weight.is_inference():  # torch counts no changes of inference tensors
        alone: Reals = for_product(weight.detach().numpy())
        return alone
    state = (weight._version, weight.data_ptr())
    with _LOCK:
        earlier, reference = _PREPARED.get(weight, (None, None))
        shared: Reals | None = reference() if earlier == state else None
        if shared is None:
            shared = for_product(weight.detach().numpy())
            _PREPARED[weight] = (state, weakref.ref(shared))
        return shared
