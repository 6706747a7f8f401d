"""Pauses of a single speaker: finding them by the level, and cutting long pauses."""

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform

FRAME = 0.01
"""Seconds of a frame; each frame has a decision."""
_LONGEST = round(0.3 / FRAME)  # frames of the longest pause that stays
_MARGIN = round(0.05 / FRAME)  # frames of a longer pause that stay beside speech: soft onsets and endings
_SHORTEST = 3  # frames of the shortest speech; shorter sounds are clicks
_ABOVE_QUIET = 8.0  # decibels by which speech exceeds the quiet part of a waveform
_NEAREST = 18.0  # decibels, the least distance from the loud part down to the gate
_FARTHEST = 35.0  # decibels, the largest distance
_QUIET = 5  # percentile of levels
_LOUD = 95  # percentile of levels
_FADING = 10.0  # decibels by which the loud part may fall from a block to the next block
_SILENCE = -100.0  # decibels of full scale


class LevelGate:
    """Tells the speech of an utterance from its pauses, block by block.

    The gate lies 8 dB above the quiet part of a block, but from 18 to 35 dB below its loud part. A block that is much
    softer than the blocks before it is a single pause.

    Args:
        rate: samples a second.

    >>> sound = np.repeat([0.0, 0.1], 800).astype(np.float32)
    >>> LevelGate(8000)(sound).astype(int)
    array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    """

    def __init__(self, rate: int) -> None:
        self._size = frame_size(rate)
        self._loud = _SILENCE

    def __call__(self, block: Waveform) -> NDArray[np.bool_]:
        """Decide for each complete frame of samples (n,) whether it is speech."""
        frames = len(block) // self._size
        if not frames:
            return np.zeros(0, dtype=np.bool_)
        power = np.square(block[: frames * self._size].reshape(frames, -1), dtype=np.float64).mean(axis=1)
        levels = 10 * np.log10(np.maximum(power, 10 ** (_SILENCE / 10)))
        heard = levels[levels > max(levels.max() - 2 * _FARTHEST, _SILENCE)]
        if not len(heard):
            return np.zeros(frames, dtype=np.bool_)
        self._loud = max(float(np.percentile(heard, _LOUD)), self._loud - _FADING)
        quiet = float(np.percentile(levels, _QUIET))
        gate = np.clip(quiet + _ABOVE_QUIET, self._loud - _FARTHEST, self._loud - _NEAREST)
        return _without_clicks(levels >= gate)


def _without_clicks(spoken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The decisions without speech of fewer than `_SHORTEST` frames."""
    if len(spoken) < _SHORTEST:
        return np.zeros_like(spoken)
    runs: NDArray[np.bool_] = np.all(np.lib.stride_tricks.sliding_window_view(spoken, _SHORTEST), axis=1)
    kept = np.zeros_like(spoken)
    for shift in range(_SHORTEST):
        kept[shift : shift + len(runs)] |= runs
    return kept


def frame_size(rate: int) -> int:
    """Samples of a frame."""
    return round(FRAME * rate)


def kept_frames(spoken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The frames that stay if long pauses are cut: speech, short pauses and the margins of long pauses.

    Args:
        spoken: (F,) decisions. Silence before the first and after the last speech counts as a long pause.

    >>> frames = np.repeat([False, True, False, True], [20, 10, 40, 10])
    >>> int(kept_frames(frames).sum())  # 5 + 10 + 5 + 5 + 10
    35
    """
    kept = spoken.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], spoken, [True]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        if start > 0 and end < len(spoken) and end - start <= _LONGEST:
            kept[start:end] = True
        else:
            kept[start : min(end, start + _MARGIN)] = start > 0
            kept[max(start, end - _MARGIN) : end] |= end < len(spoken)
    return kept
