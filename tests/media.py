"""Files of sound and of pictures, made by FFmpeg."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

FRAME = 1024  # samples


def write_media(
    path: Path,
    sound: np.ndarray,
    rate: int,
    codec: str = "aac",
    start: float = 0.0,
    picture: bool = False,
    options: dict[str, str] | None = None,
    keep: Callable[[int], bool] = lambda number: True,
) -> Path:
    """Encode a waveform (n,) or (n, channels), and write those of its packets that are kept.

    `start` is the time stamp of its first sample in seconds; `picture` adds black pictures from 0 on.
    """
    import av

    channels = 1 if sound.ndim == 1 else sound.shape[1]
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate, layout={1: "mono", 2: "stereo"}[channels])
        if picture:
            write_pictures(container, start + len(sound) / rate)
        packets = [packet for frame in audio_frames(sound, rate, start) for packet in stream.encode(frame)]
        for number, packet in enumerate([*packets, *stream.encode(None)]):
            if keep(number):
                container.mux(packet)
    return path


def audio_frames(sound: np.ndarray, rate: int, start: float) -> Iterator[Any]:
    import av

    planes = np.ascontiguousarray(np.atleast_2d(sound.T), dtype=np.float32)
    for first in range(0, planes.shape[1], FRAME):
        part = np.ascontiguousarray(planes[:, first : first + FRAME])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono" if len(planes) == 1 else "stereo")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), first + round(start * rate)
        yield frame


def write_pictures(container: Any, seconds: float) -> None:
    """Add black pictures, 10 a second."""
    import av

    stream = container.add_stream("mpeg4", rate=10, width=32, height=32, pix_fmt="yuv420p")
    for number in range(round(10 * seconds)):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        frame.pts = number
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def delay(sound: np.ndarray, later: np.ndarray) -> int:
    """The number of samples by which a waveform is later than another one, by cross-correlation."""
    size = len(sound) + len(later)
    spectrum = np.conj(np.fft.rfft(sound, size)) * np.fft.rfft(later, size)
    best = int(np.fft.irfft(spectrum, size).argmax())
    return best if best < len(later) else best - size
