"""What is searched: the parameters and their ranges; values to a decoder, and back to the model."""

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch

from uisrnn.arguments import InferenceArguments
from uisrnn.model.joint import Joint
from uisrnn.model.plda import PLDAObservation
from uisrnn.model.transition import Transition
from uisrnn.uisrnn import UISRNN

Values = Mapping[str, float]


def _same(value: float) -> float:
    return value


def _odds(probability: float) -> float:
    return probability / (1 - probability)


def _probability(odds: float) -> float:
    return odds / (1 + odds)


@dataclass(frozen=True)
class Tunable:
    """How one parameter is searched: on a logarithmic scale, from start / reach to start * reach.

    Attributes:
        reach: how far from what the model has.
        most: the search goes no further up than this, unless it starts there.
        whole: whether it is an integer.
        coordinate: the parameter's value to the positive number that is searched.
        value: and back.
    """

    reach: float
    most: float = math.inf
    whole: bool = False
    coordinate: Callable[[float], float] = _same
    value: Callable[[float], float] = _same


TUNABLES = {
    "likelihood_scale": Tunable(10),
    "transition_bias": Tunable(10, most=1e6, coordinate=_odds, value=_probability),  # its logit, up to ln 10 away
    "crp_alpha": Tunable(10),
    "discount": Tunable(5, most=1),
    "beam_size": Tunable(4, whole=True),
    "look_ahead": Tunable(2, whole=True),
}
OF_THE_MODEL = ("likelihood_scale", "transition_bias", "crp_alpha", "discount")
_LEAST = 1e-100
_OF_INFERENCE = ("beam_size", "look_ahead")


class Space:
    """Where Optuna looks.

    Args:
        library: Optuna.
        current: the parameters to tune, with the values that they have.

    Attributes:
        current: a copy of those.
        start: their coordinates.
        distributions: Optuna's, of the coordinate of each.
    """

    def __init__(self, library: ModuleType, current: Values) -> None:
        self.current = dict(current)
        self.start = {name: TUNABLES[name].coordinate(value) for name, value in current.items()}
        self.distributions = {name: _distribution(library, TUNABLES[name], one) for name, one in self.start.items()}

    def distance(self, coordinates: Mapping[str, float]) -> float:
        """How far these are from the start, each parameter by the logarithm and in units of its reach."""
        return math.hypot(
            *(math.log(one / self.start[name]) / math.log(TUNABLES[name].reach) for name, one in coordinates.items())
        )


def _distribution(library: ModuleType, tunable: Tunable, start: float) -> Any:
    start = min(max(start, _LEAST), 1 / _LEAST)
    low, high = start / tunable.reach, max(start, min(start * tunable.reach, tunable.most))
    if tunable.whole:
        return library.distributions.IntDistribution(max(1, math.floor(low)), math.ceil(high), log=True)
    return library.distributions.FloatDistribution(low, high, log=True)


def values_of(coordinates: Mapping[str, float]) -> dict[str, float]:
    """Values of parameters from what Optuna has for them."""
    return {name: TUNABLES[name].value(one) for name, one in coordinates.items()}


def current_values(joint: Joint[Any], args: InferenceArguments) -> dict[str, float]:
    """The values of all parameters that this model has."""
    current = {
        "likelihood_scale": joint.likelihood_scale,
        "transition_bias": joint.prior.transition.bias,
        "crp_alpha": joint.prior.crp_alpha,
        "beam_size": args.beam_size,
        "look_ahead": args.look_ahead,
    }
    if isinstance(joint.observation, PLDAObservation):
        current["discount"] = joint.observation.discount.item()
    return {name: current[name] for name in TUNABLES if name in current}


def joint_with(joint: Joint[Any], values: Values) -> Joint[Any]:
    """The same model with other values; nothing of it is changed."""
    prior = dataclasses.replace(
        joint.prior,
        transition=Transition(values.get("transition_bias", joint.prior.transition.bias)),
        crp_alpha=values.get("crp_alpha", joint.prior.crp_alpha),
    )
    observation = joint.observation
    if "discount" in values:
        observation = copy.deepcopy(observation)
        _set_discount(observation, values["discount"])
    return Joint(observation, prior, values.get("likelihood_scale", joint.likelihood_scale))


@torch.no_grad()
def _set_discount(observation: Any, value: float) -> None:
    observation.log_discount.fill_(math.log(value))


def args_with(args: InferenceArguments, values: Values) -> InferenceArguments:
    """The same arguments with other values."""
    given: dict[str, Any] = {name: int(values[name]) for name in _OF_INFERENCE if name in values}
    return dataclasses.replace(args, **given)


def apply(model: UISRNN, values: Values) -> None:
    """Give a model the values that are its own, not those of inference."""
    model.online_predict(reset=True)
    for name in set(values) & {"likelihood_scale", "transition_bias", "crp_alpha"}:
        setattr(model, name, values[name])
    if "discount" in values:
        _set_discount(model.decoder().search.joint.observation, values["discount"])
