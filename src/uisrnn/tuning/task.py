"""The checked request of `tune`: the work of a trial, the parameters and the number of trials."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.checks import require_integer
from uisrnn.decoding.decoder import Decoder
from uisrnn.errors import ArgumentError, InputError, NotFittedError
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.model.joint import Joint
from uisrnn.model.registry import registration_of
from uisrnn.parallel import limited
from uisrnn.sequences import coded as data
from uisrnn.sequences.coded import CodedSequence
from uisrnn.tuning.space import Tunables, Values, args_with, current_values, joint_with, model_parameters
from uisrnn.uisrnn import UISRNN

Metric = Callable[[list[Any], list[Any]], float]
SequenceScores = list[float]


@dataclass(frozen=True)
class Task:
    """The work of a trial.

    Attributes:
        model: the model to tune.
        joint: its joint probability, with the current parameters.
        args: arguments of decoding, with the parameters that are not tuned.
        sequences: sequences with labels.
        metric: see `tune`.
        metric_name: name of the metric in files.
    """

    model: UISRNN
    joint: Joint[Any]
    args: InferenceArguments
    sequences: list[CodedSequence]
    metric: Metric
    metric_name: str

    @property
    def tunables(self) -> Tunables:
        """The scalars of the observation model that can be tuned."""
        return registration_of(self.model.arguments.observation_model).tunables

    def scored(self, values: Values) -> SequenceScores | None:
        """The score of each sequence with given values; None if decoding fails with them.

        Empty values are the current values of the model, to the last digit.
        """
        try:
            decoded = self._decoded(values)
        except InputError:
            if not values:
                raise
            return None
        return [self._score(sequence, labels) for sequence, labels in zip(self.sequences, decoded, strict=True)]

    def _decoded(self, values: Values) -> list[list[Any]]:
        decoder = Decoder.of(joint_with(self.joint, self.tunables, values), args_with(self.args, values))
        with limited(self.model.arguments.threads):
            return [list(decoder.names.of(beam[0].codes)) for beam in decoder.decode(self.sequences)]

    def _score(self, sequence: CodedSequence, labels: list[Any]) -> float:
        assert sequence.labels is not None
        score: Any = self.metric(sequence.labels.tolist(), labels)
        if not isinstance(score, numbers.Real) or not math.isfinite(score):
            raise ArgumentError(f"metric must give a finite number, but gives {score!r} for {sequence.name}")
        return float(score)


def task_of(model: UISRNN, sequences: Any, labels: Any, metric: str | Metric, args: object) -> Task:
    """The task of checked arguments of `tune`."""
    if not isinstance(model, UISRNN):
        raise ArgumentError(f"model must be a UISRNN (a clusterer's is its model_), but is {type(model).__name__}")
    if not model.fitted:
        raise NotFittedError("this model was never trained: fit() or load() it before it is tuned")
    labeled, _single = data.labeled(sequences, labels, model.observation_dim)
    if len(labeled) < 2:
        raise InputError("sequences: at least two are needed, to choose values on a sequence and score them on another")
    inference_args = dataclasses.replace(InferenceArguments.of(args), test_iteration=1)
    joint = model.decoder(inference_args).search.joint
    return Task(model, joint, inference_args, labeled, *_metric(metric))


def _metric(metric: str | Metric) -> tuple[Metric, str]:
    if metric == "accuracy":
        return compute_sequence_match_accuracy, "accuracy"
    if isinstance(metric, str) or not callable(metric):
        raise ArgumentError(f"metric must be 'accuracy' or a function of true and found labels, but is {metric!r}")
    named = metric if hasattr(metric, "__qualname__") else type(metric)
    return metric, f"{named.__module__}.{named.__qualname__}"


def chosen_parameters(task: Task, names: Sequence[str] | None) -> dict[str, float]:
    """The parameters to tune, with their current values."""
    current = current_values(task.joint, task.tunables, task.args)
    if names is None:
        chosen = [name for name in model_parameters(task.tunables) if not _fixed(name, task.args)]
    else:
        chosen = [name for name in current if name in names] if isinstance(names, Sequence) else []
    if isinstance(names, str) or not chosen or (names is not None and len(chosen) < len(names)):
        raise ArgumentError(f"parameters must be some of {', '.join(current)}, but are {names!r}")
    if any(_fixed(name, task.args) for name in chosen):
        raise ArgumentError("likelihood_scale must be None in args if it is among the parameters to tune")
    return {name: current[name] for name in chosen}


def _fixed(name: str, args: InferenceArguments) -> bool:
    return name == "likelihood_scale" and args.likelihood_scale is not None


@dataclass(frozen=True)
class Plan:
    """The extent of the search; see `tune`. A timeout of None is infinite seconds."""

    trials: int
    folds: int
    timeout: float


def plan_of(trials: Any, folds: Any, timeout: Any) -> Plan:
    """The plan of checked arguments of `tune`."""
    return Plan(require_integer("trials", trials, 1), require_integer("folds", folds, 2), _seconds(timeout))


def _seconds(timeout: Any) -> float:
    if timeout is None:
        return math.inf
    if isinstance(timeout, bool) or not isinstance(timeout, numbers.Real) or not float(timeout) > 0:
        raise ArgumentError(f"timeout must be a number > 0 of seconds, or None, but is {timeout!r}")
    return float(timeout)
