"""Processes that train one model together, each on sequences of its own; usually there is one."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import ArgumentError, UISRNNError

if distributed.is_available():
    # Loaded later, by an optimizer's first step, its defaults would hold the process group for ever: its threads would
    # outlive destroy_process_group, and one that still has a tensor when Python ends aborts the process.
    import torch.distributed.nn

Array = NDArray[np.float64]
T = TypeVar("T")


@runtime_checkable
class Team(Protocol):
    """The processes of a training. All of them make the same calls in the same order."""

    @property
    def rank(self) -> int:
        """The number of this one, from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def sum(self, values: Array) -> Array:
        """The sum of everybody's arrays, which are of one shape."""

    def gather(self, value: Any) -> list[Any]:
        """Everybody's value, in the order of ranks."""

    def agree(self, value: bool) -> bool:
        """What the first of them says."""

    def average(self, tensors: list[Tensor]) -> None:
        """Put the mean of everybody's tensors in place of each."""


class SingleProcess:
    """A single process; see `Team`."""

    rank = 0
    size = 1

    def sum(self, values: Array) -> Array:
        """The values."""
        return values

    def gather(self, value: Any) -> list[Any]:
        """The value."""
        return [value]

    def agree(self, value: bool) -> bool:
        """The value."""
        return value

    def average(self, tensors: list[Tensor]) -> None:
        """Nothing to do."""


SINGLE_PROCESS = SingleProcess()


class ProcessGroup:
    """The processes of `torch.distributed`, which has been initialised; see `Team`.

    What they exchange goes over the network as `torch.distributed` packs it, so its port must be open to them only.

    Args:
        device: of tensors that are exchanged; the GPU of this process with nccl.

    Raises:
        ArgumentError: it has not been initialised.
    """

    def __init__(self, device: torch.device | None = None) -> None:
        if not distributed.is_initialized():
            raise ArgumentError("ProcessGroup needs torch.distributed.init_process_group to be called before")
        self.rank: int = distributed.get_rank()
        self.size: int = distributed.get_world_size()
        self._device = torch.device("cpu") if device is None else device

    def sum(self, values: Array) -> Array:
        """See `Team.sum`."""
        total = torch.from_numpy(np.array(values, dtype=np.float64)).to(self._device)
        distributed.all_reduce(total)
        summed: Array = total.cpu().numpy()
        return summed

    def gather(self, value: Any) -> list[Any]:
        """See `Team.gather`."""
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value)
        return found

    def agree(self, value: bool) -> bool:
        """See `Team.agree`."""
        said = torch.tensor([value], dtype=torch.int64, device=self._device)
        distributed.broadcast(said, src=0)
        return bool(said.item())

    def average(self, tensors: list[Tensor]) -> None:
        """One exchange for all of them, as `DistributedDataParallel` makes for gradients; see `Team.average`."""
        flat = torch.cat([one.reshape(-1).to(self._device) for one in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        parts = torch.split(flat, [one.numel() for one in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def require_team(team: object) -> None:
    """Require a `Team`.

    Raises:
        ArgumentError: `team` is another object.
    """
    if not isinstance(team, Team):
        raise ArgumentError(f"team must be one, for example ProcessGroup(), but is {team!r:.80}")


def succeeded(team: Team, work: Callable[[], T]) -> T:
    """What comes of work that each process does by itself; an error of one is raised by all, so that none waits for it.

    Raises:
        UISRNNError, OSError: what the work raised, in this process or in the first one where it did.
    """
    error: UISRNNError | OSError | None = None
    try:
        found = work()
    except (UISRNNError, OSError) as met:
        error = met
    errors: list[UISRNNError | OSError] = [one for one in team.gather(error) if one is not None]
    if errors:
        raise error or errors[0]
    return found


def agreed(team: Team, corpus: Corpus) -> Corpus:
    """A share of a dataset, with codes that mean the same labels in the shares of all."""
    if team.size == 1:
        return corpus
    labels = dict.fromkeys(label for known in team.gather(corpus.known) for label in known)
    return corpus.recoded({label: code for code, label in enumerate(labels)})


def average_gradients(team: Team, parameters: Sequence[Tensor]) -> None:
    """Give everybody the mean of all gradients; a process that has none for a parameter has zero."""
    if team.size == 1:
        return
    for one in parameters:
        if one.grad is None:
            one.grad = torch.zeros_like(one)
    team.average([one.grad for one in parameters if one.grad is not None])
