"""The loss of discriminative training: the expected share of wrong labels in the beam of the decoder."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uisrnn.decoding.offline import decode_all
from uisrnn.decoding.search import BeamSearch
from uisrnn.evals import compute_sequence_match_accuracy
from uisrnn.model.observation import ObservationModel
from uisrnn.model.placement import on_faster_device
from uisrnn.sequences.coded import CodedSequence
from uisrnn.sequences.labels import Codes, renumber
from uisrnn.training.sequence_scores import LabelHypotheses, LearnedPrior, negative_log_joints
from uisrnn.transfers import sent

BEAM_SIZE = 10

Objective = Callable[[ObservationModel[Any], LearnedPrior, Sequence[CodedSequence]], Tensor]


def expected_errors(model: ObservationModel[Any], prior: LearnedPrior, sequences: Sequence[CodedSequence]) -> Tensor:
    """The expected share of wrong labels: sum_h p(h) errors(h), p(h) = softmax of -score(h).

    h runs over the label sequences in the beam at the end of a sequence and over the truth. errors(h) is the share of
    wrong labels after the best renaming. Speech recognition and translation call this minimum risk training (Shen et
    al., 2016).

    Args:
        model: the observation model.
        prior: p0, alpha and the likelihood scale.
        sequences: sequences with labels.

    Returns:
        (n,) for each sequence, on the CPU.
    """
    search = BeamSearch(on_faster_device(prior.joint(model)), BEAM_SIZE)
    owners = []
    codes = []
    errors = []
    for owner, (sequence, beam) in enumerate(zip(sequences, decode_all(search, sequences), strict=True)):
        truth = _truth(sequence)
        candidates = (truth, *(np.array(renumber(hypothesis.codes)) for hypothesis in beam))
        for labels in {candidate.tobytes(): candidate for candidate in candidates}.values():
            owners.append(owner)
            codes.append(labels)
            errors.append(1 - compute_sequence_match_accuracy(truth, labels))
    hypotheses = LabelHypotheses(np.array(owners), codes, [sequence.joining for sequence in sequences])
    scores = negative_log_joints(model, prior, [_tensor(model, sequence) for sequence in sequences], hypotheses)
    sizes = np.bincount(hypotheses.owners).tolist()
    rows = zip(torch.split(scores, sizes), torch.split(torch.tensor(errors, dtype=scores.dtype), sizes), strict=True)
    return torch.stack([torch.softmax(-row, 0) @ wrong for row, wrong in rows])


def _truth(sequence: CodedSequence) -> Codes:
    assert sequence.labels is not None
    return np.array(renumber(sequence.labels))


def _tensor(model: ObservationModel[Any], sequence: CodedSequence) -> Tensor:
    return sent(torch.tensor(sequence.observations, dtype=model.dtype), model.device)
