"""A model as it is held and kept: arguments, weights and scalars, files; training changes them, see `uisrnn.uisrnn`."""

import dataclasses
import hashlib
import os
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from uisrnn import checkpoint
from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.errors import ArgumentError, NotFittedError
from uisrnn.log import ModelLogger
from uisrnn.model.conventions import ASSIGNMENTS, PAPER, RUNNING_MEANS, Conventions
from uisrnn.model.gru import GRUObservation
from uisrnn.model.joint import Joint
from uisrnn.model.kinds import KINDS, AnyObservation
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.transition import Transition
from uisrnn.prediction import Predictor
from uisrnn.randomness import generator_from, torch_seeded

_K = TypeVar("_K", bound="KeptModel")
OF_THE_PROCESS = ("verbosity", "enable_cuda", "device", "seed")


def device_of(args: ModelArguments) -> torch.device:
    """The device that a model shall be on.

    Args:
        args: of which `device` and `enable_cuda` are looked at.

    Raises:
        ArgumentError: it is asked for by name, but is not there, or `enable_cuda` forbids it.

    >>> device_of(ModelArguments(device="cpu"))
    device(type='cpu')
    """
    number = torch.cuda.device_count() if args.device != "cpu" and torch.cuda.is_available() else 0
    if args.device == "cpu" or (args.device == "auto" and not (args.enable_cuda and number)):
        return torch.device("cpu")
    wanted = 0 if args.device == "auto" else int(args.device.removeprefix("cuda").removeprefix(":") or 0)
    if not args.enable_cuda:
        raise ArgumentError(f"device must be 'auto' or 'cpu' where enable_cuda is False, but is {args.device!r}")
    if wanted >= number:
        there = ", ".join(["cpu", *(f"cuda:{one}" for one in range(number))])
        raise ArgumentError(f"device must be one that torch finds here ({there}), but is {args.device!r}")
    return torch.device("cuda", wanted)


class KeptModel(Predictor):
    """What a model consists of, in memory and in files.

    Args:
        args: `ModelArguments`, any object with those attributes, or None for all defaults.

    Raises:
        ArgumentError: an argument is not acceptable.
    """

    def __init__(self, args: object = None) -> None:
        self.arguments = dataclasses.replace(ModelArguments.of(args))  # a copy: the caller may change theirs
        self.logger = ModelLogger(self.arguments.verbosity)
        self._transition_bias = self.arguments.transition_bias
        self.transition_bias_denominator = 0.0
        self.fitted = False
        self.front_end: str | None = None
        """Name of the front end that made the observations of its training; None: unknown. It may be set."""
        self._generator = generator_from(self.arguments.seed)
        self._conventions = PAPER
        self.likelihood_scale = KINDS[self.arguments.observation_model].likelihood_scale
        self._crp_alpha = self.arguments.crp_alpha
        self._observation = self._new_observation(self.arguments)

    def _new_observation(self, args: ModelArguments) -> AnyObservation:
        device = device_of(args)
        with torch_seeded(self._generator, torch.device("cpu")):
            model = KINDS[args.observation_model].build(args)
        return model.to(device).eval()

    @property
    def conventions(self) -> Conventions:
        """What it does where the paper and 0.1.2 differ: `PAPER`, unless it comes from a file of 0.1.2 or is set."""
        return self._conventions

    @conventions.setter
    def conventions(self, conventions: Conventions) -> None:
        self._conventions = conventions
        if isinstance(self._observation, GRUObservation):
            self._observation.running_mean = RUNNING_MEANS[conventions.running_mean]

    @property
    def transition_bias(self) -> float | None:
        """p0; None until it is estimated. It may be set."""
        return self._transition_bias

    @transition_bias.setter
    def transition_bias(self, value: float | None) -> None:
        self._transition_bias = ModelArguments(transition_bias=value).transition_bias

    @property
    def crp_alpha(self) -> float | None:
        """Alpha, the weight of a new cluster; None until it is estimated. It may be set."""
        return self._crp_alpha

    @crp_alpha.setter
    def crp_alpha(self, value: float) -> None:
        if value is None:
            raise ArgumentError("crp_alpha must be a number > 0, but is None")
        self._crp_alpha = ModelArguments(crp_alpha=value).crp_alpha

    @property
    def likelihood_scale(self) -> float:
        """What -log p(x) is multiplied by where inference arguments do not say: 1 in the paper. It may be set."""
        return self._likelihood_scale

    @likelihood_scale.setter
    def likelihood_scale(self, value: float) -> None:
        given = InferenceArguments(likelihood_scale=value).likelihood_scale
        if given is None:
            raise ArgumentError("likelihood_scale must be a number > 0, but is None")
        self._likelihood_scale = given

    @property
    def device(self) -> torch.device:
        """Where it computes, by `ModelArguments.device`."""
        return self._observation.device

    @property
    def observation_dim(self) -> int:
        """D, the dimension of an observation."""
        return self.arguments.observation_dim

    @property
    def observation_mean(self) -> NDArray[np.float32] | None:
        """(D,) the mean of the observations it was trained on, as the plda family keeps it; None of others."""
        center = getattr(self._observation, "center", None)
        return None if center is None else center.detach().cpu().numpy()

    @property
    def rnn_model(self) -> nn.Module:
        """The network that all clusters share."""
        return self._gru("rnn_model").network

    @property
    def rnn_init_hidden(self) -> nn.Parameter:
        """The learned hidden state of a new cluster: (depth, 1, hidden)."""
        return self._gru("rnn_init_hidden").init_hidden

    @property
    def sigma2(self) -> nn.Parameter:
        """The variance of an observation about its prediction: (D,)."""
        return self._gru("sigma2").sigma2

    def _gru(self, name: str) -> GRUObservation:
        if not isinstance(self._observation, GRUObservation):
            raise AttributeError(f"observation model {self.arguments.observation_model!r} has no {name}")  # noqa: TRY004
        return self._observation

    @property
    def estimate_transition_bias(self) -> bool:
        """Whether `fit` estimates p0; not where it was given."""
        return self.arguments.transition_bias is None

    @property
    def estimate_crp_alpha(self) -> bool:
        """Whether `fit` estimates alpha; not where it was given."""
        return self.arguments.crp_alpha is None

    @property
    def estimate_sigma2(self) -> bool:
        """Whether `fit` learns sigma2; not where it was given."""
        return self.arguments.sigma2 is None

    # --- what Predictor asks for ---

    @property
    def _verbosity(self) -> int:
        return self.arguments.verbosity

    def _joint(self) -> Joint[Any]:
        if self.transition_bias is None:
            raise NotFittedError("transition_bias is not known: fit() the model, load() one, or pass transition_bias")
        if self.crp_alpha is None:
            raise NotFittedError("crp_alpha is not known: fit() the model, load() one, or pass crp_alpha")
        if not self.fitted:
            self.logger.warning("this model was never trained: its labels mean nothing")
        return self._joint_of(self.transition_bias, self.crp_alpha, self.likelihood_scale)

    def _joint_of(self, transition_bias: float, crp_alpha: float, likelihood_scale: float) -> Joint[Any]:
        prior = LabelPrior(Transition(transition_bias), ASSIGNMENTS[self.conventions.assignment], crp_alpha)
        return Joint(self._observation, prior, likelihood_scale)

    def fingerprint(self) -> str:
        """A digest of all weights and of what else decides labels; equal models in two processes have the same."""
        scalars = (self.conventions, self.transition_bias, self.crp_alpha, self.likelihood_scale)
        digest = hashlib.sha256(repr(scalars).encode())
        for name, parameter in sorted(self._observation.state_dict().items()):
            digest.update(name.encode() + parameter.detach().cpu().numpy().tobytes())
        return digest.hexdigest()

    def draw_seed(self) -> int:
        """A seed for work elsewhere, another one at each call; they follow from the model's own."""
        return int(self._generator.integers(2**62))

    # --- files ---

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write the model to a file, in one step: a kill at any moment leaves an older file whole.

        Args:
            filepath: the file; its folder must exist.

        Raises:
            CheckpointError: a weight or scalar is NaN or infinite; nothing is written.
            OSError: the file cannot be written.
        """
        checkpoint.write(filepath, self._checkpoint())

    def to_bytes(self) -> bytes:
        """The content of the file that `save` writes, for a process or a machine that shares no disk.

        Raises:
            CheckpointError: as `save` does.
        """
        return checkpoint.pack(self._checkpoint())

    def load_bytes(self, content: bytes) -> None:
        """Become the model in the content of a file; see `load`.

        Args:
            content: what `to_bytes` gave.

        Raises:
            CheckpointError: as `load` does.
        """
        self._become(checkpoint.unpack(content))

    def _checkpoint(self) -> checkpoint.Checkpoint:
        arguments = dataclasses.asdict(self.arguments)
        return checkpoint.Checkpoint(
            arguments={name: value for name, value in arguments.items() if name not in OF_THE_PROCESS},
            conventions=self.conventions,
            transition_bias=self.transition_bias,
            transition_bias_denominator=self.transition_bias_denominator,
            tensors=self._observation.state_dict(),
            fitted=self.fitted,
            likelihood_scale=self.likelihood_scale,
            crp_alpha=self.crp_alpha,
            front_end=self.front_end,
        )

    def load(self, filepath: str | os.PathLike[str]) -> None:
        """Become the model in a file, of this library or of 0.1.2, whatever its dimensions.

        What concerns this process stays: verbosity, enable_cuda, device and seed; of a file of 0.1.2, which says
        nothing of them, also dropout and whether transition_bias and sigma2 are fixed. The optimizer's state is not in
        the file: `fit` after `load` starts it anew.

        Args:
            filepath: the file.

        Raises:
            CheckpointError: the file is truncated, foreign or hostile; the model is as before.
            OSError: there is no such file, or it cannot be opened.
        """
        self._become(checkpoint.read(filepath))
        self.logger.info("loaded %s: D=%d, transition_bias=%s", filepath, self.observation_dim, self.transition_bias)

    def _become(self, found: checkpoint.Checkpoint) -> None:
        self.online_predict(reset=True)
        known = {name: value for name, value in found.arguments.items() if name not in OF_THE_PROCESS}
        arguments = dataclasses.replace(self.arguments, **known)
        observation = self._new_observation(arguments)
        observation.load_state_dict(found.tensors)
        self._observation, self.arguments = observation, arguments
        self.conventions = found.conventions
        self.transition_bias = found.transition_bias
        self.transition_bias_denominator = found.transition_bias_denominator
        self._crp_alpha = arguments.crp_alpha if found.crp_alpha is None else found.crp_alpha
        self.likelihood_scale = found.likelihood_scale
        self.fitted = found.fitted
        self.front_end = found.front_end

    @classmethod
    def from_file(cls: type[_K], filepath: str | os.PathLike[str], args: object = None) -> _K:
        """A new model from a file, without knowing its dimensions; see `load`.

        Args:
            filepath: the file.
            args: where the process's own arguments come from (verbosity, enable_cuda, device, seed).

        Raises:
            CheckpointError, OSError: as `load` does.
        """
        model = cls(args)
        model.load(filepath)
        return model
