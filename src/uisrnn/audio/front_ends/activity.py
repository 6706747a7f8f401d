"""Voice activity: detectors of speech."""

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.front_ends.resemblyzer import load_quietly
from uisrnn.audio.sources.resampling import resampler
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError
from uisrnn.turns.turn import turns_of

Decisions = NDArray[np.bool_]
Decide = Callable[[Waveform], Any]
_SECONDS = 0.03
_MOST_DECIBELS = 200.0
_WEBRTC_RATES = (8000, 16000, 32000, 48000)  # Hz
_WEBRTC_RATE = 16000  # Hz, for sound of another rate
_LEVEL = 10 ** (-30 / 20)
_MOST_GAIN = 10 ** (10 / 20)
_FAINTEST = 1e-20


class Detector(Protocol):
    """Finds the speech in a recording; how the sound is cut into blocks changes nothing."""

    @property
    def frame(self) -> float:
        """Seconds of a frame. Each frame has a decision, and frames follow each other from 0 on."""

    def push(self, block: Waveform) -> Decisions:
        """Take the next samples (n,) and return the next decisions, which may lag behind the sound."""

    def flush(self) -> Decisions:
        """End the recording and return the decisions that are left."""


class VoiceActivity(Protocol):
    """Tells speech from other sound."""

    def detector(self, rate: int) -> Detector:
        """A detector for a new recording.

        Args:
            rate: samples a second.
        """


@dataclass(frozen=True)
class Smoothing:
    """The majority of neighbouring decisions, then speech with a margin; the defaults are Resemblyzer's.

    Attributes:
        width: frames of which the majority decides.
        margin: frames that are added on either side of speech.
    """

    width: int = 8
    margin: int = 3

    def __post_init__(self) -> None:
        are_integers = all(isinstance(value, numbers.Integral) for value in (self.width, self.margin))
        if not (are_integers and self.width >= 1 and self.margin >= 0):
            raise ArgumentError(
                f"width and margin must be integers >= 1 and >= 0, but are {self.width!r:.80} and {self.margin!r:.80}"
            )

    @property
    def before(self) -> int:
        """The number of frames before a frame that count for its decision."""
        return (self.width - 1) // 2 + self.margin

    @property
    def after(self) -> int:
        """The number of frames after a frame that count for its decision."""
        return self.width // 2 + self.margin

    def __call__(self, raw: Decisions) -> Decisions:
        """Smooth decisions (n,) to decisions (n - before - after,)."""
        if len(raw) <= self.before + self.after:
            return np.zeros(0, dtype=np.bool_)
        votes = np.lib.stride_tricks.sliding_window_view(raw, self.width).sum(axis=1)
        around = np.lib.stride_tricks.sliding_window_view(2 * votes > self.width, 2 * self.margin + 1)
        speech: Decisions = np.any(around, axis=1)
        return speech


class FrameActivity:
    """Voice activity from a function of frames; most detectors need no more.

    Args:
        start: takes the rate and returns, for a new recording, a function from the next frames (m, n) float32 to m
            decisions.
        frame: seconds of a frame.
        smoothing: smooths the decisions; None: `Smoothing()`.

    Raises:
        ArgumentError: `frame` is not from 0.001 to 10 seconds.

    >>> loud = FrameActivity(lambda rate: lambda frames: frames.std(axis=1) > 0.01, 0.5, Smoothing(1, 0))
    >>> detector = loud.detector(8000)
    >>> noise = np.random.default_rng(0).normal(size=12000).astype(np.float32)
    >>> detector.push(noise), detector.push(0 * noise), detector.flush()
    (array([ True,  True,  True]), array([False, False, False]), array([], dtype=bool))
    """

    def __init__(
        self, start: Callable[[int], Decide], frame: float = _SECONDS, smoothing: Smoothing | None = None
    ) -> None:
        require_seconds("frame", frame)
        if not 0.001 <= frame <= 10:
            raise ArgumentError(f"frame must be from 0.001 to 10 seconds, but is {frame!r:.80}")
        self._start = start
        self._frame = frame
        self._smoothing = smoothing or Smoothing()

    def detector(self, rate: int) -> Detector:
        """A detector for a new recording of `rate` samples a second."""
        return _Frames(self._start(rate), round(self._frame * rate), rate, self._smoothing)


class _Frames:
    """Cuts blocks into frames, and smooths decisions."""

    def __init__(self, decide: Decide, size: int, rate: int, smoothing: Smoothing) -> None:
        self._decide = decide
        self._size = size
        self._smoothing = smoothing
        self._rest = np.zeros(0, dtype=np.float32)
        self._raw = np.zeros(smoothing.before, dtype=np.bool_)
        self.frame = size / rate

    def push(self, block: Waveform) -> Decisions:
        samples = np.concatenate([self._rest, block])
        frames = len(samples) // self._size
        self._rest = samples[frames * self._size :]
        if not frames:
            return np.zeros(0, dtype=np.bool_)
        return self._smoothed(np.asarray(self._decide(samples[: frames * self._size].reshape(frames, -1)), dtype=bool))

    def flush(self) -> Decisions:
        return self._smoothed(np.zeros(self._smoothing.after, dtype=np.bool_))

    def _smoothed(self, raw: Decisions) -> Decisions:
        raw = np.concatenate([self._raw, raw])
        smooth = self._smoothing(raw)
        self._raw = raw[len(smooth) :]
        return smooth


class LevelActivity(FrameActivity):
    """Takes loud sound for speech: for clean recordings without other sounds.

    Args:
        threshold: a frame with a higher level is speech, in decibels of full scale (dBFS).
        smoothing: see `FrameActivity`.

    Raises:
        ArgumentError: `threshold` is not a number of decibels.
    """

    def __init__(self, threshold: float = -45.0, smoothing: Smoothing | None = None) -> None:
        given: Any = threshold
        if not isinstance(given, numbers.Real) or not abs(float(given)) <= _MOST_DECIBELS:
            raise ArgumentError(f"threshold must be a number of decibels, but is {threshold!r:.80}")
        least = 10 ** (threshold / 10)

        def loud(frames: Waveform) -> Decisions:
            decisions: Decisions = np.square(frames, dtype=np.float64).mean(axis=1) > least
            return decisions

        super().__init__(lambda rate: loud, smoothing=smoothing)


class WebRTCActivity(FrameActivity):
    """The detector of WebRTC (py-webrtcvad), smoothed; Resemblyzer uses it with the same settings.

    The detector misses faint speech, so the volume is raised to -30 dBFS. Resemblyzer measures the volume of the whole
    recording; here, the sound so far is measured, and the gain is at most 10 dB. With a higher gain, noise before the
    first word would count as speech.

    Args:
        mode: from 0 to 3; a higher mode takes less sound for speech.
        smoothing: see `FrameActivity`.

    Raises:
        ArgumentError: there is no such mode.
        MissingExtraError: webrtcvad is not installed.
    """

    def __init__(self, mode: int = 3, smoothing: Smoothing | None = None) -> None:
        if mode not in (0, 1, 2, 3):
            raise ArgumentError(f"mode must be 0, 1, 2 or 3, but is {mode!r:.80}")
        package = load_quietly("webrtcvad", "voice activity")
        super().__init__(lambda rate: _WebRTC(package.Vad(mode), rate), smoothing=smoothing)

    def detector(self, rate: int) -> Detector:
        """A detector for a new recording of `rate` samples a second."""
        if rate in _WEBRTC_RATES:
            return super().detector(rate)
        return Resampled(super().detector(_WEBRTC_RATE), rate, _WEBRTC_RATE)


class _WebRTC:
    """Frames to decisions; the sound so far determines the gain."""

    def __init__(self, vad: Any, rate: int) -> None:
        self._vad = vad
        self._rate = rate
        self._energy = 0.0
        self._frames = 0

    def __call__(self, frames: Waveform) -> Decisions:
        energies = np.append(self._energy, np.square(frames, dtype=np.float64).mean(axis=1)).cumsum()[1:]
        counts = self._frames + np.arange(1, len(frames) + 1)
        self._energy = float(energies[-1])
        self._frames = int(counts[-1])
        gain = np.clip(_LEVEL / np.sqrt(np.maximum(energies / counts, _FAINTEST)), 1, _MOST_GAIN)
        pcm = np.clip(np.round(frames * gain[:, None] * 32768), -32768, 32767).astype("<i2")
        return np.array([self._vad.is_speech(frame.tobytes(), self._rate) for frame in pcm], dtype=np.bool_)


class Resampled:
    """A detector for sound of another rate.

    Args:
        detector: a detector for sound of the rate `wanted`.
        given: samples a second of the blocks that are pushed.
        wanted: samples a second that `detector` takes.
    """

    def __init__(self, detector: Detector, given: int, wanted: int) -> None:
        self._detector = detector
        self._resampler = resampler(given, wanted)
        self.frame = detector.frame

    def push(self, block: Waveform) -> Decisions:
        return self._detector.push(self._resampler.push(block))

    def flush(self) -> Decisions:
        return np.concatenate([self._detector.push(self._resampler.flush()), self._detector.flush()])


class KnownSpeech:
    """Takes the speech from given turns, for example from a reference.

    Args:
        turns: a list of (start seconds, end seconds, speaker) or a pyannote `Annotation`.

    Raises:
        InputError, InputTypeError: `turns` are not turns, see `Turn`.

    >>> KnownSpeech([(0.02, 0.05, "ann")]).detector(1000).push(np.zeros(60, np.float32)).astype(int)
    array([0, 0, 1, 1, 1, 0])
    """

    def __init__(self, turns: Any) -> None:
        spans = np.array([turn[:2] for turn in turns_of(turns, "speech")], dtype=np.float64).reshape(-1, 2)
        self._starts = np.sort(spans[:, 0])
        self._ends = np.sort(spans[:, 1])

    def detector(self, rate: int) -> Detector:
        """A detector for a new recording of `rate` samples a second."""
        return _Known(self._starts, self._ends, rate)


class _Known:
    """Compares the number of turns that have started with the number of turns that have ended."""

    def __init__(self, starts: NDArray[np.float64], ends: NDArray[np.float64], rate: int) -> None:
        self._starts = starts
        self._ends = ends
        self._size = max(1, round(0.01 * rate))
        self._samples = 0
        self._decided = 0
        self.frame = self._size / rate

    def push(self, block: Waveform) -> Decisions:
        self._samples += len(block)
        first = self._decided
        self._decided = self._samples // self._size
        middles = (np.arange(first, self._decided) + 0.5) * self.frame
        decisions: Decisions = np.searchsorted(self._starts, middles, "right") > np.searchsorted(
            self._ends, middles, "right"
        )
        return decisions

    def flush(self) -> Decisions:
        return np.zeros(0, dtype=np.bool_)
