"""Recordings to observations, and to who speaks when."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uisrnn import extras
from uisrnn.arguments import InferenceArguments
from uisrnn.audio.front_ends import catalog
from uisrnn.audio.front_ends.front_end import CheckedListener, FrontEnd, Heard, joined
from uisrnn.audio.labelling import speakers_of
from uisrnn.audio.sources.opening import recording
from uisrnn.audio.sources.recordings import Recording
from uisrnn.audio.spans import exclusive as without_overlap
from uisrnn.audio.spans import turns_of_spans
from uisrnn.audio.split import sources_of, turns_of_each
from uisrnn.audio.system import Labeller, System
from uisrnn.checks import require_seconds
from uisrnn.errors import InputError
from uisrnn.progress import bar_for
from uisrnn.sequences.labeled import FRONT_END, LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn, to_annotation, turns_of

if TYPE_CHECKING:
    from pyannote.core import Annotation

MIN_GAP = 0.3
"""Seconds: pauses below are within a turn, as in the evaluations of NIST (RT-03 and later)."""


def heard_in(source: Recording, front_end: FrontEnd, verbosity: int) -> Heard:
    """All observations of a recording; there may be none.

    Args:
        source: the recording.
        front_end: makes the observations.
        verbosity: 2 or more: a progress bar on a terminal.

    Raises:
        InputError: the recording is too short, is no audio, or the front end returns wrong observations.
    """
    listener = CheckedListener(front_end)
    heard, seconds = [Heard.nothing(front_end.dim)], 0.0
    with bar_for(verbosity, round(source.seconds), source.name) as progress:
        for block in source.blocks(front_end.rate):
            seconds += len(block) / front_end.rate
            heard.append(listener.push(block))
            progress.advance(round(len(block) / front_end.rate))
    if seconds < front_end.shortest:
        raise InputError(
            f"{source.where}: lasts {seconds:.2f} s, but an observation needs {front_end.shortest:.2f} s of sound"
        )
    heard.append(listener.flush())
    return joined(heard)


def embed(audio: Any, front_end: FrontEnd | None = None, *, turns: Any = None, verbosity: int = 2) -> LabeledSequence:
    """Turn a recording into observations of the people who speak in it.

    Args:
        audio: the path of a file that libsndfile or FFmpeg reads, or a pair of a waveform (samples,) or (samples,
            channels) and its rate in Hz; any rate from 4 kHz on. Channels are averaged.
        front_end: makes observations; None: the best front end that is installed.
        turns: who speaks when, a list of (start seconds, end seconds, speaker) or a pyannote `Annotation`: the
            observations get labels, for `fit`; observations in which nobody speaks are left out. None: no labels.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The observations with their times; observations of equal time belong to different speakers. The name is the
        stem of the file. The info holds `front_end`, its name, and `spans`, a list of [start, end] in seconds.

    Raises:
        InputError: nobody speaks, the recording is too short, is no audio or holds values that are no samples.
        InputTypeError, ArgumentError: an argument is of a wrong kind.
        OSError: there is no such file.
        MissingExtraError: a package that is needed is not installed.

    >>> from uisrnn.audio import LevelActivity, WindowEncoder, WindowedFrontEnd
    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> sound = np.random.default_rng(0).normal(scale=0.1, size=16000)
    >>> embed((sound, 8000), WindowedFrontEnd(encoder, LevelActivity())).times
    array([0.5, 1. , 1.5])
    """
    source = recording(audio)
    front_end = catalog.choose_front_end() if front_end is None else front_end
    heard = heard_in(source, front_end, verbosity)
    if not len(heard.times):
        raise InputError(f"{source.where}: there is no speech in it")
    labels = None
    if turns is not None:
        speakers = speakers_of(heard, turns_of(turns, source.where))
        labelled = [place for place, speaker in enumerate(speakers) if speaker is not None]
        if not labelled:
            raise InputError(f"{source.where}: nobody of the turns speaks where speech was heard")
        labels = [speakers[place] for place in labelled]
        heard = Heard(heard.observations[labelled], heard.times[labelled], heard.spans[labelled])
    info = {FRONT_END: front_end.name, "spans": np.round(heard.spans, 6).tolist()}
    return LabeledSequence(heard.observations, labels, heard.times, source.name, info)


def diarize(
    audio: Any,
    *,
    model: Labeller | None = None,
    front_end: FrontEnd | None = None,
    num_speakers: int | None = None,
    clusters: Mapping[Any, Any] | None = None,
    channels: str = "mix",
    exclusive: bool = False,
    min_gap: float = MIN_GAP,
    min_turn: float = 0.0,
    inference_args: object = None,
    verbosity: int = 2,
) -> "Annotation":
    """Find out who speaks when.

    Memory depends on the length by the observations only, about 3 KB for a second of speech.

    Args:
        audio: the path of a file that libsndfile or FFmpeg reads, or a pair of a waveform (samples,) or (samples,
            channels) and its rate in Hz; any rate from 4 kHz on.
        model: trained on observations of the front end; None: the pretrained model of the best front end.
        front_end: makes observations; None: the front end that the model knows, or the best that is installed.
        num_speakers: how many speak, if it is known; with channels "split", on each channel.
        clusters: known speakers: a mapping from names to observations (T, D), such as `embed` makes.
        channels: "mix" averages the channels; "split" diarizes each channel by itself, for calls with a speaker on each
            channel: speakers of two channels never have the same number.
        exclusive: True: no two turns overlap; while several people speak, the turn that began first goes on.
        min_gap: a shorter pause of a speaker, in seconds, is within the turn unless somebody else speaks in it.
        min_turn: a shorter turn, in seconds, is taken for an error; turns that touch it share its time.
        inference_args: `InferenceArguments`, any object with those attributes, or None for one pass with defaults.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The turns, with the stem of the file as uri. Speakers are "speaker0", "speaker1", ... by first appearance, known
        speakers have their names. If nobody speaks, it is empty.

    Raises:
        InputError: the recording is too short, is no audio or holds values that are no samples.
        InputTypeError, ArgumentError: an argument is of a wrong kind; model and front end do not fit.
        OSError: there is no such file.
        MissingExtraError: a package that is needed is not installed.
    """
    extras.load("pyannote.core", "audio", "diarize")
    require_seconds("min_gap", min_gap)
    require_seconds("min_turn", min_turn)
    args = InferenceArguments(test_iteration=1) if inference_args is None else InferenceArguments.of(inference_args)
    args = args if num_speakers is None else replace(args, num_clusters=num_speakers)
    source = recording(audio)
    sources = sources_of(source, channels)
    system = System.of(model, front_end)
    system.model.decoder(args, clusters)  # wrong arguments are known before the work

    def diarized(channel: Recording) -> list[Turn]:
        heard = heard_in(channel, system.front_end, verbosity)
        labels: list[Label] = []
        if len(heard.times):
            sequence = LabeledSequence(heard.observations, times=heard.times, name=channel.name)
            labels = system.model.predict(sequence, _possible(args, len(heard.times)), clusters=clusters)
        return turns_of_spans(labels, heard.spans, min_gap, min_turn)

    found = turns_of_each(sources, diarized)
    found = without_overlap(found) if exclusive else found
    return to_annotation([(turn.start, turn.end, speaker_name(turn.speaker)) for turn in found], source.name)


def _possible(args: InferenceArguments, observations: int) -> InferenceArguments:
    """There cannot be more speakers than observations."""
    if args.num_clusters is None or args.num_clusters <= observations:
        return args
    return replace(args, num_clusters=observations)


def speaker_name(label: Label) -> str:
    """The name of a speaker.

    >>> speaker_name(0), speaker_name("ann")
    ('speaker0', 'ann')
    """
    return label if isinstance(label, str) else f"speaker{label}"
