"""How many workers decode a set of sequences: as many as pay.

A worker takes its sequences side by side. If the search is compiled, workers do not wait for each other, so only the
start of a worker limits their number.

Else a step of a worker takes

    step + observation x (number of its sequences),

and during `step` the worker holds Python's lock, which only a single thread can hold. If N sequences are dealt out to W
workers, a round of steps takes the longer of two times: the time of a worker, step + observation x N / W, and the time
for which all workers hold the lock, W x step. Both are equal at W (W - 1) = N x observation / step. Further workers
only wait.
"""

import math
from typing import Any

from torch import nn

from uisrnn.decoding.search import BeamSearch
from uisrnn.model.observation import ObservationModel

MOST_SLOTS = 32
"""Sequences side by side in a worker; with twice as many, an observation costs less by at most a twelfth."""

_STEP = 100e-6
_OBSERVATION = 20e-6
_PARAMETER = 1e-10
_LEAST_WORK = 5e-3
"""Seconds, measured on a thread with 1 to 64 sequences side by side: of a step, of an observation in it, and of an
observation for each parameter of the model; and the work that is worth the start of a worker."""


def workers_that_pay(search: BeamSearch[Any], sequences: int, observations: int, threads: int) -> int:
    """The number of workers that decodes sequences fastest, at least 1.

    Args:
        search: the beam search.
        sequences: number of sequences.
        observations: number of their observations, in all copies.
        threads: maximum number of workers.
    """
    observation = _OBSERVATION + _PARAMETER * _parameters(search.joint.observation)
    most = min(threads, sequences, int(observations * observation / _LEAST_WORK))
    before_lock_is_full = _before_the_lock_is_full(sequences, observation / _STEP)
    if most > before_lock_is_full and not search.is_compiled:  # to ask the search takes milliseconds
        most = before_lock_is_full
    return max(1, most)


def _before_the_lock_is_full(sequences: int, share: float) -> int:
    """The number of workers at which further workers only wait.

    Args:
        sequences: N.
        share: observation / step.
    """
    return int(min(0.5 + math.sqrt(0.25 + sequences * share), 1 + MOST_SLOTS * share))


def _parameters(model: ObservationModel[Any]) -> int:
    """The number of parameters of a model; 0 if the model is no module of torch."""
    return sum(parameter.numel() for parameter in model.parameters()) if isinstance(model, nn.Module) else 0
