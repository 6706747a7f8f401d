"""Pauses of a single speaker: where they are, by level, and the speech without long ones."""

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.waveforms import Waveform
from uisrnn.errors import InputError

LONGEST_PAUSE = 0.3
"""Seconds; a longer pause is cut to `_MARGIN` on either side."""
FRAME = 0.01
"""Seconds that one decision is about."""
_MARGIN = 0.05  # seconds of a long pause that stay beside speech: soft onsets and endings
_WIDTH = 3  # frames whose mean power is one level
_ABOVE_QUIET = 8.0  # decibels by which speech exceeds the quiet part of a waveform
_NEAREST, _FARTHEST = 18.0, 35.0  # decibels from the loud part down to the gate
_QUIET, _LOUD = 5, 95  # percentiles
_SILENT = 1e-10  # power, -100 dB of full scale


def spoken_frames(waveform: Waveform, rate: int, where: str) -> NDArray[np.bool_]:
    """Whether each frame of `FRAME` seconds exceeds a level gate; an incomplete last frame is left out.

    The gate lies 8 dB above the quiet part of the waveform, and from 18 to 35 dB below its loud part.

    Args:
        waveform: (n,) samples of one speaker.
        rate: samples a second.
        where: the words with which an error message begins.

    Raises:
        InputError: the waveform is silent.
    """
    size = round(FRAME * rate)
    frames = len(waveform) // size
    power = np.square(waveform[: frames * size].reshape(frames, size), dtype=np.float64).mean(axis=1)
    if not frames or power.max() < _SILENT:
        raise InputError(f"{where}: a voice must be heard, but there is only silence")
    smooth = np.convolve(power, np.ones(_WIDTH) / _WIDTH, mode="same")[:frames] if frames > _WIDTH else power
    levels = 10 * np.log10(np.maximum(smooth, _SILENT))
    loud = float(np.percentile(levels[levels > levels.max() - 2 * _FARTHEST], _LOUD))
    quiet = float(np.percentile(levels, _QUIET))
    spoken: NDArray[np.bool_] = levels >= np.clip(quiet + _ABOVE_QUIET, loud - _FARTHEST, loud - _NEAREST)
    return spoken


def kept_frames(spoken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The frames that stay when long pauses are cut: speech, short pauses and the margins of long ones.

    Args:
        spoken: (F,) decisions. Silence before the first and after the last speech counts as a long pause.

    >>> frames = np.repeat([False, True, False, True], [20, 10, 40, 10])
    >>> int(kept_frames(frames).sum())  # 5 + 10 + 5 + 5 + 10
    35
    """
    longest, margin = round(LONGEST_PAUSE / FRAME), round(_MARGIN / FRAME)
    kept = spoken.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[True], spoken, [True]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2).tolist():
        inside = start > 0 and end < len(spoken)
        if inside and end - start <= longest:
            kept[start:end] = True
        else:
            kept[start : min(end, start + margin)] = start > 0
            kept[max(start, end - margin) : end] |= end < len(spoken)
    return kept
