"""What a beam holds at the end: label sequences, their probabilities, and how far they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uisrnn.decoding.block import SearchState
from uisrnn.sequences.labels import Label, Names

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Hypothesis:
    """One label sequence.

    Attributes:
        codes: (T,) known clusters first, then new ones as the search numbers them; of the last copy of the sequence.
        log_prob: log p(x, y, z) of all copies.
    """

    codes: Codes
    log_prob: float


@dataclass(frozen=True)
class Scores:
    """How sure the search is of the labels that it returns.

    Attributes:
        n_best: distinct label sequences in the beam, most probable first, each with its log p(x, y, z); where the
            sequence was decoded several times in a row (`test_iteration`), that of all copies, added up over what
            ended in the same labels, so that the first may be other labels than those of the best beam.
        confidence: (T,) for each observation, the share of the beam's probability that agrees with its label.
    """

    n_best: list[tuple[list[Label], float]]
    confidence: NDArray[np.float64]


def hypotheses(state: SearchState[Any], slot: int, length: int) -> list[Hypothesis]:
    """All label sequences of a slot, best first.

    Args:
        state: of a search, with no final labels.
        slot: of the sequence.
        length: T, labels of the last so many observations are wanted.
    """
    beams, tree = state.beams, state.tree
    root, labelings = int(beams.root[slot]), beams.of_slot(slot)[0]
    return [
        Hypothesis(
            tree.path(int(beams.leaf[slot, beam]), root)[-length:].astype(np.int64), -float(labelings["score"][beam])
        )
        for beam in range(beams.number[slot])
    ]


def scores_of(found: Sequence[Hypothesis], names: Names) -> Scores:
    """The probabilities of hypotheses, and how far they agree with the first."""
    log_probs: dict[tuple[Label, ...], float] = {}
    for one in found:
        labels = tuple(names.of(one.codes))
        log_probs[labels] = float(np.logaddexp(log_probs.get(labels, -np.inf), one.log_prob))
    n_best = sorted(((list(labels), log_prob) for labels, log_prob in log_probs.items()), key=lambda pair: -pair[1])
    weights = np.exp([one.log_prob - max(other.log_prob for other in found) for one in found])
    agreeing = np.stack([_agree(found[0].codes, one.codes, len(names.known)) for one in found])
    return Scores(n_best, weights @ agreeing / weights.sum())


def _agree(best: Codes, other: Codes, known: int) -> NDArray[np.bool_]:
    """(T,) whether two label sequences agree, where new clusters are matched so that they do as often as possible."""
    clusters = int(max(best.max(), other.max())) + 1
    together = np.zeros((clusters, clusters))
    np.add.at(together, (best, other), 1)
    matching = np.arange(clusters)
    if clusters > known:
        rows, columns = linear_sum_assignment(together[known:, known:], maximize=True)
        matching[known + columns] = known + rows
    agreement: NDArray[np.bool_] = matching[other] == best
    return agreement
