"""What discriminative training makes small, both through the score that the decoder uses."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from uisrnn.data.labels import Codes, renumber
from uisrnn.data.sequences import CodedSequence
from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.search import BeamSearch
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.model.joint import views_taken
from uisrnn.model.observation import ObservationModel, Prediction, negative_log_density
from uisrnn.training.hypotheses import Hypotheses, LearnedPrior, negative_log_joints

BEAM_SIZE = 10

Objective = Callable[[ObservationModel[Any], LearnedPrior, Sequence[CodedSequence]], Tensor]


def expected_errors(model: ObservationModel[Any], prior: LearnedPrior, sequences: Sequence[CodedSequence]) -> Tensor:
    """The share of wrong labels that the beam expects: sum_h p(h) errors(h), p(h) = softmax of -score(h).

    h runs over what the decoder has in its beam at the end of a sequence, and the truth; errors are those left after
    the best renaming. Known from speech recognition and translation as minimum risk training (Shen et al., 2016).

    Args:
        model: the observation model.
        prior: the rest.
        sequences: with labels.

    Returns:
        () the mean over sequences.
    """
    search = BeamSearch(prior.joint(model), BEAM_SIZE)
    owners, codes, errors = [], [], []
    for owner, (one, found) in enumerate(zip(sequences, decode_all(search, sequences), strict=True)):
        truth = _truth(one)
        distinct = {each.tobytes(): each for each in (truth, *(np.array(renumber(beam.codes)) for beam in found))}
        for each in distinct.values():
            owners.append(owner)
            codes.append(each)
            errors.append(1 - compute_sequence_match_accuracy(truth, each))
    hypotheses = Hypotheses(np.array(owners), codes)
    scores = negative_log_joints(model, prior, [_tensor(model, one) for one in sequences], hypotheses)
    rows = torch.split(scores, np.bincount(hypotheses.owners).tolist())
    log_probs = torch.cat([torch.log_softmax(-row, 0) for row in rows])
    return (log_probs.exp() * torch.tensor(errors, dtype=log_probs.dtype, device=log_probs.device)).sum() / len(rows)


def cross_entropy(model: ObservationModel[Any], prior: LearnedPrior, sequences: Sequence[CodedSequence]) -> Tensor:
    """The mean of -log p(y_t | x_1 .. x_t, y_1 .. y_{t-1}) over all observations but the first of each sequence.

    p is the softmax of minus what the decoder adds to a score for each label: the existing clusters and a new one.

    Args:
        model: the observation model.
        prior: the rest.
        sequences: with labels.

    Returns:
        ().
    """
    losses = [
        _step_losses(model, prior, _tensor(model, one), _truth(one)) for one in sequences if len(one.observations) > 1
    ]
    return torch.cat(losses).mean()


def _step_losses(model: ObservationModel[Any], prior: LearnedPrior, x: Tensor, codes: Codes) -> Tensor:
    """(T - 1,) surprise about each label but the first."""
    times, clusters = len(codes), int(codes.max()) + 1
    features = model.features(x)
    taken = views_taken(features, codes)
    own = np.eye(clusters, dtype=np.int64)[codes]
    before = np.cumsum(own, axis=0) - own  # observations of each cluster so far
    members = [np.flatnonzero(codes == cluster) for cluster in range(clusters)]
    one_more = [torch.cat([taken[index], taken[:1]]) for index in members]  # to see what follows the last one
    predicted = model.unroll(pad_sequence(one_more), torch.tensor([len(index) + 1 for index in members]))
    at = torch.from_numpy(before), torch.arange(clusters)
    last = np.concatenate([[-1], codes[:-1]])
    continues = torch.from_numpy(last[:, None] == np.arange(clusters)).to(x.device)
    seen = torch.where(continues[..., None], features[:, None, 0], features[:, None, -1])
    existing = negative_log_density(seen, Prediction(predicted.mean[at], predicted.variance[at]))
    fresh = Prediction(predicted.mean[0, :1], predicted.variance[0, :1])
    new = negative_log_density(features[:, -1], fresh)
    costs = prior.scale.to(x.device) * torch.cat([existing, new[:, None]], dim=1)
    logits = _label_logits(prior, codes, before > 0).to(x.device) - costs
    target = np.where(before[np.arange(times), codes] > 0, codes, clusters)
    return functional.cross_entropy(logits[1:], torch.from_numpy(target[1:]).to(x.device), reduction="none")


def _label_logits(prior: LearnedPrior, codes: Codes, exists: NDArray[np.bool_]) -> Tensor:
    """(T, K + 1) log p(label) at each time, existing clusters first, -inf for those not seen yet."""
    clusters = exists.shape[1]
    last = np.concatenate([[-1], codes[:-1]])
    block = np.eye(clusters)[codes] * (codes != last)[:, None]
    blocks = np.cumsum(block, axis=0) - block
    current = np.eye(clusters + 1)[last][:, :clusters]
    others = torch.from_numpy((blocks * (1 - current * (1 - prior.assignment.current_share))).sum(axis=1))
    total = (others + prior.log_alpha.exp()).log()
    change = prior.log_change + torch.from_numpy(np.log(np.maximum(blocks, 1))) - total[:, None]
    existing = torch.where(torch.from_numpy(current > 0), prior.log_stay, change)
    existing = existing.masked_fill(torch.from_numpy(~exists), -torch.inf)
    return torch.cat([existing, (prior.log_change + prior.log_alpha - total)[:, None]], dim=1)


def _truth(sequence: CodedSequence) -> Codes:
    assert sequence.labels is not None
    return np.array(renumber(sequence.labels))


def _tensor(model: ObservationModel[Any], sequence: CodedSequence) -> Tensor:
    return torch.tensor(sequence.observations, dtype=model.dtype, device=model.device)


OBJECTIVES: dict[str, Objective] = {"expected_errors": expected_errors, "cross_entropy": cross_entropy}
