"""Parameters and optimizers as named tensors, and back."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from uisrnn.errors import CheckpointError

Tensors = dict[str, Tensor]

_OTHER_OPTIMIZER = "the optimizer in the checkpoint is of another model"


def named(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The same tensors under longer names."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """Those whose names `named` gave this prefix, without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


@torch.no_grad()
def copy_into(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Give tensors the values of others.

    Raises:
        CheckpointError: there are not as many, or their shapes differ.
    """
    _require_shapes(parameters, values)
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _require_shapes(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    if [one.shape for one in parameters] != [one.shape for one in values]:
        raise CheckpointError("the weights in the checkpoint are of other shapes than those of the model")


def load_into(module: nn.Module, tensors: Tensors) -> None:
    """Give a module its weights.

    Raises:
        CheckpointError: they are not those of such a module.
    """
    own = module.state_dict()
    if own.keys() != tensors.keys():
        raise CheckpointError(f"the checkpoint must hold the weights {', '.join(own)}, but holds {', '.join(tensors)}")
    copy_into(list(own.values()), [tensors[name] for name in own])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """What an optimizer has learned, by number of the parameter and name."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def load_optimizer(optimizer: torch.optim.Adam, tensors: Tensors) -> None:
    """Give an optimizer what `optimizer_tensors` told of another one over the same parameters.

    Raises:
        CheckpointError: it is not that of such an optimizer.
    """
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    parts = {number: part(str(number), tensors) for number in range(len(parameters))}
    state = {number: one for number, one in parts.items() if one}
    for number, held in state.items():
        shape = parameters[number].shape
        if {name: one.shape for name, one in held.items()} != {"step": (), "exp_avg": shape, "exp_avg_sq": shape}:
            raise CheckpointError(_OTHER_OPTIMIZER)
    if sum(map(len, state.values())) != len(tensors):
        raise CheckpointError(_OTHER_OPTIMIZER)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


class Snapshot:
    """A copy of parameters that can be put back.

    Args:
        parameters: which.

    Attributes:
        values: the copy; empty where there is none.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = parameters
        self.values: list[Tensor] = []

    @property
    def was_taken(self) -> bool:
        """Whether there is one."""
        return bool(self.values)

    def take(self, values: Sequence[Tensor] | None = None) -> None:
        """Copy them as they are now, or other values for them."""
        self.values = [one.detach().clone() for one in (self._parameters if values is None else values)]

    def put(self) -> None:
        """Put the copy back."""
        copy_into(self._parameters, self.values)

    def tensors(self) -> Tensors:
        """The copy by number; nothing where there is none."""
        return {str(number): one for number, one in enumerate(self.values)}

    def restore(self, tensors: Tensors) -> None:
        """What `tensors` gave.

        Raises:
            CheckpointError: of other parameters.
        """
        values = [tensors[str(number)] for number in range(len(tensors))]
        if values:
            _require_shapes(self._parameters, values)
        self.values = [one.to(parameter.device) for one, parameter in zip(values, self._parameters, strict=False)]
