"""Trials of `tune` on a Ray cluster, several at the same time."""

import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.distributed.cluster import connect, load_ray, raising_worker_errors
from uisrnn.distributed.decoding import model_from
from uisrnn.errors import ArgumentError
from uisrnn.sequences.coded import CodedSequence
from uisrnn.tuning.evaluator import TrialRunner
from uisrnn.tuning.space import Values
from uisrnn.tuning.task import Metric, SequenceScores, Task

_RETRIES = 3  # of a trial whose worker is lost


@dataclass(frozen=True)
class RayTrials:
    """Runs the trials of `tune` on a Ray cluster: `uisrnn.tune(..., evaluator=RayTrials(workers=4))`.

    Values are proposed for all workers together, so the result depends on the seed and on the number of workers, but
    not on the speed of a worker. Model and sequences are sent once. If a worker is lost, its trial is repeated. All
    machines must have this library. A metric of your own is sent by Ray: a function of your program or notebook is sent
    as a whole; a function of a module is sent by its name, so all machines must have the module.

    Args:
        address: `host:port` or `ray://host:port` of a cluster; None: `RAY_ADDRESS` of the environment, or else workers
            of this machine for the time of the trials.
        workers: number of trials at the same time, each on a core of a CPU; None: the number of cores of the cluster.
    """

    address: str | None = None
    workers: int | None = None

    @contextmanager
    def ready(self, task: Task) -> Iterator[TrialRunner]:
        """Connect to the cluster and send the model and the sequences, for the time of the context.

        Raises:
            ArgumentError: `address` is not an address, `workers` is not an integer >= 1, or the metric cannot be sent.
            ClusterError: nothing answers at the address, or a trial lost its worker at each attempt.
            MissingExtraError: Ray is not installed.
        """
        with connect(self.address, self.workers) as number, raising_worker_errors("tuning"):
            yield _RayBench(load_ray(), task, number)


class _RayBench:
    def __init__(self, ray: Any, task: Task, number: int) -> None:
        self.batch_size = number
        self._ray = ray
        self._trial = ray.remote(num_cpus=1, max_retries=_RETRIES)(_scored)
        self._inputs = ray.put(_TrialInputs(task.model.to_bytes(), task.args, task.sequences))
        try:
            self._metric = ray.put(task.metric)
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            raise ArgumentError(f"metric must be a function that can be sent, but {task.metric_name} cannot") from error

    def scores(self, proposals: Sequence[Values]) -> Iterator[SequenceScores | None]:
        # After an error, the other trials end by themselves: to cancel a trial that is ending would crash Ray.
        for trial in [self._trial.remote(self._inputs, self._metric, dict(values)) for values in proposals]:
            try:
                scores: SequenceScores | None = self._ray.get(trial)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error  # the error of the trial, as without a cluster
            yield scores


@dataclass(frozen=True)
class _TrialInputs:
    """The inputs of all trials: the bytes of the model file, the inference arguments and the labelled sequences."""

    model: bytes
    args: InferenceArguments
    sequences: list[CodedSequence]


def _scored(inputs: _TrialInputs, metric: Metric, values: Values) -> SequenceScores | None:
    """Run a trial on a worker."""
    model = model_from(inputs.model)
    joint = model.decoder(inputs.args).search.joint
    return Task(model, joint, inputs.args, inputs.sequences, metric, "").scored(values)
