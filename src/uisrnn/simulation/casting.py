"""Conversations to compose, and the choice of a voice for each speaker."""

import os
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from uisrnn.errors import InputError, InputTypeError
from uisrnn.turns.files import read_turns
from uisrnn.turns.turn import Turn, turns_of

Speaker = TypeVar("Speaker", bound=Hashable)
AnyVoice = TypeVar("AnyVoice")


def conversations_of(turns: Any) -> Iterator[tuple[list[Turn], str]]:
    """The turns of each conversation, with its name for error messages.

    Args:
        turns: a list of conversations. A conversation is a list of turns (start seconds, end seconds, speaker), or the
            path of an RTTM file, in which each file id is a conversation. A single path is also accepted.

    Raises:
        InputTypeError: `turns` is not a list, or a conversation is not a list of turns.
        InputError: a turn or a line of an RTTM file is wrong.
        OSError: an RTTM file cannot be read.
    """
    if isinstance(turns, (str, os.PathLike)):
        turns = [turns]
    if not isinstance(turns, (list, tuple)):
        raise InputTypeError(f"turns must be a list of conversations, but are {type(turns).__name__}")
    for number, conversation in enumerate(turns):
        if isinstance(conversation, (str, os.PathLike)):
            for recording, read in read_turns(conversation).items():
                yield read, f"{os.fsdecode(conversation)}, recording {recording}"
        else:
            yield turns_of(conversation, f"conversation {number}"), f"conversation {number}"


def cast(
    speakers: Sequence[Speaker], voices: Sequence[AnyVoice], where: str, generator: np.random.Generator
) -> dict[Speaker, AnyVoice]:
    """A random voice for each speaker; no two speakers share a voice.

    Args:
        speakers: of a conversation.
        voices: to choose from.
        where: the name of the conversation; error messages begin with it.
        generator: draws the voices.

    Raises:
        InputError: there are more speakers than voices.

    >>> sorted(cast(["ann", "bob"], ["low", "high"], "here", np.random.default_rng(0)).values())
    ['high', 'low']
    >>> cast(["ann", "bob"], ["low"], "conversation 3", np.random.default_rng(0))
    Traceback (most recent call last):
    uisrnn.errors.InputError: conversation 3: 2 speakers need as many voices, but there are 1
    """
    if len(speakers) > len(voices):
        raise InputError(f"{where}: {len(speakers)} speakers need as many voices, but there are {len(voices)}")
    drawn = generator.choice(len(voices), len(speakers), replace=False).tolist()
    return {speaker: voices[number] for speaker, number in zip(speakers, drawn, strict=True)}
