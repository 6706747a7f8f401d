"""From sound, block by block, to observations of the windows in which somebody speaks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.activity import Decisions, VoiceActivity
from uisrnn.audio.encoder import Encoder, Grid, encode
from uisrnn.audio.waveforms import Waveform
from uisrnn.data.labeled import Times
from uisrnn.data.labels import runs
from uisrnn.data.observations import Observations
from uisrnn.errors import ArgumentError

_SHARE = 0.5
"""Of the hop around its center, that must be speech for a window to be encoded."""
_DECIMALS = 6  # of times, so that they are the same whatever they were added up from


@dataclass(frozen=True)
class Heard:
    """What became known by listening.

    Attributes:
        observations: (K, D) of the next windows in which somebody speaks.
        times: (K,) their centers in seconds.
        speech: (F,) the next decisions on whether somebody speaks.
    """

    observations: Observations
    times: Times
    speech: Decisions


class Listener:
    """Listens to one recording: voice activity and windows over what it says is speech.

    A window stands for one hop of time around its center, and is encoded if at least half of that is speech. Only as
    much sound is held as windows need that are not complete. At the end, zeros complete the last window.

    Args:
        encoder: what encodes windows.
        activity: what finds speech.
        dim: D of its observations.

    Raises:
        ArgumentError: the activity is no `VoiceActivity`.
    """

    def __init__(self, encoder: Encoder, activity: VoiceActivity, dim: int) -> None:
        if not hasattr(activity, "detector"):
            raise ArgumentError(f"voice_activity must have a detector, see VoiceActivity, but is {activity!r:.80}")
        self.grid = Grid.of(encoder)
        self._encoder, self._detector, self._dim = encoder, activity.detector(self.grid.rate), dim
        self._sound, self._first_sample = np.zeros(0, dtype=np.float32), 0
        self._speech, self._first_decision = np.zeros(0, dtype=np.bool_), 0
        self._next = 0

    @property
    def frame(self) -> float:
        """Seconds that a decision on speech is about."""
        return self._detector.frame

    @property
    def seconds(self) -> float:
        """How much it has heard."""
        return self._end / self.grid.rate

    @property
    def _end(self) -> int:
        return self._first_sample + len(self._sound)

    def push(self, block: Waveform) -> Heard:
        """Take the next samples (n,), at the encoder's rate.

        Raises:
            InputError, InputTypeError: the encoder does not keep to `Encoder`.
        """
        decided = self._detector.push(block)
        self._sound = np.concatenate([self._sound, block])
        self._speech = np.concatenate([self._speech, decided])
        return self._heard(min(self._complete(), self._decided()), decided)

    def flush(self) -> Heard:
        """The end: what is left; see `push`."""
        decided = self._detector.flush()
        self._speech = np.concatenate([self._speech, decided])
        complete = self._complete()
        if complete > 0 and (complete - 1) * self.grid.hop + self.grid.window < self._end:
            missing = complete * self.grid.hop + self.grid.window - self._end
            self._sound = np.concatenate([self._sound, np.zeros(max(0, missing), dtype=np.float32)])
            complete += 1
        return self._heard(complete, decided)

    def _complete(self) -> int:
        """How many windows have been heard to their end."""
        return max(0, 1 + (self._end - self.grid.window) // self.grid.hop)

    def _decided(self) -> int:
        """For how many windows it is known whether somebody speaks."""
        known = (self._first_decision + len(self._speech)) * self.frame * self.grid.rate
        return max(0, 1 + int((known - (self.grid.window + self.grid.hop) / 2) // self.grid.hop))

    def _heard(self, until: int, decided: Decisions) -> Heard:
        """Encode the windows from the next one on, each run of those with speech in one call."""
        windows = np.arange(self._next, max(until, self._next))
        observations, times = [np.zeros((0, self._dim), dtype=np.float32)], [np.zeros(0)]
        for run in runs(windows[self._spoken(windows)]):
            if len(run):
                start, end = run[0] * self.grid.hop, run[-1] * self.grid.hop + self.grid.window
                sound = self._sound[start - self._first_sample : end - self._first_sample]
                found, centers = encode(self._encoder, sound, self.grid)
                observations.append(found)
                times.append(np.round(centers + start / self.grid.rate, _DECIMALS))
        self._next += len(windows)
        self._forget()
        return Heard(np.concatenate(observations), np.concatenate(times), decided)

    def _spoken(self, windows: NDArray[np.int64]) -> Decisions:
        """Whether enough of what each window stands for is speech."""
        edges = self.grid.centers(windows)[:, None] + np.array([-0.5, 0.5]) * self.grid.hop / self.grid.rate
        frames = np.round(edges / self.frame).astype(np.int64) - self._first_decision
        totals = np.append(0, np.cumsum(self._speech))
        first, last = np.clip(frames, 0, len(self._speech)).T
        spoken_frames = totals[last] - totals[first]
        spoken: Decisions = (spoken_frames > 0) & (spoken_frames >= _SHARE * (frames[:, 1] - frames[:, 0]))
        return spoken

    def _forget(self) -> None:
        """Drop sound and decisions that no later window needs."""
        samples = min(max(0, self._next * self.grid.hop - self._first_sample), len(self._sound))
        self._sound, self._first_sample = self._sound[samples:].copy(), self._first_sample + samples
        start = self.grid.centers(self._next) - self.grid.hop / self.grid.rate
        frames = min(max(0, int(start / self.frame) - self._first_decision), len(self._speech))
        self._speech, self._first_decision = self._speech[frames:].copy(), self._first_decision + frames
