"""Batches dealt out to workers by Ray Data."""

import json
import logging
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from uisrnn import extras
from uisrnn.distributed.cluster import load_ray, quiet, told_here
from uisrnn.distributed.decoding import Work, Worker
from uisrnn.distributed.plan import Batch

_TRIES_AGAIN = 3  # of a batch whose worker was lost: one that kills every worker must not do so forever

Outcomes = Generator[dict[str, Any], None, None]


def outcomes_of(work: Work, batches: Sequence[Batch], workers: int) -> Outcomes:
    """What comes of batches, as they are done, from a cluster that this process is connected to.

    Args:
        work: what workers must know.
        batches: of the plan.
        workers: how many.

    Raises:
        ClusterError: workers were lost too often, or Ray failed.
    """
    ray = load_ray()
    with told_here("prediction"):
        if ray.util.client.ray.is_connected():  # Ray Data needs a driver that is a part of the cluster
            yield from ray.get(ray.remote(num_cpus=0)(_all_outcomes).remote(work, batches, workers))
        else:
            yield from _outcomes(work, batches, workers)


def _all_outcomes(work: Work, batches: Sequence[Batch], workers: int) -> list[dict[str, Any]]:
    return list(_outcomes(work, batches, workers))


def _outcomes(work: Work, batches: Sequence[Batch], workers: int) -> Outcomes:
    ray_data = extras.load("ray.data", "ray", "prediction on a cluster")
    items = [{"batch": one.to_json()} for one in batches]
    with quiet(), _silent(ray_data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that Ray 2.64 will not take the last two any more
            done = ray_data.from_items(items, override_num_blocks=len(items)).map_batches(
                Worker, fn_constructor_args=(work,), batch_size=1, num_cpus=1,
                compute=ray_data.ActorPoolStrategy(size=min(workers, len(items)), max_tasks_in_flight_per_actor=2),
                max_restarts=-1, max_task_retries=_TRIES_AGAIN,
            )  # fmt: skip
        for row in done.iter_rows():
            yield json.loads(row["outcome"])


@contextmanager
def _silent(ray_data: Any) -> Iterator[None]:
    """Nothing is printed but what we print: Ray Data has bars of its own, and tells of its plans and of each retry."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that its own defaults are deprecated
        context = ray_data.DataContext.get_current()
    logger = logging.getLogger("ray.data")
    bars, level = context.enable_progress_bars, logger.level
    context.enable_progress_bars = False
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        context.enable_progress_bars = bars
        logger.setLevel(level)
