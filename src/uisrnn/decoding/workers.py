"""How many workers decode a set of sequences: as many as pay.

A worker takes its sequences side by side. A step of a worker costs

    step + observation x (number of its sequences),

and during `step` it holds Python's lock, which a single thread can hold. While N sequences are dealt out to W workers,
a round of steps takes the longer of two times: the step of a worker, step + observation x N / W, and the time for which
all workers hold the lock, W x step. Both are equal at W (W - 1) = N x observation / step; a further worker only waits.
"""

import math
from typing import Any

from torch import nn

from uisrnn.model.observation import ObservationModel

MOST_SLOTS = 32
"""Sequences side by side in a worker; with twice as many, an observation costs only a twelfth less."""

_STEP = 100e-6
_OBSERVATION = 20e-6
_PARAMETER = 1e-10
_LEAST_WORK = 5e-3
"""Seconds, measured on a thread with 1 to 64 sequences side by side: of a step, of an observation in it, and of an
observation for each parameter of the model; and the work that is worth the start of a worker."""


def workers_that_pay(model: ObservationModel[Any], sequences: int, observations: int) -> int:
    """The number of workers that decodes sequences fastest on a machine with any number of cores, at least 1.

    Args:
        model: the observation model.
        sequences: number of sequences.
        observations: number of their observations, in all copies.

    >>> from uisrnn.model.plda import PLDAObservation
    >>> [workers_that_pay(PLDAObservation(2, 2), number, 1000 * number) for number in (1, 8, 64, 512)]
    [1, 1, 4, 7]
    """
    observation = _OBSERVATION + _PARAMETER * _parameters(model)
    share = observation / _STEP
    before_lock_is_full = 0.5 + math.sqrt(0.25 + sequences * share)
    with_full_slots = 1 + MOST_SLOTS * share
    worth_a_start = observations * observation / _LEAST_WORK
    return max(1, min(sequences, int(min(before_lock_is_full, with_full_slots, worth_a_start))))


def _parameters(model: ObservationModel[Any]) -> int:
    """The number of parameters of a model; 0 if the model is no module of torch."""
    return sum(parameter.numel() for parameter in model.parameters()) if isinstance(model, nn.Module) else 0
