"""Who speaks, while they speak."""

from typing import Any, NamedTuple

from uisrnn.arguments import InferenceArguments
from uisrnn.audio.activity import VoiceActivity
from uisrnn.audio.diarization import System, speaker_name
from uisrnn.audio.encoder import Encoder
from uisrnn.audio.listening import Heard, Listener
from uisrnn.audio.resampling import resampler
from uisrnn.audio.waveforms import mono, rate_of, samples_of
from uisrnn.data.labels import Label
from uisrnn.decoding.tracks import Update
from uisrnn.errors import StreamError
from uisrnn.uisrnn import UISRNN

COMMIT_LAG = 50
"""Windows after which a label is final, by default; 20 s of speech."""


class Spoken(NamedTuple):
    """Who speaks at a time.

    Attributes:
        time: the center of a window, in seconds from the start.
        speaker: "speaker0", "speaker1", ... by first appearance, or the name of a known one.
        final: whether this can change no more.
    """

    time: float
    speaker: str
    final: bool


class LiveDiarizer:
    """Labels sound while it comes, block by block; how it is cut does not matter.

    A window is labelled as soon as it has been heard and it is known whether it is speech: half a window, or with
    `WebRTCActivity` 0.4 s, after its center.

    Args:
        model: trained on observations of the encoder; None: `load_pretrained("resemblyzer")`.
        encoder: what encodes windows; None: `ResemblyzerEncoder()`.
        rate: samples a second of what is pushed, in Hz.
        voice_activity: what finds speech; None: `WebRTCActivity()`.
        clusters: known speakers, see `diarize`.
        inference_args: `InferenceArguments`, any object with those attributes; None: a label is final when 50 windows
            came after it.

    Raises:
        ArgumentError, InputError, InputTypeError: an argument is none of what it can be; model and encoder do not fit.
        MissingExtraError: a package that is needed is not installed.

    >>> import numpy as np, uisrnn
    >>> from uisrnn.audio import LevelActivity, LiveDiarizer, WindowEncoder
    >>> encoder = WindowEncoder(lambda windows: windows.std(axis=1, keepdims=True), 8000, window=1, hop=0.5)
    >>> model = uisrnn.UISRNN(uisrnn.ModelArguments(observation_dim=1, rnn_hidden_size=8, seed=1, verbosity=0))
    >>> x = np.array([[0.1]] * 6 + [[0.4]] * 6 + [[0.1]] * 6)
    >>> _ = model.fit([x] * 4, [list("aaaaaabbbbbbaaaaaa")] * 4, uisrnn.TrainingArguments(train_iteration=200))
    >>> live = LiveDiarizer(model, encoder, rate=8000, voice_activity=LevelActivity())
    >>> live.push(np.random.default_rng(0).normal(scale=0.1, size=12000))
    [Spoken(time=0.5, speaker='speaker0', final=True), Spoken(time=1.0, speaker='speaker0', final=False)]
    >>> live.flush()
    [Spoken(time=1.0, speaker='speaker0', final=True)]
    """

    def __init__(
        self,
        model: UISRNN | None = None,
        encoder: Encoder | None = None,
        rate: int = 16000,
        *,
        voice_activity: VoiceActivity | None = None,
        clusters: Any = None,
        inference_args: object = None,
    ) -> None:
        self.rate = rate_of(rate)
        system = System.of(model, encoder, voice_activity)
        args = InferenceArguments(commit_lag=COMMIT_LAG) if inference_args is None else inference_args
        self._stream = system.model.stream(args, clusters=clusters)
        self._listener = Listener(system.encoder, system.activity, system.dim)
        self._resampler = resampler(self.rate, self._listener.grid.rate)
        self._times: dict[int, float] = {}
        self._samples, self._ended = 0, False

    def push(self, waveform: Any) -> list[Spoken]:
        """Take the next sound.

        Args:
            waveform: (n,) or (n, channels), floats between -1 and 1 or integers that use their range; n may be 0.

        Returns:
            In the order of time, who speaks in windows that are new, whose label is another one than was told, or whose
            label became final.

        Raises:
            InputError, InputTypeError: it is no sound; nothing is taken.
            StreamError: it was flushed.
        """
        self._require_open()
        block = mono(samples_of(waveform, "sound"), "sound", self._samples / self.rate)
        self._samples += len(block)
        return self._told(self._listener.push(self._resampler.push(block)))

    def flush(self) -> list[Spoken]:
        """The end: all labels become final.

        Raises:
            StreamError: it was flushed before.
        """
        self._require_open()
        self._ended = True
        told = self._told(self._listener.push(self._resampler.flush()))
        told += self._told(self._listener.flush())
        told += self._spoken(self._stream.flush())
        latest = {one.time: one for one in told}
        return [latest[time] for time in sorted(latest)]

    def _require_open(self) -> None:
        if self._ended:
            raise StreamError("this diarizer was flushed; start a new one")

    def _told(self, heard: Heard) -> list[Spoken]:
        if not len(heard.times):
            return []
        first = self._stream.observations
        self._times.update(enumerate(heard.times.tolist(), first))
        return self._spoken(self._stream.push(heard.observations))

    def _spoken(self, update: Update) -> list[Spoken]:
        """What an update says, in times; those of final labels are forgotten."""
        first = self._stream.observations - len(update.labels)
        current: dict[int, Label] = {**dict(enumerate(update.labels, first)), **update.changed, **update.final}
        told = [Spoken(self._times[at], speaker_name(current[at]), at in update.final) for at in sorted(current)]
        for at in update.final:
            del self._times[at]
        return told
