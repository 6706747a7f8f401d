"""Log mel filterbanks as Kaldi computes them, block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras

Bands = NDArray[np.float32]
RATE = 16000
FRAMES_A_SECOND = 100
_SHIFT = 160  # samples
_LENGTH = 400  # samples


class Filterbanks:
    """Computes the filterbanks of a recording: frame i is made of samples 160 i to 160 i + 400.

    Args:
        bands: number of filters.

    Raises:
        MissingExtraError: kaldi-native-fbank is not installed.
    """

    def __init__(self, bands: int) -> None:
        package = extras.load("kaldi_native_fbank", "audio", "filterbanks")
        self._bands = bands
        options = package.FbankOptions()
        options.frame_opts.dither = 0.0
        options.frame_opts.samp_freq = RATE
        options.frame_opts.snip_edges = True
        options.mel_opts.num_bins = bands
        self._package: Any = package
        self._options = options
        self._rest = np.zeros(0, dtype=np.float32)

    def push(self, block: NDArray[np.float32]) -> Bands:
        """Take the next samples (n,) and return the next frames (m, bands)."""
        samples = np.concatenate([self._rest, block])
        frames = max(0, 1 + (len(samples) - _LENGTH) // _SHIFT)
        self._rest = samples[frames * _SHIFT :]
        if not frames:
            return np.zeros((0, self._bands), dtype=np.float32)
        computer = self._package.OnlineFbank(self._options)
        computer.accept_waveform(RATE, samples[: (frames - 1) * _SHIFT + _LENGTH])
        computer.input_finished()
        return np.stack([computer.get_frame(frame) for frame in range(frames)])
