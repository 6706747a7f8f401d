"""Processes that train a model together, each on its share of the sequences; usually a single process."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import ArgumentError, UISRNNError

if distributed.is_available():
    # If the first step of an optimizer loads this module, its defaults hold the process group for ever. The threads of
    # the group then outlive destroy_process_group, and a thread with a tensor at the end of Python aborts the process.
    import torch.distributed.nn

Array = NDArray[np.float64]
T = TypeVar("T")


@runtime_checkable
class Team(Protocol):
    """The processes of a training. All processes make the same calls in the same order."""

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""

    @property
    def size(self) -> int:
        """The number of processes."""

    def sum(self, values: Array) -> Array:
        """The sum of the arrays of all processes, which have equal shapes."""

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in the order of ranks."""

    def agree(self, value: bool) -> bool:
        """The value of the first process."""

    def average(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by the mean of the tensors of all processes."""


class SingleProcess:
    """A team of a single process."""

    rank = 0
    size = 1

    def sum(self, values: Array) -> Array:
        return values

    def gather(self, value: Any) -> list[Any]:
        return [value]

    def agree(self, value: bool) -> bool:
        return value

    def average(self, tensors: list[Tensor]) -> None:
        pass


SINGLE_PROCESS = SingleProcess()


class ProcessGroup:
    """The processes of `torch.distributed`, as a team.

    The processes exchange pickles, as `torch.distributed` does. Its port must be open to these processes only.

    Args:
        device: device of the exchanged tensors; with nccl the GPU of this process.

    Raises:
        ArgumentError: `torch.distributed` has not been initialised.
    """

    def __init__(self, device: torch.device | None = None) -> None:
        if not distributed.is_initialized():
            raise ArgumentError("ProcessGroup needs torch.distributed.init_process_group to be called before")
        self.rank: int = distributed.get_rank()
        self.size: int = distributed.get_world_size()
        self._device = torch.device("cpu") if device is None else device

    def sum(self, values: Array) -> Array:
        """The sum of the arrays of all processes; see `Team.sum`."""
        total = torch.from_numpy(np.array(values, dtype=np.float64)).to(self._device)
        distributed.all_reduce(total)
        summed: Array = total.cpu().numpy()
        return summed

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, in the order of ranks."""
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values

    def agree(self, value: bool) -> bool:
        """The value of the first process."""
        decision = torch.tensor([value], dtype=torch.int64, device=self._device)
        distributed.broadcast(decision, src=0)
        return bool(decision.item())

    def average(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by the mean of the tensors of all processes, in a single exchange."""
        flat = torch.cat([tensor.reshape(-1).to(self._device) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def require_team(team: object) -> None:
    """Require a `Team`.

    Raises:
        ArgumentError: `team` is another object.
    """
    if not isinstance(team, Team):
        raise ArgumentError(f"team must be a Team, for example ProcessGroup(), but is {team!r:.80}")


def succeeded(team: Team, work: Callable[[], T]) -> T:
    """The result of work that each process does alone; if it fails in any process, all raise, and none waits.

    Raises:
        UISRNNError, OSError: the error of this process, or else the first error of another process.
    """
    error: UISRNNError | OSError | None = None
    try:
        result = work()
    except (UISRNNError, OSError) as own:
        error = own
    errors: list[UISRNNError | OSError] = [other for other in team.gather(error) if other is not None]
    if errors:
        raise error or errors[0]
    return result


def agreed(team: Team, corpus: Corpus) -> Corpus:
    """A share of a dataset with codes that mean the same labels in all processes."""
    if team.size == 1:
        return corpus
    labels = dict.fromkeys(label for own in team.gather(corpus.known) for label in own)
    return corpus.recoded({label: code for code, label in enumerate(labels)})


def average_gradients(team: Team, parameters: Sequence[Tensor]) -> None:
    """Replace the gradients by their mean over all processes; a missing gradient counts as zero."""
    if team.size == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    team.average([parameter.grad for parameter in parameters if parameter.grad is not None])
