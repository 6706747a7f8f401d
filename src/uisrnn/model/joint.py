"""The joint probability of observations and labels, Eq. (5), term by term."""

from dataclasses import dataclass
from typing import Generic

import numpy as np
import torch

from uisrnn.data import labels as labelling
from uisrnn.data.sequences import Observations
from uisrnn.model.assignment import Assignment, Integers, Reals, log_weights
from uisrnn.model.observation import ObservationModel, Prediction, S, negative_log_density
from uisrnn.model.transition import Transition


@dataclass(frozen=True)
class LabelPrior:
    """p(y_t, z_t | y_1 .. y_{t-1}): transition and assignment together.

    Attributes:
        transition: p(z_t).
        assignment: p(y_t | z_t = 1, ...).
        crp_alpha: weight of a new cluster.
    """

    transition: Transition
    assignment: Assignment
    crp_alpha: float

    def log_prob(self, block_counts: Integers, last: Integers, clusters: Integers) -> Reals:
        """Log probability of each label for the next observation.

        The first observation of a sequence starts a cluster, with probability 1.

        Args:
            block_counts: (beam, cluster) blocks so far, with at least one column more than any beam has clusters.
            last: (beam,) the label of the last observation; of no matter where there is none yet.
            clusters: (beam,) how many clusters each beam has.

        Returns:
            (beam, cluster): the columns of existing clusters, then that of a new one, then minus infinity.
        """
        if not clusters.any():
            return np.where(np.arange(block_counts.shape[1]) == 0, 0.0, -np.inf) * np.ones((len(clusters), 1))
        denominator = self.assignment.log_denominator(block_counts, last, self.crp_alpha)
        weights = log_weights(block_counts, last, clusters, self.crp_alpha)
        result = self.transition.log_change + weights - denominator[:, None]
        result[np.arange(len(last)), last] = self.transition.log_stay
        return result


@dataclass(frozen=True)
class Joint(Generic[S]):
    """p(x, y, z) = prod_t p(x_t | observations of y_t) p(y_t, z_t | y_1 .. y_{t-1}).

    Attributes:
        observation: the first factor.
        prior: the second.
    """

    observation: ObservationModel[S]
    prior: LabelPrior


@torch.no_grad()
def step_scores(joint: Joint[S], observations: Observations, labels: labelling.Codes) -> Reals:
    """Teacher-forced score: the negative log joint of given labels, step by step.

    Args:
        joint: the model.
        observations: (T, D).
        labels: (T,) codes by first appearance.

    Returns:
        (T,) whose sum is -log p(x, y, z).
    """
    return _observation_scores(joint.observation, observations, labels) - _label_log_probs(joint.prior, labels)


def _observation_scores(model: ObservationModel[S], observations: Observations, labels: labelling.Codes) -> Reals:
    """-log p(x_t | ...) from whole sequences, one cluster at a time."""
    scores = np.empty(len(labels))
    for cluster in range(labels.max() + 1):
        times = np.flatnonzero(labels == cluster)
        x = torch.tensor(observations[times], dtype=model.dtype, device=model.device)
        prediction = model.unroll(x[:, None], torch.tensor([len(x)]))
        alone = Prediction(prediction.mean[:, 0], prediction.variance[:, 0])
        scores[times] = negative_log_density(x, alone).cpu().numpy()
    return scores


def _label_log_probs(prior: LabelPrior, labels: labelling.Codes) -> Reals:
    counts = np.zeros((1, labels.max() + 2), dtype=np.int64)
    clusters, last = np.zeros(1, dtype=np.int64), np.full(1, -1, dtype=np.int64)
    result = np.empty(len(labels))
    for time, label in enumerate(labels):
        result[time] = prior.log_prob(counts, last, clusters)[0, label]
        counts[0, label] += label != last[0]
        clusters[0] = max(clusters[0], label + 1)
        last[0] = label
    return result
