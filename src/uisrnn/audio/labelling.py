"""Labels of observations from the turns of a recording."""

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from uisrnn.audio.front_ends.front_end import Heard
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn

_LEAST_SHARE = 0.25
"""An observation gets a speaker only if the speaker speaks in at least this share of its span."""

Shares = NDArray[np.float64]


def speakers_of(heard: Heard, turns: list[Turn]) -> list[Label | None]:
    """The speaker of each observation, or None if nobody speaks.

    An observation that is alone at its time belongs to the speaker who speaks most in its span. If several observations
    have the same time, in overlapped speech, each speaker gets at most 1 observation. The assignment maximises the sum
    of two terms: the shares of the spans in which the speakers speak, and the cosines to the mean observation of each
    speaker.

    Args:
        heard: K observations.
        turns: the turns of the recording.

    Returns:
        K labels.
    """
    names = sorted({turn.speaker for turn in turns}, key=str)
    shares = _shares(heard, turns, names)
    groups = [list(group) for _, group in groupby(range(len(heard.times)), key=lambda place: heard.times[place])]
    alone = np.array([group[0] for group in groups if len(group) == 1], dtype=np.int64)
    cosines = _cosines(heard.observations, shares, alone)
    labels: list[Label | None] = [None] * len(heard.times)
    for group in groups:
        scores = shares[group] + cosines[group] * (len(group) > 1)
        scores[shares[group] < _LEAST_SHARE] = -len(names) - len(group)
        for row, column in zip(*linear_sum_assignment(-scores), strict=True):
            if shares[group[row], column] >= _LEAST_SHARE:
                labels[group[row]] = names[column]
    return labels


def _shares(heard: Heard, turns: list[Turn], names: list[Label]) -> Shares:
    """(K, speaker) shares of the spans in which each speaker speaks."""
    shares = np.zeros((len(heard.times), len(names)))
    starts, ends = heard.spans.T
    for turn in turns:
        common = np.minimum(ends, turn.end) - np.maximum(starts, turn.start)
        shares[:, names.index(turn.speaker)] += np.maximum(common, 0) / (ends - starts)
    return shares


def _cosines(observations: NDArray[np.float32], shares: Shares, alone: NDArray[np.int64]) -> Shares:
    """(K, speaker) cosines to the mean of each speaker's lone observations; 0 if a speaker has no such observation."""
    centered = observations - observations.mean(axis=0)
    centered = centered / np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-12)
    cosines = np.zeros(shares.shape)
    for speaker in range(shares.shape[1]):
        own = alone[(shares[alone].argmax(axis=1) == speaker) & (shares[alone, speaker] >= _LEAST_SHARE)]
        if len(own):
            mean = centered[own].mean(axis=0)
            cosines[:, speaker] = centered @ mean / max(float(np.linalg.norm(mean)), 1e-12)
    return cosines
