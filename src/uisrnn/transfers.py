"""Copies between the CPU and a GPU for which no processor waits.

An ordinary copy between both first waits until the GPU has done all its work. A copy from page-locked memory joins the
queue of the GPU like any other operation, so the CPU goes on at once.
"""

import torch
from torch import Tensor


def page_locked(tensor: Tensor, device: torch.device) -> Tensor:
    """The same values in memory from which `sent` copies without waiting; the tensor itself if `device` is a CPU."""
    return tensor.pin_memory() if device.type == "cuda" and tensor.device.type == "cpu" else tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on a device; the CPU does not wait for a copy to a GPU.

    Args:
        tensor: a tensor on the CPU whose values do not change any more, or a tensor on `device`.
        device: the device.

    >>> sent(torch.ones(2), torch.device("cpu"))
    tensor([1., 1.])
    """
    return page_locked(tensor, device).to(device, non_blocking=True)


class Fetched:
    """Values on their way to the CPU.

    Args:
        values: the values, on any device; they do not change any more.

    >>> Fetched(torch.tensor([1.0, 2.0])).wait()
    [1.0, 2.0]
    """

    def __init__(self, values: Tensor) -> None:
        self._values = values.to("cpu", non_blocking=True)
        self._arrival = torch.cuda.current_stream(values.device).record_event() if values.is_cuda else None

    def wait(self) -> list[float]:
        """The values, after their arrival."""
        if self._arrival is not None:
            self._arrival.synchronize()
        numbers: list[float] = self._values.tolist()
        return numbers
