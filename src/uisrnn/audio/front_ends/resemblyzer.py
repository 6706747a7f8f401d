"""d-vectors of Resemblyzer, as the pretrained model needs them."""

import warnings
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.audio.front_ends.encoder import WindowEncoder
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError

_RATE = 16000  # Hz; this and the next three as in Resemblyzer
_STEP = 160  # samples
_FRAME = 400  # samples
_BANDS = 40
_LEVEL = 10 ** (-30 / 20)  # -30 dBFS, to which Resemblyzer raises the volume
_QUIETEST = 1e-5  # -100 dBFS; fainter sound is raised as if it had this level
_HARMLESS = "pkg_resources is deprecated|.*binary_dilation.* from the|You are using `torch.load`"


class ResemblyzerEncoder(WindowEncoder):
    """d-vectors of Resemblyzer: 256 dimensions, L2-normalised.

    Resemblyzer gives the same vectors to the same frames of a spectrogram, except for the volume. Resemblyzer raises
    the volume of a recording to -30 dBFS (and never lowers it); this encoder raises the volume of each window. So a
    window can be encoded as soon as it has been heard, and faint speakers become as loud as others.

    Args:
        window: length of a window in seconds, in steps of 0.01.
        hop: seconds from a window to the next window.
        device: of torch; None: a GPU if there is a GPU.

    Raises:
        ArgumentError: a number is out of its range.
        MissingExtraError: Resemblyzer is not installed.
    """

    name = "resemblyzer"

    def __init__(self, window: float = 0.8, hop: float = 0.4, device: str | None = None) -> None:
        require_seconds("window", window)
        if not 0.1 <= window <= 60:
            raise ArgumentError(f"window must be from 0.1 to 60 seconds, but is {window!r:.80}")
        span = (round(window * _RATE / _STEP) - 1) * _STEP + _FRAME
        super().__init__(_Voice(device), _RATE, span / _RATE, hop)


class _Voice:
    """Windows to d-vectors."""

    def __init__(self, device: str | None) -> None:
        package = load_quietly("resemblyzer", "d-vectors")
        filters = extras.load("librosa.filters", "resemblyzer", "d-vectors")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _HARMLESS)
            self._network = package.VoiceEncoder(device, verbose=False)
        self._bands = filters.mel(sr=_RATE, n_fft=_FRAME, n_mels=_BANDS).T.astype(np.float32)
        self._taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)).astype(np.float32)

    def __call__(self, windows: Waveform) -> NDArray[np.float32]:
        with torch.inference_mode():
            bands = torch.from_numpy(self._spectrogram(_raised(windows))).to(self._network.device)
            vectors: NDArray[np.float32] = self._network(bands).cpu().numpy()
        return vectors

    def _spectrogram(self, windows: Waveform) -> NDArray[np.float32]:
        """(B, frames, bands) mel power, equal to librosa's; compiled parts of librosa take 14 s to start."""
        frames = np.lib.stride_tricks.sliding_window_view(windows, _FRAME, axis=1)[:, ::_STEP]
        spectrum = np.fft.rfft(frames * self._taper)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        bands: NDArray[np.float32] = power @ self._bands
        return bands


def _raised(windows: Waveform) -> Waveform:
    """Each window at -30 dBFS or above."""
    level = np.sqrt(np.mean(np.square(windows, dtype=np.float64), axis=1, keepdims=True))
    gain = np.maximum(_LEVEL / np.maximum(level, _QUIETEST), 1)
    raised: Waveform = (windows * gain).astype(np.float32)
    return raised


def load_quietly(module: str, user: str) -> ModuleType:
    """Import a module of the `resemblyzer` extra, without warnings about its own imports.

    Args:
        module: the import path.
        user: see `extras.load`.

    Raises:
        MissingExtraError: the module is not installed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _HARMLESS)
        return extras.load(module, "resemblyzer", user)
