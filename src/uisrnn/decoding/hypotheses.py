"""The label sequences in the beam at the end of a sequence, their probabilities, and how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uisrnn.decoding.expansion import SearchState
from uisrnn.sequences.labels import Label, Names

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Hypothesis:
    """A label sequence.

    Attributes:
        codes: (T,) labels of the last copy of the sequence; known clusters have the first numbers, then come new
            clusters as the search numbers them.
        log_prob: log p(x, y, z) of all copies.
    """

    codes: Codes
    log_prob: float


@dataclass(frozen=True)
class Scores:
    """How sure the search is of the labels that it returns.

    Attributes:
        n_best: distinct label sequences in the beam, most probable first, each with its log p(x, y, z). If the
            sequence was decoded several times in a row (`test_iteration`), this is the probability of all copies,
            added up over beams with equal labels for the last copy; so the first labels may differ from the best
            beam's.
        confidence: (T,) for each observation, the share of the beam's probability that agrees with its label.
    """

    n_best: list[tuple[list[Label], float]]
    confidence: NDArray[np.float64]


def hypotheses(state: SearchState[Any], slot: int, length: int) -> list[Hypothesis]:
    """All label sequences of a slot, best first.

    Args:
        state: a search state without final labels.
        slot: the slot of the sequence.
        length: T; the labels of the last T observations are returned.
    """
    beams = state.beams
    tree = state.tree
    root = int(beams.root[slot])
    labelings = beams.of_slot(slot)[0]
    return [
        Hypothesis(
            tree.path(int(beams.leaf[slot, beam]), root)[-length:].astype(np.int64), -float(labelings["score"][beam])
        )
        for beam in range(beams.number[slot])
    ]


def scores_of(beam: Sequence[Hypothesis], names: Names) -> Scores:
    """The probabilities of hypotheses, and how far they agree with the first."""
    log_probs: dict[tuple[Label, ...], float] = {}
    for hypothesis in beam:
        labels = tuple(names.of(hypothesis.codes))
        log_probs[labels] = float(np.logaddexp(log_probs.get(labels, -np.inf), hypothesis.log_prob))
    n_best = sorted(((list(labels), log_prob) for labels, log_prob in log_probs.items()), key=lambda pair: -pair[1])
    highest = max(hypothesis.log_prob for hypothesis in beam)
    weights = np.exp([hypothesis.log_prob - highest for hypothesis in beam])
    agreeing = np.stack([_agree(beam[0].codes, hypothesis.codes, len(names.known)) for hypothesis in beam])
    return Scores(n_best, weights @ agreeing / weights.sum())


def _agree(best: Codes, other: Codes, known: int) -> NDArray[np.bool_]:
    """(T,) whether two label sequences agree, if new clusters are matched so that the labels agree most often."""
    clusters = int(max(best.max(), other.max())) + 1
    together = np.zeros((clusters, clusters))
    np.add.at(together, (best, other), 1)
    matching = np.arange(clusters)
    if clusters > known:
        rows, columns = linear_sum_assignment(together[known:, known:], maximize=True)
        matching[known + columns] = known + rows
    agreement: NDArray[np.bool_] = matching[other] == best
    return agreement
