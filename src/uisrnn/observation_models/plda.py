"""The registrations of plda and context_plda."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from uisrnn.arguments import ModelArguments
from uisrnn.model.plda import PLDAObservation
from uisrnn.model.registry import Registration, Tunable
from uisrnn.training.plda_trainer import PLDATrainer

LIKELIHOOD_SCALE = 0.3
_LEAST = 1e-15
_MOST = 1e15


def _build(args: ModelArguments) -> PLDAObservation:
    return PLDAObservation(args.observation_dim, min(args.plda_dim, args.observation_dim))


def _build_with_context(args: ModelArguments) -> PLDAObservation:
    return PLDAObservation(args.observation_dim, min(args.plda_dim, args.observation_dim), args.plda_context)


def _usable(tensors: Mapping[str, Tensor]) -> bool:
    """Whether all values that follow from the tensors are within bounds."""
    between = tensors["eigenvalues"].pow(tensors["power"]) * tensors["log_between"].exp()
    within = tensors["log_within"].exp()
    discount = tensors["log_discount"].exp()
    new = (between + within) * tensors["log_new"].exp()
    lengths = (1 + tensors["eigenvalues"]).sum().pow(tensors["length_norm"].abs() / 2)
    derived = torch.cat([between, new, torch.stack([within, discount, lengths])])
    linear = [tensor for tensor in tensors.values() if tensor.ndim]
    within_bounds = bool(((derived > _LEAST) & (derived < _MOST)).all())
    return within_bounds and all(bool((tensor.abs() < _MOST).all()) for tensor in linear)


def _discount(model: PLDAObservation) -> float:
    return model.discount.item()


@torch.no_grad()
def _set_discount(model: PLDAObservation, value: float) -> None:
    model.log_discount.fill_(math.log(value))


_TUNABLES = {"discount": Tunable(_discount, _set_discount, reach=5, most=1)}

PLDA = Registration(
    "plda", "two covariances in closed form", _build, PLDATrainer,
    LIKELIHOOD_SCALE, _TUNABLES, positive="eigenvalues", usable=_usable, gains_from_gpu=False,
)  # fmt: skip
CONTEXT_PLDA = Registration(
    "context_plda", "plda that also looks at the preceding observations", _build_with_context, PLDATrainer,
    LIKELIHOOD_SCALE, _TUNABLES, positive="eigenvalues", usable=_usable, gains_from_gpu=False,
)  # fmt: skip
