"""Conversion of recordings to observations, and diarization."""

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
from uisrnn.parallel import limited
from uisrnn.progress import bar_for
from uisrnn.sequences.labeled import FRONT_END, LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn, to_annotation, turns_of

if TYPE_CHECKING:
    from pyannote.core import Annotation

MIN_GAP = 0.3
"""Seconds; a shorter pause is within a turn, as in the evaluations of NIST (RT-03 and later)."""


def heard_in(source: Recording, front_end: FrontEnd, verbosity: int) -> Heard:
    """All observations of a recording, possibly 0.

    Args:
        source: the recording.
        front_end: makes the observations.
        verbosity: 2 or more: a progress bar on a terminal.

    Raises:
        InputError: the recording is too short or not audio, or the front end returns wrong observations.
    """
    listener = CheckedListener(front_end)
    heard = [Heard.nothing(front_end.dim)]
    seconds = 0.0
    with limited(None):
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
        turns: the turns of the recording, a list of (start seconds, end seconds, speaker) or a pyannote `Annotation`.
            The observations get labels, for `fit`, and observations in which nobody speaks are left out. None: no
            labels.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The observations with their times; observations of equal time belong to different speakers. The name is the
        stem of the file. The info holds `front_end`, its name, and `spans`, a list of [start, end] in seconds.

    Raises:
        InputError: nobody speaks, or the recording is too short, not audio or not made of samples.
        InputTypeError, ArgumentError: an argument is wrong.
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
        labelled = [index for index, speaker in enumerate(speakers) if speaker is not None]
        if not labelled:
            raise InputError(f"{source.where}: the turns and the speech in the recording have no time in common")
        labels = [speakers[index] for index in labelled]
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

    The observations are held in memory, about 3 KB for a second of speech; the sound is not.

    Args:
        audio: the path of a file that libsndfile or FFmpeg reads, or a pair of a waveform (samples,) or (samples,
            channels) and its rate in Hz; any rate from 4 kHz on.
        model: trained on observations of the front end; None: the pretrained model of the best front end.
        front_end: makes observations; None: the front end of the model, or the best front end that is installed.
        num_speakers: the number of speakers, on each channel with channels "split"; None: unknown.
        clusters: known speakers: a mapping from names to observations (T, D), such as `embed` makes.
        channels: "mix" averages the channels; "split" diarizes each channel separately, for calls with a speaker on
            each channel: speakers of two channels never have the same number.
        exclusive: True: turns do not overlap; while several people speak, the turn that began first goes on.
        min_gap: a shorter pause of a speaker, in seconds, is within the turn unless somebody else speaks in it.
        min_turn: a shorter turn, in seconds, is taken for an error; turns that touch it share its time.
        inference_args: `InferenceArguments`, or any object with its attributes; None: a single pass with defaults.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The turns, with the stem of the file as uri. Speakers are "speaker0", "speaker1", ... by first appearance, and
        known speakers have their names. If nobody speaks, there are no turns.

    Raises:
        InputError: the recording is too short, not audio or not made of samples.
        InputTypeError, ArgumentError: an argument is wrong, or model and front end do not fit.
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
    system.model.decoder(args, clusters)  # wrong arguments are errors here, not after the work

    def diarized(channel: Recording) -> list[Turn]:
        heard = heard_in(channel, system.front_end, verbosity)
        labels: list[Label] = []
        if len(heard.times):
            sequence = LabeledSequence(heard.observations, times=heard.times, name=channel.name)
            labels = system.model.predict(sequence, _possible(args, len(heard.times)), clusters=clusters)
        return turns_of_spans(labels, heard.spans, min_gap, min_turn)

    turns = turns_of_each(sources, diarized)
    turns = without_overlap(turns) if exclusive else turns
    return to_annotation([(turn.start, turn.end, speaker_name(turn.speaker)) for turn in turns], source.name)


def _possible(args: InferenceArguments, observations: int) -> InferenceArguments:
    """The arguments with at most as many speakers as observations."""
    if args.num_clusters is None or args.num_clusters <= observations:
        return args
    return replace(args, num_clusters=observations)


def speaker_name(label: Label) -> str:
    """The name of a speaker.

    >>> speaker_name(0), speaker_name("ann")
    ('speaker0', 'ann')
    """
    return label if isinstance(label, str) else f"speaker{label}"
