"""The joint probability of observations and labels, Eq. (5), term by term."""

from dataclasses import dataclass
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Flags, Reals
from uisrnn.model.groups import GOES_ON, denominator, goes_on, mark_next, meaning, no_joins
from uisrnn.model.label_prior import LabelPrior
from uisrnn.model.observation import ObservationModel, Prediction, S, negative_log_density
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.observations import Observations


@dataclass(frozen=True)
class Joint(Generic[S]):
    """p(x, y, z) = prod_t p(x_t | observations of y_t)^s p(y_t, z_t | y_1 .. y_{t-1}).

    Attributes:
        observation: the first factor.
        prior: the second factor.
        likelihood_scale: s, 1 in the paper. A smaller value accounts for neighbouring observations that are less
            independent than the model assumes.
    """

    observation: ObservationModel[S]
    prior: LabelPrior
    likelihood_scale: float = 1.0


@torch.no_grad()
def step_scores(
    joint: Joint[S], observations: Observations, labels: labelling.Codes, joins: Flags | None = None
) -> Reals:
    """Teacher-forced score: the negative log joint of given labels, step by step.

    Args:
        joint: the model.
        observations: (T, D).
        labels: (T,) codes by first appearance.
        joins: (T,) whether each observation is at the time of the observation before it; None: no observation is.

    Returns:
        (T,) whose sum is -log p(x, y, z).
    """
    joins = no_joins(len(labels)) if joins is None else joins
    model = joint.observation
    x = torch.tensor(observations, dtype=model.dtype, device=model.device)
    observation_scores = _observation_scores(model, views_taken(model.features(x), labels, joins), labels)
    return joint.likelihood_scale * observation_scores - _label_prior_log_probs(joint.prior, labels, joins)


def views_taken(features: Tensor, labels: labelling.Codes, joins: Flags) -> Tensor:
    """The view of each observation that its label takes: the first if it continues a block, else the last.

    Args:
        features: (T, V, F).
        labels: (T,).
        joins: (T,).

    Returns:
        (T, F).
    """
    starts = torch.from_numpy(~goes_on(labels, joins)).to(features.device)
    return torch.where(starts[:, None], features[:, -1], features[:, 0])


def _observation_scores(model: ObservationModel[S], features: Tensor, labels: labelling.Codes) -> Reals:
    """-log p(x_t | ...) from whole sequences, cluster by cluster."""
    scores = np.empty(len(labels))
    for cluster in range(labels.max() + 1):
        times = np.flatnonzero(labels == cluster)
        x = features[torch.from_numpy(times).to(features.device)]
        prediction = model.unroll(x[:, None], torch.tensor([len(x)]))
        alone = Prediction(prediction.mean[:, 0], prediction.variance[:, 0])
        scores[times] = negative_log_density(x, alone).cpu().numpy()
    return scores


def _label_prior_log_probs(prior: LabelPrior, labels: labelling.Codes, joins: Flags) -> Reals:
    counts = np.zeros(labels.max() + 1, dtype=np.int32)
    marks = np.zeros(labels.max() + 1, dtype=np.uint8)
    clusters = 0
    stays = 0
    changes = 0
    result = np.empty(len(labels))
    for time, label in enumerate(labels.tolist()):
        result[time] = prior.log_prob(counts, marks[:clusters], joins[time], stays, changes)[label]
        continues = meaning(marks[label], joins[time]) == GOES_ON
        stays += continues
        _total, going_on = denominator(0.0, counts, marks, clusters, joins[time], 0.0)
        changes += not continues and going_on > 0
        counts[label] += not continues
        mark_next(marks, clusters, label, joins[time])
        clusters = max(clusters, label + 1)
    return result
