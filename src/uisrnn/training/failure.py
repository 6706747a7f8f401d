"""What training changes in place is put back where it fails."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def restored_on_failure(tensors: Iterable[Tensor]) -> Iterator[None]:
    """After any exception, an interrupt too, these tensors hold again what they held at the start."""
    pairs = [(one, one.detach().clone()) for one in tensors]
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for tensor, before in pairs:
                tensor.copy_(before)
        raise
