"""The scalars of the label prior, estimated from the labels of a corpus; counts add up over processes."""

import numpy as np

from uisrnn.compiled import Flags
from uisrnn.corpus.corpus import Corpus, Indexes
from uisrnn.model.assignment import AlphaEvidence
from uisrnn.model.groups import events_of
from uisrnn.model.transition import smoothed_share
from uisrnn.sequences.labels import Codes, renumber
from uisrnn.training.team import Team

ALPHA_PRIOR = (2.0, 1.0)
"""Shape and rate of the Gamma prior of an estimated alpha; its mode is 1, the default alpha."""


def transition_bias_of(corpus: Corpus, team: Team) -> tuple[float, float]:
    """p0 and its weight; see `estimate_transition_bias`. `uisrnn.model.groups` explains observations of equal time."""
    plain, grouped = _apart(corpus)
    blocks = corpus.blocks.cuts[plain + 1] - corpus.blocks.cuts[plain]
    changes = float(np.sum(blocks - 1))
    pairs = float(np.sum(corpus.lengths[plain] - 1))
    for codes, joins in grouped:
        counts, _totals = events_of(codes, joins)
        changes += counts[1]
        pairs += counts[0] + counts[1]
    changes_of_all, pairs_of_all = team.sum(np.array([changes, pairs], dtype=np.float64)).tolist()
    return smoothed_share(changes_of_all, pairs_of_all)


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
