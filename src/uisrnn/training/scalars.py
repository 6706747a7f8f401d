"""The scalars of the label prior, estimated from the labels of a corpus; counts add up over processes."""

import numpy as np

from uisrnn.data.corpus import Corpus
from uisrnn.model.assignment import AlphaEvidence
from uisrnn.model.transition import smoothed_share
from uisrnn.training.team import Team

ALPHA_PRIOR = (2.0, 1.0)
"""Shape and rate of the Gamma prior of an alpha that is estimated; its mode is 1, what alpha is when it is not."""


def transition_bias_of(corpus: Corpus, team: Team) -> tuple[float, float]:
    """p0 and its weight; see `estimate_transition_bias`."""
    changes = len(corpus.blocks.codes) - len(corpus)
    pairs = int(corpus.lengths.sum()) - len(corpus)
    changes_of_all, pairs_of_all = team.sum(np.array([changes, pairs], dtype=np.float64)).tolist()
    return smoothed_share(changes_of_all, pairs_of_all)


def crp_alpha_of(corpus: Corpus, team: Team) -> float:
    """Alpha; see `estimate_crp_alpha`."""
    own = AlphaEvidence.of([corpus.block_codes(number) for number in range(len(corpus))])
    others = np.zeros(max(team.gather(len(own.others))))
    others[: len(own.others)] = own.others
    new = team.sum(np.array([own.new], dtype=np.float64))
    return AlphaEvidence(int(new[0]), team.sum(others).astype(np.int64)).posterior_maximum(*ALPHA_PRIOR)
