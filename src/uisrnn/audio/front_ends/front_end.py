"""The interface between sound and labels: a front end turns blocks of sound into observations with spans."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.sources.waveforms import Waveform, rate_of
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences.labeled import Times
from uisrnn.sequences.observations import Observations, observations

Spans = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """Observations that a front end made of the sound since the last call.

    Attributes:
        observations: (K, D), in the order of time.
        times: (K,) seconds. Observations of equal time stand side by side: they belong to different speakers.
        spans: (K, 2) seconds, the start and the end of the time in which the speaker of each observation is heard.
    """

    observations: Observations
    times: Times
    spans: Spans

    @staticmethod
    def nothing(dim: int) -> "Heard":
        """Zero observations of `dim` dimensions."""
        return Heard(np.zeros((0, dim), dtype=np.float32), np.zeros(0), np.zeros((0, 2)))


def joined(parts: list[Heard]) -> Heard:
    """The observations of consecutive parts, of which there must be at least 1."""
    return Heard(
        np.concatenate([part.observations for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.spans for part in parts]),
    )


class Listener(Protocol):
    """Hears a recording in blocks of any length; how the sound is cut into blocks changes nothing."""

    def push(self, block: Waveform) -> Heard:
        """Take the next samples (n,) at the rate of the front end."""

    def flush(self) -> Heard:
        """End the recording and return the observations that are left."""


class FrontEnd(Protocol):
    """Makes observations of recordings. Implementations: `WindowedFrontEnd`, `SegmentedFrontEnd`."""

    @property
    def name(self) -> str:
        """Name of the observations. A model remembers the front end that it was trained on by this name."""

    @property
    def rate(self) -> int:
        """Samples a second that listeners take."""

    @property
    def dim(self) -> int:
        """D, the dimension of observations."""

    @property
    def shortest(self) -> float:
        """Seconds of sound that an observation needs."""

    @property
    def latency(self) -> float:
        """Seconds of sound that a listener may need after the end of a span."""

    def listener(self) -> Listener:
        """Start to listen to a new recording."""


class CheckedListener:
    """Checks the results of a listener, so that an error names the mistake of a front end.

    Args:
        front_end: starts the listener.

    Raises:
        ArgumentError: `front_end` lacks a part of `FrontEnd`.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        require_parts(front_end)
        self.rate = rate_of(front_end.rate)
        self._dim = front_end.dim
        self._name = front_end.name
        self._listener = front_end.listener()
        self._last_time = -np.inf
        self._number = 0

    def push(self, block: Waveform) -> Heard:
        """Take the next samples; see `Listener.push`.

        Raises:
            InputError, InputTypeError: observations, times or spans of the front end are wrong.
        """
        return self._checked(self._listener.push(block))

    def flush(self) -> Heard:
        """End the recording; see `push`."""
        return self._checked(self._listener.flush())

    def _checked(self, heard: Any) -> Heard:
        where = f"front end {self._name}"
        if not isinstance(heard, Heard):
            raise InputTypeError(f"{where}: a listener must return a Heard, but returned {heard!r:.80}")
        vectors = Heard.nothing(self._dim).observations
        if np.shape(heard.observations)[:1] != (0,):
            vectors = observations(heard.observations, where=where, dim=self._dim)
        times = _seconds(heard.times, where)
        spans = _seconds(heard.spans, where)
        if times.shape != (len(vectors),) or spans.shape != (len(vectors), 2):
            raise InputError(
                f"{where}: {len(vectors)} observations need times ({len(vectors)},) and spans ({len(vectors)}, 2), "
                f"but these are {times.shape} and {spans.shape}"
            )
        self._require_order(times, spans, where)
        self._number += len(vectors)
        return Heard(vectors, times, spans)

    def _require_order(self, times: Times, spans: Spans, where: str) -> None:
        before = np.concatenate([[self._last_time], times[:-1]])
        finite = np.isfinite(times) & np.isfinite(spans).all(axis=1)
        wrong = ~finite | ~(times >= before) | ~(spans[:, 0] < spans[:, 1])
        if wrong.any():
            index = int(np.flatnonzero(wrong)[0])
            start, end = spans[index]
            raise InputError(
                f"{where}: times must not decrease and spans must not be empty, but observation {self._number + index} "
                f"at {times[index]} s is from {start} to {end} s, and the time before is {before[index]} s"
            )
        if len(times):
            self._last_time = float(times[-1])


def require_parts(front_end: Any) -> None:
    """Require an object with all parts of `FrontEnd`.

    Raises:
        ArgumentError: a part is missing; the message names it.
    """
    for name in ("name", "rate", "dim", "shortest", "latency", "listener"):
        if not hasattr(front_end, name):
            raise ArgumentError(f"front_end must have a {name}, see uisrnn.audio.FrontEnd, but is {front_end!r:.80}")


def _seconds(values: Any, where: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{where}: times and spans must be numbers, but: {error}") from error
