"""The registered observation models; to add a model, call `register`."""

from uisrnn.model.registry import Registration, Tunable, register
from uisrnn.observation_models.gru import GRU
from uisrnn.observation_models.plda import CONTEXT_PLDA, PLDA

__all__ = ["Registration", "Tunable", "register"]

for _registration in (GRU, PLDA, CONTEXT_PLDA):
    register(_registration)
