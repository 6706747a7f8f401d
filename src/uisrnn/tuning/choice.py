"""The choice of a trial, and an estimate of its score on other sequences."""

import math

import numpy as np
from numpy.typing import NDArray

from uisrnn.compiled import Reals

ScoreTable = NDArray[np.float64]
"""(trials, sequences)."""


def choose(scores: ScoreTable, distances: Reals) -> int:
    """The trial nearest to the current values among the trials at most a standard error below the best.

    Args:
        scores: (trials, sequences).
        distances: (trials,) from the current values; 0 for the trial with the current values.

    Returns:
        The number of the trial. Its mean score is at least the mean score of the current values. The standard error is
        the standard error of the mean difference to the best trial over sequences; for a single sequence it is 0.

    >>> import numpy as np
    >>> choose(np.array([[0.5, 0.6, 0.4], [0.8, 0.9, 0.8], [0.8, 0.91, 0.8]]), np.array([0.0, 1.0, 2.0]))
    1
    """
    means = scores.mean(axis=1)
    behind = scores[means.argmax()] - scores
    number = scores.shape[1]
    error = behind.std(axis=1, ddof=1) / math.sqrt(number) if number > 1 else np.zeros(len(scores))
    good = (behind.mean(axis=1) <= error) & (means >= means[distances.argmin()])
    return int(np.where(good, distances, np.inf).argmin())


def held_out(scores: ScoreTable, distances: Reals, folds: int) -> Reals:
    """(sequences,) the score of each sequence with the trial chosen on the other folds; see `choose`."""
    result = np.empty(scores.shape[1])
    for fold in np.array_split(np.arange(len(result)), min(folds, len(result))):
        result[fold] = scores[choose(np.delete(scores, fold, axis=1), distances), fold]
    return result
