"""Files and arrays, opened as recordings."""

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
    """Open a file or an array as a recording.

    Args:
        audio: the path of a file that libsndfile (wav, flac, ogg, ...) or FFmpeg (m4a, mp4, webm, mkv, mp3, ...) reads;
            or a pair of a waveform (samples,) or (samples, channels) and its rate in Hz. Floats are between -1 and 1,
            integers use their range.

    Raises:
        InputTypeError: `audio` is neither a path nor such a pair.
        InputError: the file is not audio or is shorter than its header says, or a rate or shape is not possible.
        OSError: there is no such file, or it cannot be opened.
        MissingExtraError: a package that is needed is not installed.
    """
    if isinstance(audio, (str, os.PathLike)):
        return _file(Path(os.fsdecode(audio)))
    if isinstance(audio, (tuple, list)) and len(audio) == 2:
        return _array(*audio)
    raise InputTypeError(f"audio must be a path or a pair (waveform, rate), but is {audio!r:.80}")


def channels_of(audio: Any) -> list[Recording]:
    """Open each channel of a file or an array as a recording; for arguments and errors see `recording`.

    Returns:
        Recordings of one channel each. Their names are the name of the whole recording with ":1", ":2", ... after it. A
        recording of one channel keeps its name.

    >>> import numpy as np
    >>> [(channel.name, channel.channels) for channel in channels_of((np.zeros((800, 2)), 8000))]
    [('waveform:1', 1), ('waveform:2', 1)]
    """
    return recording(audio).split()


def _array(values: Any, rate: Any) -> Recording:
    rate = rate_of(rate)
    samples = samples_of(values, "waveform")
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
        raise InputError(f"{path}: a file of raw samples has no header with rate and type; pass (waveform, rate)")
    opened = sound_file(path) or media_file(path)
    try:
        rate_of(opened.rate)
    except ArgumentError as error:
        raise InputError(f"{path}: {error}") from None
    return opened
