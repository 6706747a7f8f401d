"""CTM files: words with times, read as turns of the speakers of the words."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from uisrnn.errors import InputError
from uisrnn.turns.channels import Channel
from uisrnn.turns.lines import read_fields, start_and_duration
from uisrnn.turns.spans import merged
from uisrnn.turns.turn import Span, Turn

LONGEST_PAUSE = 0.3
"""Seconds; NIST joins speech of a speaker into a turn if the pause is not longer."""

_WITHOUT_SPEAKER = (5, 6)  # fields: file id, channel, start, duration, word, confidence
_WITH_SPEAKER = 8  # fields: the same, type, speaker
_NO_SPEECH = frozenset({"noscore", "non-lex", "misc"})  # types of words
_NO_NAME = frozenset({"<na>", "na", "unknown"})
_ALTERNATIVE = ["*", "*"]  # start and duration of lines around alternative transcripts
_ONLY = "1"  # the channel of a recording if channels are speakers


class _Word(NamedTuple):
    where: str
    channel: Channel
    span: Span
    speaker: str | None


def read(path: str | os.PathLike[str]) -> dict[Channel, list[Turn]]:
    """Read turns from a CTM file, NIST's conversation time marks.

    A word with 8 fields names its speaker in the last field. Words with 5 or 6 fields have no speaker, so the channel
    is the speaker, as in a call with a person on each channel. A file without speakers in which no recording has two
    channels is refused. Words of a speaker become a turn if the pause between them is at most `LONGEST_PAUSE`.

    Args:
        path: the file, UTF-8. A line is `<file id> <channel> <start> <duration> <word> [confidence [type speaker]]`;
            `;` or `#` begins a comment line. Words of the types `noscore`, `non-lex` and `misc` are left out.

    Returns:
        The turns of each channel by start; or, if channels are speakers, of each recording as its channel "1".

    Raises:
        InputError: a line is not a word, or the file does not say who speaks; the message names file and line.
        OSError: the file cannot be read.
    """
    words = list(_words(read_fields(path, "a CTM file")))
    if any(word.speaker is not None for word in words):
        _require_speakers(words)
    else:
        _require_two_channels(words, os.fsdecode(path))
        words = [_of_channel(word) for word in words]
    channels: dict[Channel, dict[str, list[Span]]] = {}
    for word in words:
        channels.setdefault(word.channel, {}).setdefault(str(word.speaker), []).append(word.span)
    return {channel: _turns(speakers) for channel, speakers in channels.items()}


def _words(lines: Iterable[tuple[str, list[str]]]) -> Iterator[_Word]:
    for where, fields in lines:
        if fields[2:4] == _ALTERNATIVE:
            continue
        if len(fields) not in (*_WITHOUT_SPEAKER, _WITH_SPEAKER):
            raise InputError(
                f"{where}: a word needs 5 or 6 fields (file id, channel, start, duration, word, confidence), "
                f"or 8 with type and speaker, but has {len(fields)}"
            )
        span = start_and_duration(fields[2], fields[3], where)
        is_named = len(fields) == _WITH_SPEAKER
        if not (is_named and fields[6].lower() in _NO_SPEECH):
            yield _Word(where, Channel(fields[0], fields[1]), span, fields[7] if is_named else None)


def _require_speakers(words: Iterable[_Word]) -> None:
    for word in words:
        if word.speaker is None or word.speaker.lower() in _NO_NAME:
            raise InputError(f"{word.where}: must name the speaker of the word in field 8, as other lines do")


def _require_two_channels(words: Iterable[_Word], name: str) -> None:
    channels = {word.channel for word in words}
    if channels and len({channel.recording for channel in channels}) == len(channels):
        raise InputError(
            f"{name}: does not say who speaks: its words have no speaker (field 8), and no recording has two channels"
        )


def _of_channel(word: _Word) -> _Word:
    return word._replace(channel=Channel(word.channel.recording, _ONLY), speaker=word.channel.channel)


def _turns(speakers: dict[str, list[Span]]) -> list[Turn]:
    turns = [
        Turn(start, end, speaker)
        for speaker, spans in speakers.items()
        for start, end in merged(sorted(spans), LONGEST_PAUSE)
    ]
    return sorted(turns, key=lambda turn: (turn.start, turn.end))
