"""Trials of `tune` on a Ray cluster, several at once."""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.distributed.cluster import connect, load_ray, told_here
from uisrnn.distributed.decoding import model_from
from uisrnn.errors import ArgumentError
from uisrnn.sequences.coded import CodedSequence
from uisrnn.tuning.evaluator import TrialRunner
from uisrnn.tuning.space import Values
from uisrnn.tuning.task import Metric, SequenceScores, Task

_RETRIES = 3  # of a trial whose worker is lost


@dataclass(frozen=True)
class RayTrials:
    """Does the trials of `tune` on a Ray cluster: `uisrnn.tune(..., evaluator=RayTrials(workers=4))`.

    Values are proposed for all workers together, so what is found depends on the seed and on the number of workers,
    but not on which of them is fast. Model and sequences are sent once. The trial of a worker that is lost is done
    again. All machines must have this library; a metric of your own travels as Ray sends functions: one of your
    program or notebook as a whole, one of a module by its name, so that the machines must have the module.

    Args:
        address: `host:port` or `ray://host:port` of a cluster; None: `RAY_ADDRESS` of the environment, or else workers
            of this machine for as long as it takes.
        workers: trials at once, each on one core of a CPU; None: as many as the cluster has cores.
    """

    address: str | None = None
    workers: int | None = None

    @contextmanager
    def ready(self, task: Task) -> Iterator[TrialRunner]:
        """See `Evaluator.ready`.

        Raises:
            ArgumentError: the address is none, `workers` is no number of processes, or the metric cannot be sent.
            ClusterError: nothing answers at the address, or a trial was lost with its worker each time.
            MissingExtraError: Ray is not installed.
        """
        with connect(self.address, self.workers) as number, told_here("tuning"):
            yield _RayBench(load_ray(), task, number)


class _RayBench:
    """See `TrialRunner`."""

    def __init__(self, ray: Any, task: Task, number: int) -> None:
        self.batch_size = number
        self._ray = ray
        self._trial = ray.remote(num_cpus=1, max_retries=_RETRIES)(_scored)
        self._parcel = ray.put(_Parcel(task.model.to_bytes(), task.args, task.sequences))
        try:
            self._metric = ray.put(task.metric)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise ArgumentError(f"metric must be a function that can be sent, but {task.metric_name} cannot") from error

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        """See `TrialRunner.scores`."""
        # Trials that an error leaves behind end by themselves: to cancel one that just ends takes Ray and us down.
        for one in [self._trial.remote(self._parcel, self._metric, dict(values)) for values in proposals]:
            try:
                scores: SequenceScores | None = self._ray.get(one)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error  # what a trial raises here too
            yield scores


@dataclass(frozen=True)
class _Parcel:
    """What all trials need: the model file, how to decode, labelled sequences."""

    model: bytes
    args: InferenceArguments
    sequences: list[CodedSequence]


def _scored(parcel: _Parcel, metric: Metric, values: Values) -> SequenceScores | None:
    """A trial, on a worker."""
    model = model_from(parcel.model)
    joint = model.decoder(parcel.args).search.joint
    return Task(model, joint, parcel.args, parcel.sequences, metric, "", workers=1).scored(values)
