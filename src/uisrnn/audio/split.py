"""Diarization of separate channels, for calls with a speaker on each channel: channels never share a label."""

from collections.abc import Callable, Iterable, Sequence

from uisrnn.audio.sources.recordings import Recording
from uisrnn.errors import ArgumentError
from uisrnn.turns.turn import Turn

CHANNELS: dict[str, Callable[[Recording], list[Recording]]] = {"mix": lambda whole: [whole], "split": Recording.split}
"""For each value of the argument `channels`, a function from a recording to the recordings that are diarized."""


def sources_of(whole: Recording, channels: object) -> list[Recording]:
    """The recordings to diarize separately.

    Args:
        whole: the recording.
        channels: "mix" for the mean of all channels, "split" for each channel separately.

    Raises:
        ArgumentError: `channels` has another value.
    """
    if not isinstance(channels, str) or channels not in CHANNELS:
        raise ArgumentError(f"channels must be one of {', '.join(CHANNELS)}, but is {channels!r:.80}")
    return CHANNELS[channels](whole)


def turns_of_each(channels: Iterable[Recording], diarized: Callable[[Recording], Sequence[Turn]]) -> list[Turn]:
    """The turns on all channels; each channel is diarized separately.

    Args:
        channels: recordings of one channel each.
        diarized: finds the turns of a recording. Its speakers are integers from 0 on, or the names of known speakers.

    Returns:
        All turns in the order of their starts. The integers of each channel continue after the integers of the
        channels before it, so channels never share a number; known speakers keep their names.

    >>> from uisrnn.audio.sources.opening import channels_of
    >>> import numpy as np
    >>> call = channels_of((np.zeros((8000, 2)), 8000))
    >>> turns_of_each(call, lambda channel: [Turn(0, 2, 0), Turn(2, 3, 1)])
    [Turn(start=0, end=2, speaker=0), Turn(start=0, end=2, speaker=2),
     Turn(start=2, end=3, speaker=1), Turn(start=2, end=3, speaker=3)]
    """
    all_turns: list[Turn] = []
    first = 0
    for channel in channels:
        turns = [_numbered(turn, first) for turn in diarized(channel)]
        first = max([first, *(turn.speaker + 1 for turn in turns if not isinstance(turn.speaker, str))])
        all_turns += turns
    return sorted(all_turns, key=lambda turn: turn.start)


def _numbered(turn: Turn, first: int) -> Turn:
    return turn if isinstance(turn.speaker, str) else turn._replace(speaker=turn.speaker + first)
