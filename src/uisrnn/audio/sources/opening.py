"""From what a user has, a file or an array, to recordings."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from uisrnn.audio.sources.media import media_file
from uisrnn.audio.sources.recordings import Recording, block_size
from uisrnn.audio.sources.soundfiles import sound_file
from uisrnn.audio.sources.waveforms import rate_of, samples_of
from uisrnn.errors import ArgumentError, InputError, InputTypeError


def recording(audio: Any) -> Recording:
    """A recording from what a user has.

    Args:
        audio: the path of a file that libsndfile (wav, flac, ogg, ...) or FFmpeg (m4a, mp4, webm, mkv, mp3, ...) reads;
            or a pair of a waveform (samples,) or (samples, channels) and its rate in Hz. Floats are between -1 and 1,
            integers use their range.

    Raises:
        InputTypeError: it is neither a path nor such a pair.
        InputError: it is not audio, is shorter than its header says, or has a rate or shape that cannot be.
        OSError: there is no such file, or it cannot be opened.
        MissingExtraError: a package that is needed is not installed.
    """
    if isinstance(audio, (str, os.PathLike)):
        return _file(Path(os.fsdecode(audio)))
    if isinstance(audio, (tuple, list)) and len(audio) == 2:
        return _array(*audio)
    raise InputTypeError(f"audio must be a path or a pair (waveform, rate), but is {audio!r:.80}")


def channels_of(audio: Any) -> list[Recording]:
    """Each channel as a recording of its own; for arguments and errors see `recording`.

    Returns:
        Recordings of one channel. Their names are the name of the whole with ":1", ":2", ... after it; a recording
        that has one channel keeps its name.

    >>> import numpy as np
    >>> [(one.name, one.channels) for one in channels_of((np.zeros((800, 2)), 8000))]
    [('waveform:1', 1), ('waveform:2', 1)]
    """
    return recording(audio).split()


def _array(values: Any, rate: Any) -> Recording:
    rate, samples = rate_of(rate), samples_of(values, "waveform")
    channels = samples.shape[1] if samples.ndim == 2 else 1
    size = block_size(rate, channels)

    def parts() -> Iterator[NDArray[Any]]:
        for start in range(0, len(samples), size):
            yield samples[start : start + size]

    return Recording("waveform", "waveform", rate, channels, len(samples) / rate, parts)


def _file(path: Path) -> Recording:
    if stat.S_ISFIFO(path.stat().st_mode):
        raise InputError(f"{path}: must be a file, but is a pipe")
    if path.suffix.lower() == ".raw":
        raise InputError(f"{path}: raw samples say neither their rate nor their kind; pass (waveform, rate)")
    opened = sound_file(path) or media_file(path)
    try:
        rate_of(opened.rate)
    except ArgumentError as error:
        raise InputError(f"{path}: {error}") from None
    return opened
