"""Diarization of live sound."""

from typing import Any, NamedTuple

import numpy as np

from uisrnn.arguments import InferenceArguments
from uisrnn.audio.diarization import speaker_name
from uisrnn.audio.front_ends.front_end import CheckedListener, FrontEnd, Heard
from uisrnn.audio.sources.channels import Mixdown
from uisrnn.audio.sources.resampling import resampler
from uisrnn.audio.sources.waveforms import rate_of, samples_of, scaled
from uisrnn.audio.system import Labeller, System
from uisrnn.decoding.updates import Update
from uisrnn.errors import StreamError
from uisrnn.sequences.labels import Label

COMMIT_LAG = 50
"""By default, a label is final after this number of later observations; about 25 s of speech."""


class Spoken(NamedTuple):
    """The speaker of a short span of time.

    Attributes:
        number: of the observation, from 0 on. A `Spoken` replaces an earlier `Spoken` with the same number.
        start: seconds from the start of the sound.
        end: seconds from the start of the sound.
        speaker: "speaker0", "speaker1", ... by first appearance, or the name of a known speaker.
        final: whether the speaker is final; else a later `Spoken` may name another speaker.
    """

    number: int
    start: float
    end: float
    speaker: str
    final: bool


class LiveDiarizer:
    """Labels sound while it comes, block by block; how the sound is cut into blocks changes nothing.

    Args:
        model: trained on observations of the front end; None: the pretrained model of the best front end.
        front_end: makes observations; None: the front end of the model, or the best front end that is installed.
        rate: samples a second of the sound, in Hz.
        clusters: known speakers, see `diarize`.
        inference_args: `InferenceArguments`, or any object with its attributes; None: a label is final after 50 later
            observations.

    Attributes:
        latency: the longest time from the end of a span to its first label, in seconds of sound, without the time of
            the computation.

    Raises:
        ArgumentError, InputError, InputTypeError: an argument is wrong, or model and front end do not fit.
        MissingExtraError: a package that is needed is not installed.

    >>> import numpy as np, uisrnn
    >>> from uisrnn.audio import LevelActivity, LiveDiarizer, WindowEncoder, WindowedFrontEnd
    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=1, rnn_hidden_size=8, seed=1, verbosity=0))
    >>> x = np.array([[0.1]] * 6 + [[0.4]] * 6 + [[0.1]] * 6)
    >>> _ = model.fit([x] * 4, [list("aaaaaabbbbbbaaaaaa")] * 4, uisrnn.TrainingArguments(train_iteration=200))
    >>> live = LiveDiarizer(model, WindowedFrontEnd(encoder, LevelActivity()), rate=8000)
    >>> live.push(np.random.default_rng(0).normal(scale=0.1, size=12000))
    [Spoken(number=0, start=0.0, end=0.75, speaker='speaker0', final=True)]
    >>> live.flush()
    [Spoken(number=1, start=0.75, end=1.5, speaker='speaker0', final=True)]
    """

    def __init__(
        self,
        model: Labeller | None = None,
        front_end: FrontEnd | None = None,
        rate: int = 16000,
        *,
        clusters: Any = None,
        inference_args: object = None,
    ) -> None:
        self.rate = rate_of(rate)
        system = System.of(model, front_end, live=True)
        args = InferenceArguments(commit_lag=COMMIT_LAG) if inference_args is None else inference_args
        self.latency = system.front_end.latency
        self._stream = system.model.stream(args, clusters=clusters)
        self._listener = CheckedListener(system.front_end)
        self._mixdown = Mixdown(self.rate, "sound")
        self._resampler = resampler(self.rate, self._listener.rate)
        self._spans: dict[int, tuple[float, float]] = {}
        self._last_time = -np.inf
        self._samples = 0
        self._ended = False

    def push(self, waveform: Any) -> list[Spoken]:
        """Take the next sound.

        Args:
            waveform: (n,) or (n, channels), floats between -1 and 1 or integers that use their range; n may be 0, and
                the number of channels must not change.

        Returns:
            In the order of time, the spans that are new, or whose speaker changed or became final.

        Raises:
            InputError, InputTypeError: the waveform is not sound; it is not taken.
            StreamError: the diarizer was flushed.
        """
        self._require_open()
        samples = scaled(samples_of(waveform, "sound"), "sound", self._samples / self.rate)
        block = self._mixdown.push(samples)
        self._samples += len(samples)
        return self._labelled(self._listener.push(self._resampler.push(block)))

    def flush(self) -> list[Spoken]:
        """End the sound; all labels become final.

        Returns:
            In the order of time, the spans that are new, or whose speaker changed or became final.

        Raises:
            StreamError: the diarizer was flushed before.
        """
        self._require_open()
        self._ended = True
        spans = self._labelled(self._listener.push(self._resampler.push(self._mixdown.flush())))
        spans += self._labelled(self._listener.push(self._resampler.flush()))
        spans += self._labelled(self._listener.flush())
        spans += self._spoken(self._stream.flush())
        latest = {spoken.number: spoken for spoken in spans}
        return [latest[number] for number in sorted(latest)]

    def _require_open(self) -> None:
        if self._ended:
            raise StreamError("this diarizer was flushed; start a new one")

    def _labelled(self, heard: Heard) -> list[Spoken]:
        if not len(heard.times):
            return []
        first = self._stream.observations
        self._spans.update(enumerate(map(tuple, heard.spans.tolist()), first))
        joins = np.diff(heard.times, prepend=self._last_time) == 0
        self._last_time = float(heard.times[-1])
        return self._spoken(self._stream.push(heard.observations, joins=joins))

    def _spoken(self, update: Update) -> list[Spoken]:
        """The labels of an update with their spans; spans of final labels are deleted."""
        first = self._stream.observations - len(update.labels)
        current: dict[int, Label] = {**dict(enumerate(update.labels, first)), **update.changed, **update.final}
        spans = [
            Spoken(number, *self._spans[number], speaker_name(label), number in update.final)
            for number, label in sorted(current.items())
        ]
        for number in update.final:
            del self._spans[number]
        return spans
