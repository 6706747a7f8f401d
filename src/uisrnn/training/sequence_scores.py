"""Label sequences of many sequences at once, and what they cost: the decoder's score with gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from uisrnn.compiled import Flags
from uisrnn.model.assignment import Assignment
from uisrnn.model.groups import events, goes_on
from uisrnn.model.joint import Joint
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.observation import ObservationModel, negative_log_density
from uisrnn.model.transition import Transition
from uisrnn.sequences.labels import Codes

_LEAST = 1e-12
"""Scalars start no nearer to 0, nor p0 to 1, where their gradients vanish."""


class LearnedPrior(nn.Module):
    """The scalars beside the observation model, in forms that any number is allowed for.

    Args:
        start: the model with p0, alpha and s to start with.
        learn_bias: whether p0 may change.
        learn_alpha: whether alpha may change.
    """

    def __init__(self, start: Joint[Any], learn_bias: bool = True, learn_alpha: bool = True) -> None:
        super().__init__()
        self._start = start.prior
        given = [start.prior.transition.bias, start.prior.crp_alpha, start.likelihood_scale]
        bias, alpha, scale = torch.tensor(given, dtype=torch.float64).clamp(min=_LEAST)
        self._logit_bias = nn.Parameter(bias.logit(), requires_grad=learn_bias)
        self.log_alpha = nn.Parameter(alpha.log(), requires_grad=learn_alpha)
        self.log_scale = nn.Parameter(scale.log())

    @property
    def assignment(self) -> Assignment:
        """A convention, not learned."""
        return self._start.assignment

    @property
    def log_stay(self) -> Tensor:
        """log (1 - p0)."""
        return functional.logsigmoid(-self._logit_bias)

    @property
    def log_change(self) -> Tensor:
        """log p0."""
        return functional.logsigmoid(self._logit_bias)

    @property
    def scale(self) -> Tensor:
        """s."""
        return self.log_scale.exp()

    def joint(self, model: ObservationModel[Any]) -> Joint[Any]:
        """What the decoder takes, with the values of now."""
        bias, alpha = self._start.transition.bias, self._start.crp_alpha
        if self._logit_bias.requires_grad:
            bias = min(max(self._logit_bias.sigmoid().item(), _LEAST), 1 - _LEAST)
        if self.log_alpha.requires_grad:
            alpha = self.log_alpha.exp().item()
        return Joint(model, LabelPrior(Transition(bias), self.assignment, alpha), self.scale.item())


@dataclass(frozen=True)
class LabelHypotheses:
    """Label sequences of several sequences, each by first appearance.

    Attributes:
        owners: (n,) which sequence each is of.
        codes: n label sequences.
        joins: of each sequence, (T,) whether each observation is at the time of the observation before it.
    """

    owners: NDArray[np.int64]
    codes: Sequence[Codes]
    joins: Sequence[Flags]


def negative_log_joints(
    model: ObservationModel[Any], prior: LearnedPrior, observations: Sequence[Tensor], hypotheses: LabelHypotheses
) -> Tensor:
    """What the decoder's beams carry as their score, (n,) with gradients.

    Args:
        model: the observation model.
        prior: the rest.
        observations: (T_i, D) of each sequence.
        hypotheses: n of them.
    """
    costs = observation_costs(model, observations, hypotheses)
    return prior.scale.to(costs.device) * costs - log_label_priors(prior, hypotheses).to(costs.device)


def observation_costs(
    model: ObservationModel[Any], observations: Sequence[Tensor], hypotheses: LabelHypotheses
) -> Tensor:
    """sum_t -log p(x_t | observations of its cluster), (n,).

    A cluster's cost follows from which observations it took, and label sequences of one beam share most of their
    clusters: each distinct one is computed once.
    """
    features = [model.features(one) for one in observations]
    views = torch.cat([one.flatten(0, 1) for one in features])
    offsets = np.cumsum([0, *map(len, features)])
    found: dict[bytes, int] = {}
    indexes: list[Tensor] = []
    members, clusters = [], []
    for number, (owner, codes) in enumerate(zip(hypotheses.owners.tolist(), hypotheses.codes, strict=True)):
        views_of = (offsets[owner] + np.arange(len(codes))) * model.views
        views_of += ~goes_on(codes, hypotheses.joins[owner]) * (model.views - 1)
        for cluster in range(int(codes.max()) + 1):
            index_of = views_of[codes == cluster]
            identity = index_of.tobytes()
            if identity not in found:
                found[identity] = len(indexes)
                indexes.append(torch.from_numpy(index_of))
            members.append(number)
            clusters.append(found[identity])
    lengths = torch.tensor([len(one) for one in indexes])
    index = pad_sequence(indexes).to(views.device)
    x = views[index]
    costs = negative_log_density(x, model.unroll(x, lengths))
    mask = torch.arange(len(index))[:, None] < lengths
    each = torch.where(mask.to(costs.device), costs, 0.0).sum(0)
    total = each.new_zeros(len(hypotheses.codes))
    return total.index_add(0, torch.tensor(members, device=total.device), each[clusters])


def log_label_priors(prior: LearnedPrior, hypotheses: LabelHypotheses) -> Tensor:
    """log p(y, z), (n,): Eqs. (6) and (7) over whole label sequences; see `uisrnn.model.groups`."""
    counts = np.empty((len(hypotheses.codes), 4))
    longest = max(map(len, hypotheses.codes))
    totals = np.full((len(hypotheses.codes), longest), -1.0)
    for number, (owner, codes) in enumerate(zip(hypotheses.owners.tolist(), hypotheses.codes, strict=True)):
        events(codes, hypotheses.joins[owner], prior.assignment.current_share, counts[number], totals[number])
    stays, changes, new, log_weights = torch.from_numpy(counts).unbind(1)
    others = torch.from_numpy(totals)
    denominators = torch.where(others >= 0, (others.clamp(min=0) + prior.log_alpha.exp()).log(), 0.0).sum(1)
    return stays * prior.log_stay + changes * prior.log_change + new * prior.log_alpha + log_weights - denominators
