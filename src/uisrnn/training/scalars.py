"""The scalars of the label prior, estimated from the labels of a corpus; counts add up over processes."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from uisrnn.compiled import Flags
from uisrnn.corpus.corpus import Corpus, Indexes
from uisrnn.model.assignment import AlphaEvidence
from uisrnn.model.groups import events_of
from uisrnn.model.transition import smoothed_share
from uisrnn.sequences.labels import Codes, renumber
from uisrnn.training.team import Team

ALPHA_PRIOR = (2.0, 1.0)
"""Shape and rate of the Gamma prior of an estimated alpha; its mode is 1, the default alpha."""

_SPREADS = (1e-6, 1.0)
"""Range of an estimated r; with r = 1 and p0 = 1/2, all change rates are equally likely."""


def transition_bias_of(corpus: Corpus, team: Team) -> tuple[float, float]:
    """p0 and its weight; see `estimate_transition_bias`. `uisrnn.model.groups` explains observations of equal time."""
    stays, changes = _steps_of(corpus)
    own = np.array([changes.sum(), stays.sum() + changes.sum()], dtype=np.float64)
    changes_of_all, pairs_of_all = team.sum(own).tolist()
    return smoothed_share(changes_of_all, pairs_of_all)


def transition_spread_of(corpus: Corpus, bias: float, team: Team) -> float:
    """The r of `Transition` with the highest likelihood, given p0.

    With n_k sequences that have more than k changes, m_k that have more than k stays, and l_k that have more than k
    steps, the log likelihood is sum_k n_k log(p0 + r k) + m_k log(1 - p0 + r k) - l_k log(1 + r k).

    Args:
        corpus: labelled sequences of this process.
        bias: p0.
        team: the processes that share the sequences.

    Returns:
        A number from 0 to 1.
    """
    stays, changes = _steps_of(corpus)
    longest = max(team.gather(int(np.max(stays + changes, initial=0))))
    numbers = team.sum(np.stack([_exceeding(counts, longest) for counts in (changes, stays, stays + changes)]))
    earlier = np.arange(longest)

    def log_likelihood(spread: float) -> float:
        factors = np.log(np.stack([bias + spread * earlier, 1 - bias + spread * earlier, 1 + spread * earlier]))
        return float(numbers[0] @ factors[0] + numbers[1] @ factors[1] - numbers[2] @ factors[2])

    best = optimize.minimize_scalar(
        lambda log_spread: -log_likelihood(np.exp(log_spread)), bounds=np.log(_SPREADS), method="bounded"
    )
    spread = float(np.exp(best.x))
    return spread if log_likelihood(spread) > log_likelihood(0.0) else 0.0


def _exceeding(counts: Indexes, longest: int) -> NDArray[np.float64]:
    """(longest,) how many of the counts exceed 0, 1, 2, ..."""
    return len(counts) - np.cumsum(np.bincount(counts, minlength=longest + 1)).astype(np.float64)[:longest]


def _steps_of(corpus: Corpus) -> tuple[Indexes, Indexes]:
    """For each sequence, the number of observations that stay in a block, and of observations that change the label."""
    plain, grouped = _apart(corpus)
    changes = corpus.blocks.cuts[plain + 1] - corpus.blocks.cuts[plain] - 1
    stays = corpus.lengths[plain] - 1 - changes
    events = [events_of(codes, joins)[0][:2] for codes, joins in grouped]
    of_groups = np.array(events, dtype=np.int64).reshape(-1, 2)
    return np.concatenate([stays, of_groups[:, 0]]), np.concatenate([changes, of_groups[:, 1]])


def crp_alpha_of(corpus: Corpus, team: Team) -> float:
    """Alpha; see `estimate_crp_alpha`. `uisrnn.model.groups` explains observations of equal time."""
    plain, grouped = _apart(corpus)
    own = AlphaEvidence.of([corpus.block_codes(number) for number in plain.tolist()])
    for codes, joins in grouped:
        own += AlphaEvidence.of_groups(codes, joins)
    others = np.zeros(max(team.gather(len(own.others))))
    others[: len(own.others)] = own.others
    new = team.sum(np.array([own.new], dtype=np.float64))
    return AlphaEvidence(int(new[0]), team.sum(others).astype(np.int64)).posterior_maximum(*ALPHA_PRIOR)


def _apart(corpus: Corpus) -> tuple[Indexes, list[tuple[Codes, Flags]]]:
    """Numbers of the sequences without observations of equal time; labels and joins of the other sequences."""
    plain = [number for number, joins in enumerate(corpus.joins) if joins is None]
    grouped = [
        (np.array(renumber(corpus.labels(number))), joins)
        for number, joins in enumerate(corpus.joins)
        if joins is not None
    ]
    return np.array(plain, dtype=np.int64), grouped
