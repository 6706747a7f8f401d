"""Channels of recordings. NIST's tools score each channel of a file by itself; its speakers are its own."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from uisrnn.errors import InputError

Content = TypeVar("Content")


class Channel(NamedTuple):
    """A channel of a recording.

    Attributes:
        recording: the file id.
        channel: the name of the channel.
    """

    recording: str
    channel: str

    @property
    def name(self) -> str:
        """The name of a channel that is scored by itself.

        >>> Channel("call", "2").name
        'call channel 2'
        """
        return f"{self.recording} channel {self.channel}"


def by_recording(
    contents: Mapping[Channel, Content], source: str, kind: str = "turns", channel: str | int | None = None
) -> dict[str, Content]:
    """The content of each recording.

    Args:
        contents: turns or regions of each channel.
        source: the name of the file, for error messages.
        kind: the name of the contents, for error messages.
        channel: the channel of all recordings; None: each recording has a single channel.

    Raises:
        InputError: a recording has different contents on two channels, or no recording has the channel.

    >>> by_recording({Channel("call", "1"): ["ann"], Channel("call", "2"): ["bob"]}, "a.rttm", channel=2)
    {'call': ['bob']}
    """
    if channel is not None:
        return _on_channel(contents, source, kind, str(channel))
    recordings: dict[str, Content] = {}
    for (name, _channel), content in contents.items():
        if recordings.setdefault(name, content) != content:
            raise InputError(
                f"{source}: a recording must have {kind} on a single channel, but {name} has {kind} on channels "
                f"{' and '.join(_channels_of(name, contents))}; choose a channel, or give each channel a file id"
            )
    return recordings


def _on_channel(contents: Mapping[Channel, Content], source: str, kind: str, channel: str) -> dict[str, Content]:
    recordings = {key.recording: content for key, content in contents.items() if key.channel == channel}
    if contents and not recordings:
        names = ", ".join(sorted({key.channel for key in contents}))
        raise InputError(f"{source}: must have {kind} on channel {channel}, but has channels {names:.200}")
    return recordings


def _channels_of(recording: str, keys: Iterable[Channel]) -> list[str]:
    return sorted({key.channel for key in keys if key.recording == recording})


def names_of(*sides: Iterable[Channel]) -> dict[Channel, str]:
    """A name for each channel, so that the same channel has the same name on all sides.

    Args:
        sides: the channels of the references, of the hypotheses, ...

    Returns:
        The recording, if every side has at most a single channel of this recording, whatever this channel is called;
        else recording and channel.

    >>> names = names_of([Channel("call", "1"), Channel("call", "2"), Channel("talk", "A")], [Channel("talk", "1")])
    >>> list(names.values())
    ['call channel 1', 'call channel 2', 'talk', 'talk']
    """
    channels = [list(dict.fromkeys(side)) for side in sides]
    counts = [Counter(key.recording for key in side) for side in channels]
    split = {recording for side in counts for recording, number in side.items() if number > 1}
    return {key: key.name if key.recording in split else key.recording for side in channels for key in side}
