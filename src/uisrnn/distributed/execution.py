"""Execution of batches by the workers of a cluster, by Ray Data."""

import json
import logging
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from uisrnn import extras
from uisrnn.distributed.cluster import load_ray, quiet, raising_worker_errors
from uisrnn.distributed.decoding import Work, Worker
from uisrnn.distributed.plan import SequenceBatch

_RETRIES = 3  # of a batch whose worker was lost; a batch may kill every worker, so there is a limit

Outcomes = Generator[dict[str, Any], None, None]


def outcomes_of(work: Work, batches: Sequence[SequenceBatch], workers: int) -> Outcomes:
    """The outcomes of batches, in the order in which workers finish them.

    This process must be connected to a cluster.

    Args:
        work: the description of the work.
        batches: of the plan.
        workers: number of workers.

    Raises:
        ClusterError: workers were lost too often, or Ray failed.
    """
    ray = load_ray()
    with raising_worker_errors("prediction"):
        if ray.util.client.ray.is_connected():  # Ray Data needs a driver that is a part of the cluster
            yield from ray.get(ray.remote(num_cpus=0)(_all_outcomes).remote(work, batches, workers))
        else:
            yield from _outcomes(work, batches, workers)


def _all_outcomes(work: Work, batches: Sequence[SequenceBatch], workers: int) -> list[dict[str, Any]]:
    return list(_outcomes(work, batches, workers))


def _outcomes(work: Work, batches: Sequence[SequenceBatch], workers: int) -> Outcomes:
    ray_data = extras.load("ray.data", "ray", "prediction on a cluster")
    items = [{"batch": batch.to_json()} for batch in batches]
    with quiet(), _silent(ray_data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Ray 2.64 warns that the last two arguments will go
            done = ray_data.from_items(items, override_num_blocks=len(items)).map_batches(
                Worker, fn_constructor_args=(work,), batch_size=1, num_cpus=1,
                compute=ray_data.ActorPoolStrategy(size=min(workers, len(items)), max_tasks_in_flight_per_actor=2),
                max_restarts=-1, max_task_retries=_RETRIES,
            )  # fmt: skip
        for row in done.iter_rows():
            yield json.loads(row["outcome"])


@contextmanager
def _silent(ray_data: Any) -> Iterator[None]:
    """Let Ray Data print nothing: else it prints progress bars, its plans and each retry."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Ray warns that its own defaults are deprecated
        context = ray_data.DataContext.get_current()
    logger = logging.getLogger("ray.data")
    has_bars = context.enable_progress_bars
    level = logger.level
    context.enable_progress_bars = False
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        context.enable_progress_bars = has_bars
        logger.setLevel(level)
