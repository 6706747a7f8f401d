"""The device on which a model decodes, if users leave the choice to the library.

A step of the beam works on a few states at a time, and the beam's bookkeeping is compiled for the CPU. So decoding on a
GPU copies and waits at each step. On an H200 with 16 cores, a GRU of 1.6 million weights (256 dimensions, hidden 512)
takes, for each observation:

    sequences    GPU        CPU
    512 x 200    98 us      42 us
    64 x 200     110 us     142 us with 2 cores
    1 x 200      2177 us    492 us with 2 cores

The time of a CPU grows with the number of weights. The time of a GPU hardly does.
"""

import copy
from dataclasses import replace
from typing import Any

import torch

from uisrnn.model.joint import Joint
from uisrnn.model.registry import ObservationModule

MOST_WEIGHTS_ON_CPU = 2**21
"""A model on a GPU with more weights decodes on the GPU."""


def is_faster_on_cpu(observation: ObservationModule[Any]) -> bool:
    """Whether a model on a GPU has so few weights that a CPU decodes faster."""
    if observation.device.type == "cpu":
        return False
    weights: int = sum(tensor.numel() for tensor in observation.state_dict().values())
    return weights <= MOST_WEIGHTS_ON_CPU


def on_faster_device(joint: Joint[Any]) -> Joint[Any]:
    """A joint probability for decoding: with a copy of the model on the CPU if the CPU is faster, or itself.

    The copy does not follow later changes of the weights.

    Args:
        joint: its observation model is an `ObservationModule`.
    """
    observation: Any = joint.observation
    if not is_faster_on_cpu(observation):
        return joint
    return replace(joint, observation=copy.deepcopy(observation).to(torch.device("cpu")))
