"""The search space: parameters, their ranges, and the way from values to a decoder and into a model."""

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.model.joint import Joint
from uisrnn.model.registry import Tunable
from uisrnn.uisrnn import UISRNN

Values = Mapping[str, float]
Tunables = Mapping[str, Tunable]


def _same(value: float) -> float:
    return value


def _odds(probability: float) -> float:
    return probability / (1 - probability)


def _probability(odds: float) -> float:
    return odds / (1 + odds)


@dataclass(frozen=True)
class Range:
    """The range of a parameter: from start / reach to start * reach, on a logarithmic scale.

    Attributes:
        reach: largest factor between the start and a proposal.
        most: upper bound of the proposals, unless the start exceeds it.
        whole: whether the parameter is an integer.
        coordinate: the positive number that is searched, from the value of the parameter.
        value: the inverse of `coordinate`.
    """

    reach: float
    most: float = math.inf
    whole: bool = False
    coordinate: Callable[[float], float] = _same
    value: Callable[[float], float] = _same


_SCALARS = {
    "likelihood_scale": Range(10),
    "transition_bias": Range(10, most=1e6, coordinate=_odds, value=_probability),  # its logit, up to ln 10 away
    "crp_alpha": Range(10),
}
_INFERENCE = {"beam_size": Range(4, whole=True), "look_ahead": Range(2, whole=True)}
_LEAST = 1e-100


def ranges_of(tunables: Tunables) -> dict[str, Range]:
    """The ranges of all parameters of a model.

    Args:
        tunables: scalars of its observation model.
    """
    own = {name: Range(tunable.reach, tunable.most) for name, tunable in tunables.items()}
    return {**_SCALARS, **own, **_INFERENCE}


def model_parameters(tunables: Tunables) -> list[str]:
    """Names of the parameters that belong to a model; the other parameters belong to inference."""
    return [*_SCALARS, *tunables]


class Space:
    """The search space of Optuna.

    Args:
        library: Optuna.
        current: the parameters to tune, with their current values.
        ranges: the range of each parameter.

    Attributes:
        current: the current values.
        start: their coordinates.
        distributions: Optuna's distribution of each coordinate.
    """

    def __init__(self, library: ModuleType, current: Values, ranges: Mapping[str, Range]) -> None:
        self._ranges = ranges
        self.current = dict(current)
        self.start = {name: ranges[name].coordinate(value) for name, value in current.items()}
        self.distributions = {
            name: _distribution(library, ranges[name], coordinate) for name, coordinate in self.start.items()
        }

    def distance(self, coordinates: Mapping[str, float]) -> float:
        """Distance from the start: for each parameter the logarithm of the factor, in units of its reach."""
        return math.hypot(
            *(
                math.log(coordinate / self.start[name]) / math.log(self._ranges[name].reach)
                for name, coordinate in coordinates.items()
            )
        )

    def values(self, coordinates: Mapping[str, float]) -> dict[str, float]:
        """Values of parameters from their coordinates."""
        return {name: self._ranges[name].value(coordinate) for name, coordinate in coordinates.items()}


def _distribution(library: ModuleType, searched: Range, start: float) -> Any:
    start = min(max(start, _LEAST), 1 / _LEAST)
    low = start / searched.reach
    high = max(start, min(start * searched.reach, searched.most))
    if searched.whole:
        return library.distributions.IntDistribution(max(1, math.floor(low)), math.ceil(high), log=True)
    return library.distributions.FloatDistribution(low, high, log=True)


def current_values(joint: Joint[Any], tunables: Tunables, args: InferenceArguments) -> dict[str, float]:
    """The current values of all parameters of a model."""
    return {
        "likelihood_scale": joint.likelihood_scale,
        "transition_bias": joint.prior.transition.bias,
        "crp_alpha": joint.prior.crp_alpha,
        **{name: tunable.read(joint.observation) for name, tunable in tunables.items()},
        **{name: getattr(args, name) for name in _INFERENCE},
    }


def joint_with(joint: Joint[Any], tunables: Tunables, values: Values) -> Joint[Any]:
    """A copy of a joint probability with other values."""
    prior = dataclasses.replace(
        joint.prior,
        transition=dataclasses.replace(
            joint.prior.transition, bias=values.get("transition_bias", joint.prior.transition.bias)
        ),
        crp_alpha=values.get("crp_alpha", joint.prior.crp_alpha),
    )
    observation = joint.observation
    if not tunables.keys().isdisjoint(values):
        observation = copy.deepcopy(observation)
        _write(observation, tunables, values)
    return Joint(observation, prior, values.get("likelihood_scale", joint.likelihood_scale))


def _write(observation: Any, tunables: Tunables, values: Values) -> None:
    for name, tunable in tunables.items():
        if name in values:
            tunable.write(observation, values[name])


def args_with(args: InferenceArguments, values: Values) -> InferenceArguments:
    """A copy of arguments with other values."""
    given: dict[str, Any] = {name: int(values[name]) for name in _INFERENCE if name in values}
    return dataclasses.replace(args, **given)


def apply(model: UISRNN, tunables: Tunables, values: Values) -> None:
    """Give a model the values that belong to it, not to inference."""
    model.online_predict(reset=True)
    for name in _SCALARS:
        if name in values:
            setattr(model, name, values[name])
    _write(model._model.observation, tunables, values)
