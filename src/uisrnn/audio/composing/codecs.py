"""Lossy codecs by FFmpeg: sound is encoded and decoded in memory, without a delay."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from uisrnn import extras
from uisrnn.audio.sources.resampling import fitted, resampled, resampler
from uisrnn.audio.sources.waveforms import Waveform

_RATE = 16000  # Hz, which all of the codecs accept


@dataclass(frozen=True)
class Codec:
    """A codec, and a container that tells the decoder the number of samples of the codec's delay.

    Attributes:
        name: FFmpeg's name of the encoder.
        container: FFmpeg's name of the container.
        options: of the encoder.
    """

    name: str
    container: str
    options: tuple[tuple[str, str], ...] = ()

    def __call__(self, waveform: Waveform, rate: int, bit_rate: int) -> Waveform:
        """Encode and decode a waveform; rate and length stay the same.

        Args:
            waveform: (n,) samples between -1 and 1.
            rate: samples a second.
            bit_rate: bits a second.

        Raises:
            MissingExtraError: av is not installed.
        """
        av = extras.load("av", "audio", f"the codec {self.name}")
        encoded = self._encoded(av, resampled(waveform, rate, _RATE), bit_rate)
        return fitted(_decoded(av, encoded, rate), len(waveform))

    def _encoded(self, av: Any, waveform: Waveform, bit_rate: int) -> io.BytesIO:
        file = io.BytesIO()
        with av.open(file, "w", format=self.container) as container:
            stream = container.add_stream(self.name, rate=_RATE, options=dict(self.options), layout="mono")
            stream.bit_rate = bit_rate
            for frame in _frames(av, waveform):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        file.seek(0)
        return file


MP3 = Codec("libmp3lame", "mp3")
OPUS = Codec("libopus", "ogg", (("application", "voip"), ("compression_level", "5")))


def _frames(av: Any, waveform: Waveform) -> Iterator[Any]:
    """Frames of a second."""
    for start in range(0, len(waveform), _RATE):
        frame = av.AudioFrame.from_ndarray(waveform[None, start : start + _RATE], format="fltp", layout="mono")
        frame.sample_rate = _RATE
        frame.pts = start
        yield frame


def _decoded(av: Any, file: io.BytesIO, rate: int) -> Waveform:
    """All samples at this rate; each frame is resampled at once, because FFmpeg decodes Opus at 48 kHz."""
    with av.open(file) as container:
        to_rate = resampler(int(container.streams.audio[0].rate), rate)
        to_float = av.AudioResampler(format="fltp", layout="mono")
        frames = (part for frame in container.decode(audio=0) for part in to_float.resample(frame))
        parts = [to_rate.push(frame.to_ndarray()[0]) for frame in frames]
    return np.concatenate([*parts, to_rate.flush()])
