"""Files that FFmpeg reads (by PyAV): m4a, mp4, webm, mkv, mp3 and many more."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.audio.sources.recordings import Recording, block_size, require_whole
from uisrnn.errors import InputError

_FROM_ZERO = ("mov", "matroska")
"""Formats whose recordings begin at time 0; in other formats time may begin at any value, as in a cut broadcast."""
_ANYWHERE_GAP = 60.0  # seconds of the longest silence, in formats whose time may begin at any value
_UNKNOWN_GAP = 86_400.0  # seconds of the longest silence, in files of unknown length
_JITTER = 0.1  # seconds; no sound is missing before a time stamp that is late by less
_CLOSED = {"protocol_whitelist": "none"}  # a file must not make FFmpeg open other files or addresses


def media_file(path: Path) -> Recording:
    """Open a file by FFmpeg.

    Time stamps determine when sound is heard: silence fills the time before it and gaps in it. Samples that an encoder
    added at the start are left out if the file says their number.

    Args:
        path: the file.

    Raises:
        InputError: there is no sound in the file, or the sound cannot be decoded.
        MissingExtraError: av is not installed.
    """
    av = extras.load("av", "audio", f"reading {path.name}")
    try:
        with _opened(av, path) as container:
            stream = _sound_of(container, path)
            seconds = _seconds(container, stream)
            first = _first_frame(av, container, stream, path)
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be read as audio: {error.strerror}") from error
    rate = first.sample_rate
    channels = _samples(first).shape[1]

    def parts() -> Iterator[NDArray[Any]]:
        return _cut(_Track(path, rate, channels).read(av), block_size(rate, channels))

    return Recording(path.stem, str(path), rate, channels, seconds, parts)


@contextmanager
def _opened(av: Any, path: Path) -> Iterator[Any]:
    """The container. FFmpeg gets an open file, because it could take a path for an address."""
    # Before PyAV 19, tags that are not UTF-8 are errors without this argument; later versions do not accept it.
    tags = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
    with open(path, "rb") as file, av.open(file, options=_CLOSED, **tags) as container:
        yield container


def _sound_of(container: Any, path: Path) -> Any:
    stream = container.streams.best("audio")
    if stream is None:
        others = " and ".join(sorted({other.type for other in container.streams})) or "nothing"
        raise InputError(f"{path}: cannot be read as audio: there is no sound in it, only {others}")
    return stream


def _seconds(container: Any, stream: Any) -> float:
    """The length as the header says; 0 if it does not say it."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / 1e6


def _first_frame(av: Any, container: Any, stream: Any, path: Path) -> Any:
    try:
        for packet in container.demux(stream):
            for frame in packet.decode():
                return frame
    except av.FFmpegError as error:
        raise InputError(f"{path}: its sound is encrypted or damaged: {error.strerror}") from error
    raise InputError(f"{path}: there are no samples in it")


def _samples(frame: Any) -> NDArray[Any]:
    """The samples (n, channels) of a frame, in the type of the decoder."""
    array: NDArray[Any] = frame.to_ndarray()
    return array.T if frame.format.is_planar else array.reshape(frame.samples, -1)


@dataclass(frozen=True)
class _Clock:
    """The meaning of the time stamps in a file.

    Attributes:
        origin: the time stamp of the beginning in seconds.
        longest: the longest silence in seconds; a time stamp after a longer silence is wrong.
        end: the time stamp of the end in seconds as the header says; 0 if the header does not say it.
    """

    origin: float
    longest: float
    end: float

    @staticmethod
    def of(container: Any) -> "_Clock":
        start = (container.start_time or 0) / 1e6
        seconds = (container.duration or 0) / 1e6
        if _is_from_zero(container):
            return _Clock(0.0, seconds or _UNKNOWN_GAP, seconds)
        # An mp3 that starts later than 0 has a header with its length and delay. Else its length is an estimate.
        return _Clock(start, _ANYWHERE_GAP, seconds if container.format.name == "mp3" and start > 0 else 0.0)


def _is_from_zero(container: Any) -> bool:
    return bool(container.format.name.startswith(_FROM_ZERO))


@dataclass
class _Track:
    """The sound of a file while it is decoded.

    Attributes:
        path: the file.
        rate: samples a second of all frames.
        channels: the number of channels of all samples.
        position: the number of samples so far.
    """

    path: Path
    rate: int
    channels: int
    position: int = 0

    def read(self, av: Any) -> Iterator[NDArray[Any]]:
        """Samples (n, channels) from time 0 on.

        Raises:
            InputError: a part cannot be decoded, or the file ends before its header says.
        """
        try:
            with _opened(av, self.path) as container:
                clock = _Clock.of(container)
                for frame in self._frames(container, clock.end):
                    yield from self._placed(frame, clock)
        except (av.FFmpegError, IndexError) as error:  # IndexError: PyAV meets a stream that begins late
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"{self.path}: is damaged at {self.position / self.rate:.2f} s: {reason}") from error

    def _frames(self, container: Any, declared: float) -> Iterator[Any]:
        """The frames of the sound; packets of other streams also count for the end of the file."""
        sound = _sound_of(container, self.path)
        streams = container.streams if _is_from_zero(container) else [sound]  # else streams may begin later
        end = 0.0
        for packet in container.demux(*streams):
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream.index == sound.index:
                yield from packet.decode()
        require_whole(str(self.path), end, declared)

    def _placed(self, frame: Any, clock: _Clock) -> Iterator[NDArray[Any]]:
        """The samples of a frame, after the silence that is missing before them."""
        samples = self._samples_of(frame)
        late = 0 if frame.time is None else round((frame.time - clock.origin) * self.rate) - self.position
        if late < 0 and self.position == 0:
            samples = samples[-late:]
        shortest = _JITTER * self.rate if self.position else 0
        if shortest < late <= clock.longest * self.rate:
            silence = np.full((1, self.channels), 128 if samples.dtype.kind == "u" else 0, dtype=samples.dtype)
            yield np.broadcast_to(silence, (late, self.channels))
            self.position += late
        yield samples
        self.position += len(samples)

    def _samples_of(self, frame: Any) -> NDArray[Any]:
        """The samples of a frame, with the number of channels of the first frame."""
        if frame.sample_rate != self.rate:
            time = self.position / self.rate
            raise InputError(f"{self.path}: changes from {self.rate} to {frame.sample_rate} Hz at {time:.2f} s")
        samples = _samples(frame)
        if samples.shape[1] == self.channels:
            return samples
        return np.repeat(samples.mean(axis=1, keepdims=True).astype(samples.dtype), self.channels, axis=1)


def _cut(parts: Iterable[NDArray[Any]], size: int) -> Iterator[NDArray[Any]]:
    """The same samples in arrays of `size` samples; the last array may be shorter."""
    held: list[NDArray[Any]] = []
    count = 0
    for part in parts:
        rest = part
        while len(rest):
            piece = rest[: size - count]
            rest = rest[len(piece) :]
            held.append(piece)
            count += len(piece)
            if count == size:
                yield np.concatenate(held)
                held = []
                count = 0
    if held:
        yield np.concatenate(held)
