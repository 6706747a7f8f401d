"""Scores of label sequences as in the decoder, with gradients, for many sequences at once."""

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
from uisrnn.transfers import sent

_LEAST = 1e-12
"""Least distance of start values from 0, and of p0 from 1; their gradients vanish there."""


class LearnedPrior(nn.Module):
    """p0, alpha and the likelihood scale as unbounded parameters; r of `Transition` stays.

    Args:
        start: a joint probability with the start values.
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
        """The convention of the assignment, which is not learned."""
        return self._start.assignment

    def log_transitions(self, stays: Tensor, changes: Tensor, longest: int) -> Tensor:
        """log p(z) of sequences, (n,), whose stays and changes may have any order.

        The probability is the product of the factors of `Transition`: p0 + r k for the change after k changes,
        1 - p0 + r k for the stay after k stays, and 1 / (1 + r k) at step k.

        Args:
            stays: (n,) numbers of stays.
            changes: (n,) numbers of changes.
            longest: largest number of both together, or more.
        """
        steps = stays + changes
        earlier = torch.arange(longest, dtype=torch.float64)
        spread = self._start.transition.spread
        bias = self._logit_bias.sigmoid()
        rest = (-self._logit_bias).sigmoid()
        return (
            _first_terms((bias + spread * earlier).log(), changes)
            + _first_terms((rest + spread * earlier).log(), stays)
            - _first_terms(torch.log1p(spread * earlier), steps)
        )

    @property
    def scale(self) -> Tensor:
        """s."""
        return self.log_scale.exp()

    def joint(self, model: ObservationModel[Any]) -> Joint[Any]:
        """The joint probability with the current values, for the decoder."""
        bias = self._start.transition.bias
        alpha = self._start.crp_alpha
        if self._logit_bias.requires_grad:
            bias = min(max(self._logit_bias.sigmoid().item(), _LEAST), 1 - _LEAST)
        if self.log_alpha.requires_grad:
            alpha = self.log_alpha.exp().item()
        transition = Transition(bias, self._start.transition.spread)
        return Joint(model, LabelPrior(transition, self.assignment, alpha), self.scale.item())


def _first_terms(terms: Tensor, numbers: Tensor) -> Tensor:
    """Sums of the first `numbers` terms, (n,)."""
    sums = functional.pad(terms.cumsum(0), (1, 0))
    return sums[numbers.long()]


@dataclass(frozen=True)
class LabelHypotheses:
    """Label sequences of several sequences, numbered by first appearance.

    Attributes:
        owners: (n,) for each label sequence, the number of its sequence.
        codes: n label sequences.
        joins: for each sequence, (T,) whether each observation has the time of the observation before it.
    """

    owners: NDArray[np.int64]
    codes: Sequence[Codes]
    joins: Sequence[Flags]


def negative_log_joints(
    model: ObservationModel[Any], prior: LearnedPrior, observations: Sequence[Tensor], hypotheses: LabelHypotheses
) -> Tensor:
    """The scores of label sequences, equal to the scores of the decoder's beams: (n,) with gradients, on the CPU.

    A model on a GPU waits for the CPU only twice: for the costs, and for their gradients.

    Args:
        model: the observation model.
        prior: p0, alpha and the likelihood scale.
        observations: (T_i, D) for each sequence.
        hypotheses: n label sequences.
    """
    costs = observation_costs(model, observations, hypotheses).cpu()
    return prior.scale * costs - log_label_priors(prior, hypotheses)


def observation_costs(
    model: ObservationModel[Any], observations: Sequence[Tensor], hypotheses: LabelHypotheses
) -> Tensor:
    """sum_t -log p(x_t | observations of its cluster), (n,).

    The cost of a cluster depends only on its observations, and the label sequences of a beam share most of their
    clusters. So the cost of each distinct cluster is computed once.
    """
    features = [model.features(x) for x in observations]
    views = torch.cat([vectors.flatten(0, 1) for vectors in features])
    offsets = np.cumsum([0, *map(len, features)])
    numbers: dict[bytes, int] = {}  # of distinct clusters, by their observations
    indexes: list[Tensor] = []
    members = []
    clusters = []
    for number, (owner, codes) in enumerate(zip(hypotheses.owners.tolist(), hypotheses.codes, strict=True)):
        views_of = (offsets[owner] + np.arange(len(codes))) * model.views
        views_of += ~goes_on(codes, hypotheses.joins[owner]) * (model.views - 1)
        for cluster in range(int(codes.max()) + 1):
            index_of = views_of[codes == cluster]
            identity = index_of.tobytes()
            if identity not in numbers:
                numbers[identity] = len(indexes)
                indexes.append(torch.from_numpy(index_of))
            members.append(number)
            clusters.append(numbers[identity])
    lengths = torch.tensor([len(index) for index in indexes])
    padded = pad_sequence(indexes)
    x = views[sent(padded, views.device)]
    costs = negative_log_density(x, model.unroll(x, lengths))
    mask = torch.arange(len(padded))[:, None] < lengths
    each = torch.where(sent(mask, costs.device), costs, 0.0).sum(0)
    total = each.new_zeros(len(hypotheses.codes))
    taken, into = (sent(torch.tensor(numbers), total.device) for numbers in (clusters, members))
    return total.index_add(0, into, each[taken])


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
    return prior.log_transitions(stays, changes, longest) + new * prior.log_alpha + log_weights - denominators
