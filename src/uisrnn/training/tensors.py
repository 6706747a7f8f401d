"""Parameters and optimizers as named tensors, copies of them, and back."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from uisrnn.checkpoint.container import part
from uisrnn.errors import CheckpointError

Tensors = dict[str, Tensor]

_OTHER_OPTIMIZER = "the optimizer in the checkpoint is of another model"


def largest_weight(parameters: Iterable[Tensor]) -> int:
    """The number of entries of the largest parameter."""
    return max(parameter.numel() for parameter in parameters)


def are_equal(first: Tensors, second: Tensors) -> bool:
    """Whether names, shapes and values of two groups of tensors are equal."""

    def same(name: str) -> bool:
        ours = first[name].detach().cpu()
        theirs = second[name].detach().cpu()
        return ours.shape == theirs.shape and bool((ours == theirs).all())

    return first.keys() == second.keys() and all(map(same, first))


@torch.no_grad()
def copy_into(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copy values into parameters.

    Raises:
        CheckpointError: their numbers or shapes differ.
    """
    _require_shapes(parameters, values)
    for parameter, value in zip(parameters, values, strict=True):
        parameter.copy_(value)


def _require_shapes(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    if [parameter.shape for parameter in parameters] != [value.shape for value in values]:
        raise CheckpointError("the weights in the checkpoint are of other shapes than those of the model")


def load_into(module: nn.Module, tensors: Tensors) -> None:
    """Copy weights into a module.

    Raises:
        CheckpointError: names or shapes of the weights differ from those of the module.
    """
    own = module.state_dict()
    if own.keys() != tensors.keys():
        raise CheckpointError(f"the checkpoint must hold the weights {', '.join(own)}, but holds {', '.join(tensors)}")
    copy_into(list(own.values()), [tensors[name] for name in own])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """The state of an optimizer, by number of the parameter and name."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def load_optimizer(optimizer: torch.optim.Adam, tensors: Tensors) -> None:
    """Give an optimizer the state that `optimizer_tensors` returned for another optimizer of the same parameters.

    Raises:
        CheckpointError: the state is of other parameters.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    parts = {number: part(str(number), tensors) for number in range(len(parameters))}
    state = {number: held for number, held in parts.items() if held}
    for number, held in state.items():
        shape = parameters[number].shape
        if {name: value.shape for name, value in held.items()} != {"step": (), "exp_avg": shape, "exp_avg_sq": shape}:
            raise CheckpointError(_OTHER_OPTIMIZER)
    if sum(map(len, state.values())) != len(tensors):
        raise CheckpointError(_OTHER_OPTIMIZER)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


class ParameterCopy:
    """A copy of parameters that can be put back.

    Args:
        parameters: the parameters.

    Attributes:
        values: the copy; empty before `take`.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = parameters
        self.values: list[Tensor] = []

    @property
    def was_taken(self) -> bool:
        """Whether there is a copy."""
        return bool(self.values)

    def take(self, values: Sequence[Tensor] | None = None) -> None:
        """Copy the current parameters, or other values in their place."""
        self.values = [value.detach().clone() for value in (self._parameters if values is None else values)]

    def put(self) -> None:
        """Write the copy into the parameters."""
        copy_into(self._parameters, self.values)

    def tensors(self) -> Tensors:
        """The copy by number; empty without a copy."""
        return {str(number): value for number, value in enumerate(self.values)}

    def restore(self, tensors: Tensors) -> None:
        """Take over the result of `tensors`.

        Raises:
            CheckpointError: the tensors are of other parameters.
        """
        values = [tensors[str(number)] for number in range(len(tensors))]
        if values:
            _require_shapes(self._parameters, values)
        self.values = [value.to(parameter.device) for value, parameter in zip(values, self._parameters, strict=False)]


@contextmanager
def restored_on_failure(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Put the first values of tensors back after any exception, an interrupt included."""
    pairs = [(tensor, tensor.detach().clone()) for tensor in tensors]
    try:
        yield
    except BaseException:
        with torch.no_grad():
            for tensor, before in pairs:
                tensor.copy_(before)
        raise
