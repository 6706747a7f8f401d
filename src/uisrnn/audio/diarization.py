"""Recordings to observations, and to who speaks when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from uisrnn import extras
from uisrnn.arguments import InferenceArguments
from uisrnn.audio.activity import VoiceActivity, WebRTCActivity
from uisrnn.audio.encoder import Encoder, Grid, dimension
from uisrnn.audio.listening import Listener
from uisrnn.audio.opening import recording
from uisrnn.audio.recordings import Recording
from uisrnn.audio.resemblyzer import ResemblyzerEncoder
from uisrnn.audio.speech import spans_of, turns_in_speech
from uisrnn.checks import require_seconds, require_share
from uisrnn.data.labeled import LabeledSequence
from uisrnn.data.labels import Label
from uisrnn.data.observations import Observations
from uisrnn.data.turns import Span, to_annotation
from uisrnn.errors import ArgumentError, InputError
from uisrnn.pretrained import load_pretrained
from uisrnn.progress import bar_for
from uisrnn.uisrnn import UISRNN

if TYPE_CHECKING:
    from pyannote.core import Annotation

MIN_GAP = 0.3
"""Seconds: pauses below are within a turn, as in the evaluations of NIST (RT-03 and later)."""


@dataclass(frozen=True)
class System:
    """What labels sound: an encoder, and a model that knows its observations.

    Attributes:
        model: the model.
        encoder: the encoder.
        activity: what finds speech.
        dim: D of the observations.
    """

    model: UISRNN
    encoder: Encoder
    activity: VoiceActivity
    dim: int

    @staticmethod
    def of(model: Any, encoder: Encoder | None, activity: VoiceActivity | None) -> "System":
        """Fill in what is not given, and check that it fits together.

        Raises:
            ArgumentError: an encoder has no model, or model and encoder differ in dimension.
            InputError, InputTypeError: the encoder does not keep to `Encoder`.
            MissingExtraError: a package that is needed is not installed.
        """
        if model is not None and not isinstance(model, UISRNN):
            raise ArgumentError(f"model must be a UISRNN (of a UISRNNClusterer, its model_), but is {model!r:.80}")
        if model is None and encoder is not None and not isinstance(encoder, ResemblyzerEncoder):
            raise ArgumentError("an encoder needs a model that was trained on its observations, but model is None")
        encoder = ResemblyzerEncoder() if encoder is None else encoder
        model = load_pretrained("resemblyzer") if model is None else model
        dim = dimension(encoder)
        if dim != model.observation_dim:
            raise ArgumentError(
                f"the encoder makes observations of {dim} dimensions, but the model knows {model.observation_dim}; "
                "it must have been trained on observations of this encoder"
            )
        return System(model, encoder, WebRTCActivity() if activity is None else activity, dim)


@dataclass(frozen=True)
class _Listened:
    """A recording as observations; there may be none."""

    observations: Any
    times: Any
    speech: list[Span]


def _listen(source: Recording, encoder: Encoder, activity: VoiceActivity, dim: int, verbosity: int) -> _Listened:
    listener = Listener(encoder, activity, dim)
    grid, heard = listener.grid, []
    with bar_for(verbosity, round(source.seconds), source.name) as progress:
        for block in source.blocks(grid.rate):
            heard.append(listener.push(block))
            progress.advance(round(len(block) / grid.rate))
    if listener.seconds * grid.rate < grid.window:
        raise InputError(
            f"{source.where}: lasts {listener.seconds:.2f} s, but one window needs {grid.window / grid.rate:.2f} s"
        )
    heard.append(listener.flush())
    speech = np.concatenate([one.speech for one in heard])
    return _Listened(
        np.concatenate([one.observations for one in heard]),
        np.concatenate([one.times for one in heard]),
        spans_of(speech, listener.frame),
    )


def embed(
    audio: Any,
    encoder: Encoder | None = None,
    *,
    voice_activity: VoiceActivity | None = None,
    verbosity: int = 2,
) -> LabeledSequence:
    """Turn a recording into observations, one a window in which somebody speaks.

    Args:
        audio: the path of a file that soundfile reads, or a pair of a waveform (samples,) or (samples, channels) and
            its rate in Hz; any rate from 4 kHz on. Channels are averaged.
        encoder: what encodes windows; None: `ResemblyzerEncoder()`.
        voice_activity: what finds speech; None: `WebRTCActivity()`.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The observations with the centers of their windows as times; its name is the stem of the file, and its info
        holds `window` and `hop` in seconds and `speech`, a list of [start, end].

    Raises:
        InputError: there is no speech in it, it is shorter than a window, is no audio or holds what is no sample.
        InputTypeError, ArgumentError: an argument is none of what it can be.
        OSError: there is no such file.
        MissingExtraError: a package that is needed is not installed.

    >>> from uisrnn.audio import LevelActivity, WindowEncoder
    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> sound = np.random.default_rng(0).normal(scale=0.1, size=16000)
    >>> embed((sound, 8000), encoder, voice_activity=LevelActivity()).times
    array([0.5, 1. , 1.5])
    """
    source = recording(audio)
    encoder = ResemblyzerEncoder() if encoder is None else encoder
    activity = WebRTCActivity() if voice_activity is None else voice_activity
    found = _listen(source, encoder, activity, dimension(encoder), verbosity)
    if not len(found.times):
        raise InputError(f"{source.where}: there is no speech in it")
    grid = Grid.of(encoder)
    info = {"window": grid.window / grid.rate, "hop": grid.hop / grid.rate, "speech": [list(x) for x in found.speech]}
    return LabeledSequence(found.observations, times=found.times, name=source.name, info=info)


def diarize(
    audio: Any,
    *,
    model: UISRNN | None = None,
    encoder: Encoder | None = None,
    num_speakers: int | None = None,
    clusters: Mapping[Any, Any] | None = None,
    voice_activity: VoiceActivity | None = None,
    recenter: float = 0.0,
    min_gap: float = MIN_GAP,
    min_turn: float = 0.0,
    inference_args: object = None,
    verbosity: int = 2,
) -> "Annotation":
    """Find out who speaks when.

    Memory depends on the length by the observations only, 1 KB each 0.4 s of speech.

    Args:
        audio: the path of a file that soundfile reads, or a pair of a waveform (samples,) or (samples, channels) and
            its rate in Hz; any rate from 4 kHz on. Channels are averaged.
        model: trained on observations of the encoder; None: `load_pretrained("resemblyzer")`.
        encoder: what encodes windows; None: `ResemblyzerEncoder()`.
        num_speakers: how many speak, where it is known.
        clusters: known speakers: a mapping from names to observations (T, D), such as `embed` makes.
        voice_activity: what finds speech; None: `WebRTCActivity()`.
        recenter: share, from 0 to 1, of the difference between the mean of the recording's observations and that of the
            model's training that is taken off all of them. For recordings through another channel, as a telephone,
            which moves all voices alike; elsewhere it takes off what tells voices apart (see the guide). Not
            with `clusters`.
        min_gap: a shorter pause of a speaker, in seconds, is within the turn.
        min_turn: a shorter turn, in seconds, is taken for an error, see `to_turns`.
        inference_args: `InferenceArguments`, any object with those attributes, or None for one pass with defaults.
        verbosity: 2 or more: a progress bar on a terminal.

    Returns:
        The turns, with the stem of the file as uri. Speakers are "speaker0", "speaker1", ... by first appearance, known
        ones have their names. Where nobody speaks, it is empty. Turns begin and end where speech does, or half way
        between two windows of different speakers; they do not overlap.

    Raises:
        InputError: the recording is shorter than a window, is no audio or holds what is no sample.
        InputTypeError, ArgumentError: an argument is none of what it can be; model and encoder do not fit.
        OSError: there is no such file.
        MissingExtraError: a package that is needed is not installed.
    """
    extras.load("pyannote.core", "audio", "diarize")
    require_seconds("min_gap", min_gap)
    require_seconds("min_turn", min_turn)
    require_share("recenter", recenter)
    if recenter and clusters:
        raise ArgumentError("recenter moves the observations of a recording, but not known clusters: give one of them")
    args = InferenceArguments(test_iteration=1) if inference_args is None else InferenceArguments.of(inference_args)
    args = args if num_speakers is None else replace(args, num_clusters=num_speakers)
    source = recording(audio)
    system = System.of(model, encoder, voice_activity)
    system.model.decoder(args, clusters)  # what is wrong with these is told before the work
    if recenter:
        _mean_of(system.model)
    found = _listen(source, system.encoder, system.activity, system.dim, verbosity)
    labels: list[Label] = []
    if len(found.times):
        x = recentered(found.observations, system.model, recenter) if recenter else found.observations
        labels = system.model.predict(x, _possible(args, len(found.times)), clusters=clusters)
    grid = Grid.of(system.encoder)
    turns = turns_in_speech(labels, found.times, found.speech, grid.window / grid.rate, min_gap, min_turn)
    return to_annotation([(one.start, one.end, speaker_name(one.speaker)) for one in turns], source.name)


def recentered(observations: Observations, model: UISRNN, share: float) -> Observations:
    """Observations of one recording, nearer to where those of the model's training were.

    Args:
        observations: (T, D).
        model: one of the plda family, which knows that mean.
        share: from 0 to 1.

    Raises:
        ArgumentError: the model does not know the mean of its observations.
    """
    mean = _mean_of(model)
    shift = observations.mean(axis=0, dtype=np.float64) - mean
    moved: Observations = (observations - share * shift).astype(np.float32)
    return moved


def _mean_of(model: UISRNN) -> Observations:
    if model.observation_mean is None:
        raise ArgumentError(f"recenter needs a model of the plda family, but it is {model.arguments.observation_model}")
    return model.observation_mean


def _possible(args: InferenceArguments, observations: int) -> InferenceArguments:
    """There cannot be more speakers than observations."""
    if args.num_clusters is None or args.num_clusters <= observations:
        return args
    return replace(args, num_clusters=observations)


def speaker_name(label: Label) -> str:
    """What a speaker is called.

    >>> speaker_name(0), speaker_name("ann")
    ('speaker0', 'ann')
    """
    return label if isinstance(label, str) else f"speaker{label}"
