"""The observation models by name: how each is made, and which tensors a file of it holds."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from uisrnn.arguments import ModelArguments
from uisrnn.model.gru import GRUObservation
from uisrnn.model.plda import PLDAObservation
from uisrnn.model.unmixing import HIDDEN

AnyObservation = GRUObservation | PLDAObservation
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Kind:
    """One observation model.

    Attributes:
        build: makes one that was never trained.
        shapes: names and shapes of its tensors, without making one.
        positive: name of the tensor that must be positive throughout.
        usable: whether what follows from the tensors of a file is finite; they are of the right shapes and finite.
        likelihood_scale: what it decodes with unless another is learned or given.
    """

    build: Callable[[ModelArguments], AnyObservation]
    shapes: Callable[[ModelArguments], Shapes]
    positive: str
    likelihood_scale: float
    usable: Callable[[dict[str, Tensor]], bool]


def _gru(args: ModelArguments) -> GRUObservation:
    return GRUObservation(args.observation_dim, args.rnn_hidden_size, args.rnn_depth, args.rnn_dropout, args.sigma2)


def _gru_shapes(args: ModelArguments) -> Shapes:
    dim, hidden, depth = args.observation_dim, args.rnn_hidden_size, args.rnn_depth
    shapes: Shapes = {
        "init_hidden": (depth, 1, hidden),
        "sigma2": (dim,),
        "network.linear_mean1.weight": (hidden, hidden),
        "network.linear_mean1.bias": (hidden,),
        "network.linear_mean2.weight": (dim, hidden),
        "network.linear_mean2.bias": (dim,),
    }
    for layer in range(depth):
        shapes[f"network.gru.weight_ih_l{layer}"] = (3 * hidden, dim if layer == 0 else hidden)
        shapes[f"network.gru.weight_hh_l{layer}"] = (3 * hidden, hidden)
        shapes[f"network.gru.bias_ih_l{layer}"] = (3 * hidden,)
        shapes[f"network.gru.bias_hh_l{layer}"] = (3 * hidden,)
    return shapes


def _plda(args: ModelArguments) -> PLDAObservation:
    return PLDAObservation(args.observation_dim, min(args.plda_dim, args.observation_dim))


def _plda_shapes(args: ModelArguments) -> Shapes:
    dim = min(args.plda_dim, args.observation_dim)
    scalars = ("power", "log_between", "log_within", "log_new", "log_discount", "length_norm")
    return {
        "center": (args.observation_dim,),
        "projection": (args.observation_dim, dim),
        "eigenvalues": (dim,),
        **dict.fromkeys(scalars, ()),
    }


def _context_plda(args: ModelArguments) -> PLDAObservation:
    return PLDAObservation(args.observation_dim, min(args.plda_dim, args.observation_dim), args.plda_context)


def _context_plda_shapes(args: ModelArguments) -> Shapes:
    taps = args.plda_context + 1
    return {
        **_plda_shapes(args),
        "unmixing.inner.weight": (HIDDEN, taps * (taps - 1) // 2 + args.plda_context),
        "unmixing.inner.bias": (HIDDEN,),
        "unmixing.weights.weight": (2 * taps, HIDDEN),
        "unmixing.weights.bias": (2 * taps,),
    }


def _plda_usable(tensors: dict[str, Tensor]) -> bool:
    between = tensors["eigenvalues"].pow(tensors["power"]) * tensors["log_between"].exp()
    within, discount = tensors["log_within"].exp(), tensors["log_discount"].exp()
    new = (between + within) * tensors["log_new"].exp()
    lengths = (1 + tensors["eigenvalues"]).sum().pow(tensors["length_norm"].abs() / 2)
    derived = torch.cat([between, new, torch.stack([within, discount, lengths])])
    linear = [one for name, one in tensors.items() if one.ndim]
    within_bounds = bool(((derived > _LEAST) & (derived < _MOST)).all())
    return within_bounds and all(bool((one.abs() < _MOST).all()) for one in linear)


_LEAST, _MOST = 1e-15, 1e15
PLDA_SCALE = 0.3
KINDS: dict[str, Kind] = {
    "gru": Kind(_gru, _gru_shapes, "sigma2", 1.0, lambda tensors: True),
    "plda": Kind(_plda, _plda_shapes, "eigenvalues", PLDA_SCALE, _plda_usable),
    "context_plda": Kind(_context_plda, _context_plda_shapes, "eigenvalues", PLDA_SCALE, _plda_usable),
}
