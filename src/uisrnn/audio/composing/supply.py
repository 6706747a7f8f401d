"""Consecutive speech of a single voice, without long pauses."""

import numbers
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.audio.composing.pauses import FRAME, LevelGate, frame_size, kept_frames
from uisrnn.audio.sources.opening import recording
from uisrnn.audio.sources.recordings import Recording
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences.labels import Label

LEVEL = 10 ** (-26 / 20)
"""Root mean square of speech, as a share of full scale."""
_SEARCH = 1.0  # seconds that may be skipped so that a piece starts and ends in speech
_FADE = 0.005  # seconds


@dataclass(frozen=True)
class SoundVoice:
    """The utterances of a voice; sound files are read when they are needed.

    Attributes:
        name: the label of the voice.
        utterances: paths of sound files, or pairs (waveform, rate).
    """

    name: Label
    utterances: tuple[Any, ...]

    def utterance(self, number: int) -> Recording:
        """An utterance; error messages about an array begin with the name of the voice."""
        source = self.utterances[number]
        opened = recording(source)
        return opened if _is_path(source) else replace(opened, where=f"voice {self.name!r}, utterance {number}")


def sound_voices(voices: Any) -> list[SoundVoice]:
    """Check the argument `voices` of `compose` without reading sound.

    Raises:
        InputTypeError: `voices` is not a mapping from names to lists.
        InputError: there is no voice, or a voice has no utterance.
        OSError: there is no file at a path.
    """
    if not isinstance(voices, Mapping):
        raise InputTypeError(f"voices must be a mapping from names to utterances, but are {type(voices).__name__}")
    if not voices:
        raise InputError("voices: at least one is needed, but there is none")
    return [_sound_voice(name, utterances) for name, utterances in voices.items()]


def _sound_voice(name: Any, utterances: Any) -> SoundVoice:
    if not isinstance(name, (str, numbers.Integral)):
        raise InputTypeError(f"voices: names must be strings or integers, but a name is {name!r:.80}")
    if _is_path(utterances):
        utterances = [utterances]
    if not isinstance(utterances, (list, tuple)):
        raise InputTypeError(
            f"voice {name!r}: must be a list of paths or of pairs (waveform, rate), but is {utterances!r:.80}"
        )
    if not utterances:
        raise InputError(f"voice {name!r}: at least one utterance is needed, but there is none")
    for number, utterance in enumerate(utterances):
        _require_utterance(utterance, f"voice {name!r}, utterance {number}")
    return SoundVoice(name, tuple(utterances))  # type: ignore[arg-type]  # any integer is a name


def _require_utterance(utterance: Any, where: str) -> None:
    if _is_path(utterance):
        os.stat(utterance)
        return
    try:
        recording(utterance)
    except (ArgumentError, InputError, InputTypeError) as error:
        raise type(error)(f"{where}: {error}") from None


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


class Supply:
    """Consecutive speech of a voice, at a constant level and without long pauses.

    Utterances come in random order, and the first utterance has a random start. After the last utterance, they come
    again.

    Args:
        voice: the voice.
        rate: samples a second.
        generator: draws the order and the start.
    """

    def __init__(self, voice: SoundVoice, rate: int, generator: np.random.Generator) -> None:
        self._rate = rate
        self._size = frame_size(rate)
        self._blocks = _speech(voice, rate, generator)
        self._samples = np.zeros(0, dtype=np.float32)
        self._spoken = np.zeros(0, dtype=np.bool_)

    def take(self, count: int) -> Waveform:
        """The next `count` samples, which start and end in speech if that is possible.

        At most a second is skipped to reach such samples. Both ends are faded within 5 ms.
        """
        self._fill(count + round(_SEARCH * self._rate))
        start = self._start(count)
        piece = self._samples[start : start + count].copy()
        frames = (start + count) // self._size
        self._samples = self._samples[frames * self._size :]
        self._spoken = self._spoken[frames:]
        return _faded(piece, round(_FADE * self._rate))

    def _fill(self, count: int) -> None:
        samples = [self._samples]
        spoken = [self._spoken]
        missing = count - len(self._samples)
        while missing > 0:
            block, decisions = next(self._blocks)
            samples.append(block)
            spoken.append(decisions)
            missing -= len(block)
        self._samples = np.concatenate(samples)
        self._spoken = np.concatenate(spoken)

    def _start(self, count: int) -> int:
        """The first sample from which `count` samples start and end in speech, or at least start in speech."""
        last = (count - 1) // self._size
        firsts = np.arange(round(_SEARCH / FRAME))
        good = self._spoken[firsts] & self._spoken[firsts + last]
        best = good if good.any() else self._spoken[firsts]
        return int(np.argmax(best)) * self._size


def _speech(
    voice: SoundVoice, rate: int, generator: np.random.Generator
) -> Iterator[tuple[Waveform, NDArray[np.bool_]]]:
    """Endless blocks of speech without long pauses, and whether each frame of a block exceeds the level gate."""
    share = generator.random()
    while True:
        for number in generator.permutation(len(voice.utterances)).tolist():
            for samples, spoken in _utterance(voice.utterance(number), rate):
                skipped = int(share * len(spoken))
                share = 0.0
                yield samples[skipped * frame_size(rate) :], spoken[skipped:]


def _utterance(utterance: Recording, rate: int) -> Iterator[tuple[Waveform, NDArray[np.bool_]]]:
    """Blocks of an utterance without long pauses, at `LEVEL`, and whether each frame exceeds the level gate."""
    gate = LevelGate(rate)
    size = frame_size(rate)
    energy = 0.0
    count = 0
    for block in utterance.blocks(rate):
        spoken = gate(block)
        if spoken.any():
            frames = block[: len(spoken) * size].reshape(-1, size)
            kept = kept_frames(spoken)
            energy += float(np.square(frames[spoken], dtype=np.float64).sum())
            count += int(spoken.sum()) * size
            yield (frames[kept] * np.float32(LEVEL / np.sqrt(energy / count))).reshape(-1), spoken[kept]
    if not count:
        raise InputError(f"{utterance.where}: speech must be heard, but all of it is silent or too short")


def _faded(piece: Waveform, length: int) -> Waveform:
    length = min(length, len(piece) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, length, endpoint=False, dtype=np.float32)) ** 2
    piece[:length] *= ramp
    piece[len(piece) - length :] *= ramp[::-1]
    return piece
