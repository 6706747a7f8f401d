"""A front end of windows: an encoder makes an observation of each window in which somebody speaks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.front_ends.activity import Decisions, VoiceActivity
from uisrnn.audio.front_ends.encoder import Encoder, Grid, encode
from uisrnn.audio.front_ends.front_end import Heard, Listener, Spans, joined
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.errors import ArgumentError
from uisrnn.sequences.labels import runs

_SHARE = 0.5
"""A window is encoded if at least this share of the hop around its center is speech."""
_DECIMALS = 6  # of times: sums in another order round differently
_UNKNOWN = 2**62  # windows, until the recording ends

Windows = NDArray[np.int64]


class WindowedFrontEnd:
    """An observation of each window in which somebody speaks.

    A window stands for a hop of time around its center. It is encoded if at least half of this hop is speech. Its
    span is the speech of this hop. On a side on which the next window is not encoded, the span goes on along speech for
    half a hop more, and up to the start or the end of the recording.

    Args:
        encoder: encodes windows.
        voice_activity: finds speech.

    Raises:
        ArgumentError, InputError, InputTypeError: encoder or voice activity do not follow their protocols.
    """

    def __init__(self, encoder: Encoder, voice_activity: VoiceActivity) -> None:
        if not hasattr(voice_activity, "detector"):
            raise ArgumentError(
                f"voice_activity must be a VoiceActivity, with a detector, but is {voice_activity!r:.80}"
            )
        self._grid = Grid.of(encoder)
        self._encoder = encoder
        self._activity = voice_activity
        noise = np.random.default_rng(0).normal(scale=0.1, size=self._grid.window).astype(np.float32)
        self.dim = int(encode(encoder, noise, self._grid)[0].shape[1])
        self.name = str(getattr(encoder, "name", type(encoder).__name__))
        self.rate = self._grid.rate
        self.shortest = self._grid.window / self._grid.rate
        self.latency = _latency(self._grid, voice_activity.detector(self.rate))

    def listener(self) -> Listener:
        """Start to listen to a new recording."""
        return _WindowedListener(self._encoder, self._activity.detector(self.rate), self._grid, self.dim)


def _latency(grid: Grid, detector: Any) -> float:
    """Seconds of sound that a label may need after the end of its span.

    A span ends after the start of the hop around the center of its window.
    """
    decisions = len(detector.push(np.zeros(grid.rate, dtype=np.float32)))
    lag = max(0.0, 1.0 - decisions * detector.frame) + detector.frame
    return float(max((grid.window + grid.hop) / 2, 2 * grid.hop) / grid.rate + lag)


class _WindowedListener:
    """Holds as much sound as incomplete windows need. At the end, zeros complete the last window."""

    def __init__(self, encoder: Encoder, detector: Any, grid: Grid, dim: int) -> None:
        self._encoder = encoder
        self._detector = detector
        self._grid = grid
        self._dim = dim
        self._sound = np.zeros(0, dtype=np.float32)
        self._first_sample = 0
        self._speech = np.zeros(0, dtype=np.bool_)
        self._first_decision = 0
        self._next = 0
        self._number = _UNKNOWN

    def push(self, block: Waveform) -> Heard:
        self._sound = np.concatenate([self._sound, block])
        self._speech = np.concatenate([self._speech, self._detector.push(block)])
        # A window waits for a sample after it, because the last window may need zeros.
        return self._heard(min(self._complete(self._end - 1), self._decided()))

    def flush(self) -> Heard:
        self._speech = np.concatenate([self._speech, self._detector.flush()])
        self._number = self._complete(self._end)
        if self._number > 0 and (self._number - 1) * self._grid.hop + self._grid.window < self._end:
            missing = self._number * self._grid.hop + self._grid.window - self._end
            self._sound = np.concatenate([self._sound, np.zeros(max(0, missing), dtype=np.float32)])
            self._number += 1
        return self._heard(self._number)

    @property
    def _end(self) -> int:
        return self._first_sample + len(self._sound)

    def _complete(self, end: int) -> int:
        """The number of windows that are complete if the sound has `end` samples."""
        return max(0, 1 + (end - self._grid.window) // self._grid.hop)

    def _decided(self) -> int:
        """The number of windows for which, and for the window after which, all decisions are there."""
        samples = (self._first_decision + len(self._speech)) * self._detector.frame * self._grid.rate
        return max(0, int((samples - (self._grid.window + self._grid.hop) / 2) // self._grid.hop))

    def _heard(self, until: int) -> Heard:
        """Encode the windows from the next window on, each run of windows with speech in a single call."""
        windows = np.arange(self._next, max(until, self._next))
        heard = [Heard.nothing(self._dim)]
        for run in runs(windows[self._encoded(windows)]):
            if len(run):
                start = run[0] * self._grid.hop
                end = run[-1] * self._grid.hop + self._grid.window
                sound = self._sound[start - self._first_sample : end - self._first_sample]
                observations, centers = encode(self._encoder, sound, self._grid)
                times = np.round(centers + start / self._grid.rate, _DECIMALS)
                heard.append(Heard(observations, times, self._spans(run)))
        self._next += len(windows)
        self._forget()
        return joined(heard)

    def _frames(self, windows: Windows, reach: float) -> NDArray[np.int64]:
        """(windows, 2) first and last + 1 decision from `reach` hops before centers to `reach` hops after them."""
        edges = self._grid.centers(windows)[:, None] + np.array([-reach, reach]) * self._grid.hop / self._grid.rate
        frames = np.round(edges / self._detector.frame).astype(np.int64) - self._first_decision
        clipped: NDArray[np.int64] = np.clip(frames, 0, len(self._speech))
        return clipped

    def _encoded(self, windows: Windows) -> Decisions:
        """Whether each window exists and enough of the hop around its center is speech."""
        totals = np.append(0, np.cumsum(self._speech))
        first, last = self._frames(windows, 0.5).T
        spoken_frames = totals[last] - totals[first]
        hop = self._grid.hop / self._grid.rate / self._detector.frame
        spoken = (spoken_frames > 0) & (spoken_frames >= _SHARE * np.round(hop))
        encoded: Decisions = spoken & (windows >= 0) & (windows < self._number)
        return encoded

    def _spans(self, run: Windows) -> Spans:
        """The span of each of consecutive windows."""
        hops = self._frames(run, 0.5)
        wide = self._frames(run, max(1.0, self._grid.window / 2 / self._grid.hop))
        beside = self._encoded(np.array([run[0] - 1, run[-1] + 1]))
        spans = []
        for number, (first, last) in enumerate(hops):
            spoken = first + np.flatnonzero(self._speech[first:last])[[0, -1]] + np.array([0, 1])
            if number == 0 and not beside[0] and spoken[0] == first:
                spoken[0] -= _run_length(self._speech[wide[0, 0] : first][::-1])
            if number == len(run) - 1 and not beside[1] and spoken[1] == last:
                spoken[1] += _run_length(self._speech[last : wide[-1, 1]])
            spans.append((spoken + self._first_decision) * self._detector.frame)
        return np.array(spans)

    def _forget(self) -> None:
        """Drop sound and decisions that no later window needs."""
        samples = min(max(0, self._next * self._grid.hop - self._first_sample), len(self._sound))
        self._sound = self._sound[samples:].copy()
        self._first_sample += samples
        start = (self._next - 2) * self._grid.hop / self._grid.rate
        frames = min(max(0, int(start / self._detector.frame) - self._first_decision), len(self._speech))
        self._speech = self._speech[frames:].copy()
        self._first_decision += frames


def _run_length(decisions: Decisions) -> int:
    """The number of decisions for speech before the first decision against it."""
    silent = np.flatnonzero(~decisions)
    return int(silent[0]) if len(silent) else len(decisions)
