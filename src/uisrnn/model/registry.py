"""The registered observation models by name: all that files, training and tuning need to know about each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from uisrnn.arguments import OBSERVATION_MODELS, ModelArguments
from uisrnn.errors import ArgumentError
from uisrnn.model.conventions import Conventions
from uisrnn.model.observation import ObservationModel, S

Shapes = dict[str, tuple[int, ...]]
M = TypeVar("M", bound="ObservationModule[Any]")


class ObservationModule(ObservationModel[S], Protocol):
    """An observation model that is a `torch.nn.Module` too, so that files can hold its tensors."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors by name."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take over the tensors of `state_dict`."""

    def to(self: M, device: torch.device) -> M:
        """Move the tensors to a device."""

    def eval(self: M) -> M:
        """Switch to prediction."""


@dataclass(frozen=True)
class Tunable:
    """A positive scalar of an observation model that `uisrnn.tune` can search.

    Attributes:
        read: the value in a model.
        write: puts a value into a model.
        reach: the search goes from value / reach to value * reach.
        most: the search does not go above this number, unless it starts there.
    """

    read: Callable[[Any], float]
    write: Callable[[Any, float], None]
    reach: float
    most: float = math.inf


def _nothing(model: Any, conventions: Conventions) -> None:
    pass


def _always(tensors: Mapping[str, Tensor]) -> bool:
    return True


@dataclass(frozen=True)
class Registration:
    """An observation model under a name.

    Attributes:
        name: value of `ModelArguments.observation_model`.
        meaning: a few words for help texts.
        build: makes an untrained model.
        trainer: makes the `uisrnn.training.trainer.Trainer` of a model.
        likelihood_scale: scale in decoding before another scale is learned or given.
        tunables: scalars that `uisrnn.tune` can search, by name.
        positive: name of the tensor in a file whose values must be positive; None: no tensor.
        usable: whether the finite tensors of a file give finite scores.
        adopt: makes a model follow conventions, if it has any of them.
        gains_from_gpu: whether training is faster on a GPU; if not, `device="auto"` takes the CPU.
    """

    name: str
    meaning: str
    build: Callable[[ModelArguments], ObservationModule[Any]]
    trainer: Callable[[Any], Any]
    likelihood_scale: float = 1.0
    tunables: Mapping[str, Tunable] = field(default_factory=dict)
    positive: str | None = None
    usable: Callable[[Mapping[str, Tensor]], bool] = _always
    adopt: Callable[[Any, Conventions], None] = _nothing
    gains_from_gpu: bool = True

    def shapes(self, args: ModelArguments) -> Shapes:
        """Names and shapes of the tensors of a model; none is computed or stored.

        Raises:
            ArgumentError: the dimensions are so large that no tensor could have them.
        """
        try:
            with torch.device("meta"):
                model = self.build(args)
        except (RuntimeError, OverflowError, TypeError) as error:  # torch refuses sizes beyond 64 bits in these ways
            raise ArgumentError(f"no tensors can have the dimensions of these arguments: {error!s:.200}") from error
        return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


_REGISTRATIONS: dict[str, Registration] = {}


def register(registration: Registration) -> None:
    """Add an observation model; `ModelArguments(observation_model=...)` accepts its name from now on.

    Every process that uses the model or its files must register it, for example when a module is imported.

    Args:
        registration: see `Registration`. It replaces a registration of the same name.
    """
    _REGISTRATIONS[registration.name] = registration
    OBSERVATION_MODELS[registration.name] = registration.meaning


def registration_of(name: str) -> Registration:
    """The registration under a name that `ModelArguments` accepted."""
    return _REGISTRATIONS[name]


def is_registered(name: object) -> bool:
    """Whether an observation model has this name."""
    return isinstance(name, str) and name in _REGISTRATIONS
