"""Files of turns, whose format follows from the suffix: RTTM, CTM, STM."""

import os
from collections.abc import Callable, Mapping
from pathlib import PurePath

from uisrnn.errors import InputError
from uisrnn.turns import ctm, rttm, stm
from uisrnn.turns.channels import Channel, by_recording
from uisrnn.turns.turn import Turn

READERS: Mapping[str, Callable[[str | os.PathLike[str]], dict[Channel, list[Turn]]]] = {
    ".rttm": rttm.read_channels,
    ".ctm": ctm.read,
    ".stm": stm.read,
}
"""The readers of files of turns by suffix."""

UNREAD_INTERVALS: Mapping[str, str] = {
    ".textgrid": "a TextGrid of Praat",
    ".eaf": "an annotation of ELAN",
    ".srt": "a file of subtitles",
    ".vtt": "a file of subtitles",
}
"""Kinds of files by suffix, whose labelled intervals are not read."""

_WRITE_RTTM = "write its turns as RTTM: SPEAKER <file id> 1 <start> <duration> <NA> <NA> <speaker> <NA> <NA>"
_OTHER_KINDS = {
    ".uem": "a UEM file has regions to score, but no turns; give it to `uisrnn evaluate` as --uem",
    ".lab": f"a label file does not name its recording; {_WRITE_RTTM}",
    **{suffix: f"{kind} is not read; {_WRITE_RTTM}" for suffix, kind in UNREAD_INTERVALS.items()},
}


def holds_turns(path: str | os.PathLike[str]) -> bool:
    """Whether a path has the suffix of a file of turns, or the name `rttm`, as in folders of Kaldi.

    >>> holds_turns("calls.RTTM"), holds_turns("exp/rttm"), holds_turns("calls.npz")
    (True, True, False)
    """
    return _suffix(path) in READERS


def refuse_other_kinds(path: str | os.PathLike[str]) -> None:
    """Refuse files about speech whose turns cannot be read, by their suffix.

    Raises:
        InputError: the suffix is the suffix of such a file; the message says what to do.
    """
    if _suffix(path) in _OTHER_KINDS:
        raise InputError(f"{os.fsdecode(path)}: {_OTHER_KINDS[_suffix(path)]}")


def read_channels(path: str | os.PathLike[str]) -> dict[Channel, list[Turn]]:
    """Read the turns of each channel of each recording.

    Args:
        path: a file of turns; without a suffix of `READERS` it is taken for RTTM.

    Raises:
        InputError: a line is wrong, or the suffix says that the file has no turns.
        OSError: the file cannot be read.
    """
    refuse_other_kinds(path)
    return READERS.get(_suffix(path), rttm.read_channels)(path)


def read_turns(path: str | os.PathLike[str]) -> dict[str, list[Turn]]:
    """Read the turns of each recording.

    Args:
        path: see `read_channels`.

    Raises:
        InputError: a recording has turns on two channels, or see `read_channels`.
        OSError: the file cannot be read.
    """
    return by_recording(read_channels(path), os.fsdecode(path))


def _suffix(path: str | os.PathLike[str]) -> str:
    path = PurePath(path)
    return path.suffix.lower() or f".{path.name.lower()}" * (path.name.lower() == "rttm")
