"""The `segments` of a Kaldi folder: which part of which recording an utterance is."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from uisrnn.errors import InputError
from uisrnn.formats.kaldi.tables import table_of, words_of
from uisrnn.turns.turn import FARTHEST

_TO_THE_END = -1.0  # Kaldi's number for the end of a recording
_NO_CHANNEL = "-1"  # Kaldi's number for all channels

_log = logging.getLogger("uisrnn.formats")


@dataclass(frozen=True, slots=True)
class Segment:
    """A line of `segments`.

    Attributes:
        recording: with its channel, if the recording has several channels.
        start: in seconds.
        end: in seconds; None: the segment goes on to the end of the recording, at an unknown time.
    """

    recording: str
    start: float
    end: float | None

    @property
    def center(self) -> float | None:
        """Half way from start to end; None if the end is unknown."""
        return None if self.end is None else self.start + (self.end - self.start) / 2


def read_segments(path: Path, durations: Mapping[str, float]) -> dict[str, Segment]:
    """Read the segments by utterance.

    A segment that goes on to the end of its recording ends with the recording if its duration is known. Else the
    segment gets the median length of the others, and the log says so: windows of equal length are usual.

    Args:
        path: of `segments`.
        durations: seconds of recordings, as `reco2dur` has them.

    Raises:
        InputError: a line is not `<utterance> <recording> <start seconds> <end seconds>`, perhaps with a channel; or
            an utterance is there twice.
    """
    lines = table_of((where, key, _line(rest, where)) for where, (key, *rest) in words_of(path, 4, 5))
    named = _with_channels(lines, path)
    lengths = [segment.end - segment.start for segment in named.values() if segment.end is not None]
    usual = median(lengths) if lengths else None
    unknown = 0
    for key, segment in named.items():
        if segment.end is None:
            end = _end_of(segment, durations.get(lines[key][0].recording))
            unknown += end is None
            named[key] = replace(segment, end=segment.start + usual if end is None and usual is not None else end)
    if unknown and usual is not None:
        _log.warning("%s: unknown ends: %d; these segments get the median length, %g s", path, unknown, usual)
    return named


def _end_of(segment: Segment, duration: float | None) -> float | None:
    """The end of a segment that goes on to the end of its recording; None if it is unknown."""
    return duration if duration is not None and duration >= segment.start else None


def _with_channels(lines: dict[str, tuple[Segment, str]], path: Path) -> dict[str, Segment]:
    """Segments, in which the channels of a recording with several channels are recordings of their own."""
    channels: dict[str, set[str]] = {}
    for segment, channel in lines.values():
        channels.setdefault(segment.recording, set()).add(channel)
    several = {recording for recording, names in channels.items() if len(names) > 1}
    clashes = {f"{name}-{channel}" for name in several for channel in channels[name]} & channels.keys()
    if clashes:
        raise InputError(f"{path}: {min(clashes)!r:.80} must be a recording or a channel of a recording, but is both")
    return {
        key: replace(segment, recording=f"{segment.recording}-{channel}") if segment.recording in several else segment
        for key, (segment, channel) in lines.items()
    }


def _line(words: list[str], where: str) -> tuple[Segment, str]:
    """A segment and its channel."""
    channel = words[3] if len(words) > 3 else _NO_CHANNEL
    if not (channel in ("A", "B", _NO_CHANNEL) or (channel.isascii() and channel.isdecimal())):
        raise InputError(f"{where}: the channel must be a number, A or B, but is {channel!r:.80}")
    start = _seconds(words[1], where)
    end = None if _number(words[2]) == _TO_THE_END else _seconds(words[2], where)
    if end is not None and end < start:
        raise InputError(f"{where}: must not end before it starts, but is from {start} to {end} seconds")
    return Segment(words[0], start, end), channel


def _seconds(text: str, where: str) -> float:
    value = _number(text)
    if not 0 <= value < FARTHEST:
        raise InputError(f"{where}: start and end must be seconds from 0 on, but there is {text!r:.80}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read_durations(path: Path) -> dict[str, float]:
    """Read the seconds of recordings from `reco2dur`.

    Raises:
        InputError: a line is not `<recording> <seconds>`, or a recording is there twice.
    """
    return table_of((where, key, _seconds(text, where)) for where, (key, text) in words_of(path, 2))
