"""Models from arguments and from the contents of files, and back."""

import dataclasses

import numpy as np
import torch

from uisrnn import observation_models as observation_models  # importing it registers the models of the package
from uisrnn.arguments import PROCESS_ARGUMENTS, ModelArguments
from uisrnn.checkpoint import Checkpoint
from uisrnn.errors import ArgumentError
from uisrnn.model.model import Model
from uisrnn.model.registry import registration_of
from uisrnn.randomness import torch_seeded


def device_of(args: ModelArguments) -> torch.device:
    """The device of a model with these arguments.

    Args:
        args: only `device`, `enable_cuda` and `observation_model` count.

    Raises:
        ArgumentError: the device does not exist, or `enable_cuda` forbids it.

    >>> device_of(ModelArguments(device="cpu"))
    device(type='cpu')
    """
    number = torch.cuda.device_count() if args.device != "cpu" and torch.cuda.is_available() else 0
    takes_gpu = args.enable_cuda and number > 0 and registration_of(args.observation_model).gains_from_gpu
    if args.device == "cpu" or (args.device == "auto" and not takes_gpu):
        return torch.device("cpu")
    wanted = 0 if args.device == "auto" else int(args.device.removeprefix("cuda").removeprefix(":") or 0)
    if not args.enable_cuda:
        raise ArgumentError(f"device must be 'auto' or 'cpu' if enable_cuda is False, but is {args.device!r}")
    if wanted >= number:
        there = ", ".join(["cpu", *(f"cuda:{index}" for index in range(number))])
        raise ArgumentError(f"device must be a device that torch finds ({there}), but is {args.device!r}")
    return torch.device("cuda", wanted)


def new_model(args: ModelArguments, generator: np.random.Generator) -> Model:
    """An untrained model.

    Args:
        args: see `ModelArguments`.
        generator: source of the initial weights.

    Raises:
        ArgumentError: see `device_of`.
    """
    registration = registration_of(args.observation_model)
    device = device_of(args)
    with torch_seeded(generator, torch.device("cpu")):
        observation = registration.build(args)
    return Model(
        arguments=args,
        observation=observation.to(device).eval(),
        transition_bias=args.transition_bias,
        transition_spread=args.transition_spread,
        crp_alpha=args.crp_alpha,
        likelihood_scale=registration.likelihood_scale,
    )


def model_of(checkpoint: Checkpoint, args: ModelArguments, generator: np.random.Generator) -> Model:
    """The model in a file.

    Args:
        checkpoint: content of the file.
        args: arguments of this process, and arguments that the file does not hold.
        generator: see `new_model`.

    Raises:
        ArgumentError: see `device_of`.
    """
    stored = {name: value for name, value in checkpoint.arguments.items() if name not in PROCESS_ARGUMENTS}
    model = new_model(dataclasses.replace(args, **stored), generator)
    model.observation.load_state_dict(checkpoint.tensors)
    return dataclasses.replace(
        model,
        transition_bias=checkpoint.transition_bias,
        transition_spread=checkpoint.transition_spread,
        crp_alpha=model.crp_alpha if checkpoint.crp_alpha is None else checkpoint.crp_alpha,
        likelihood_scale=checkpoint.likelihood_scale,
        conventions=checkpoint.conventions,
        transition_bias_denominator=checkpoint.transition_bias_denominator,
        fitted=checkpoint.fitted,
        front_end=checkpoint.front_end,
    )


def checkpoint_of(model: Model) -> Checkpoint:
    """The content of the file of a model."""
    arguments = dataclasses.asdict(model.arguments)
    return Checkpoint(
        arguments={name: value for name, value in arguments.items() if name not in PROCESS_ARGUMENTS},
        conventions=model.conventions,
        transition_bias=model.transition_bias,
        transition_spread=model.transition_spread,
        transition_bias_denominator=model.transition_bias_denominator,
        tensors=model.observation.state_dict(),
        fitted=model.fitted,
        likelihood_scale=model.likelihood_scale,
        crp_alpha=model.crp_alpha,
        front_end=model.front_end,
    )
