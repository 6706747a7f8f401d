"""The registration of the GRU, the observation model of the paper."""

from uisrnn.arguments import ModelArguments
from uisrnn.model.conventions import RUNNING_MEANS, Conventions
from uisrnn.model.gru import GRUObservation
from uisrnn.model.registry import Registration
from uisrnn.training.gru_trainer import GRUTrainer


def _build(args: ModelArguments) -> GRUObservation:
    return GRUObservation(args.observation_dim, args.rnn_hidden_size, args.rnn_depth, args.rnn_dropout, args.sigma2)


def _adopt(model: GRUObservation, conventions: Conventions) -> None:
    model.running_mean = RUNNING_MEANS[conventions.running_mean]


GRU = Registration("gru", "the paper's", _build, GRUTrainer, positive="sigma2", adopt=_adopt)
