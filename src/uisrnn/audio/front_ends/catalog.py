"""The encoders and segmentations that come with the package, and the best front end that is installed."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from uisrnn.audio.front_ends.activity import LevelActivity, VoiceActivity, WebRTCActivity
from uisrnn.audio.front_ends.campplus import CAMPPlusEncoder
from uisrnn.audio.front_ends.front_end import FrontEnd
from uisrnn.audio.front_ends.networks.weights import PUBLISHED, place_of
from uisrnn.audio.front_ends.resemblyzer import ResemblyzerEncoder
from uisrnn.audio.front_ends.segmented import SegmentedFrontEnd
from uisrnn.audio.front_ends.silero import SileroActivity
from uisrnn.audio.front_ends.sliding import PyannoteSegmentation
from uisrnn.audio.front_ends.windowed import WindowedFrontEnd
from uisrnn.errors import ArgumentError

RESEMBLYZER = "pip install 'uisrnn[resemblyzer]'"


@dataclass(frozen=True)
class Part:
    """An encoder or a segmentation that comes with the package.

    Attributes:
        name: by which a user chooses it.
        about: a description in a few words.
        packages: modules that must be importable.
        weights: name of its file of weights, see `place_of`; None: it has no weights, or its package loads them.
        licence: of its weights.
        install: the command that installs its packages and weights.
        model: name of the pretrained model that was trained on its observations; empty if there is no such model.
    """

    name: str
    about: str
    packages: tuple[str, ...]
    weights: str | None
    licence: str
    install: str
    model: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether its packages and weights are installed."""
        has_packages = all(find_spec(package) is not None for package in self.packages)
        return has_packages and (self.weights is None or place_of(self.weights) is not None)

    @property
    def place(self) -> str:
        """The path of its weights or of its first package; empty if there is no such file."""
        if self.weights is not None:
            return str(place_of(self.weights) or "")
        spec = find_spec(self.packages[0]) if self.packages else None
        return "" if spec is None or spec.origin is None else spec.origin


def _published(name: str, weights: str, about: str, packages: tuple[str, ...], model: str = "") -> Part:
    published = PUBLISHED[weights]
    return Part(name, about, packages, weights, published.licence, published.install, model)


ENCODERS = (
    _published("campplus", "campplus", "CAM++ of 3D-Speaker, 192 dimensions", ("kaldi_native_fbank",), "campplus"),
    Part(
        "resemblyzer",
        "d-vectors of Resemblyzer, 256 dimensions",
        ("resemblyzer", "librosa"),
        None,
        "Apache-2.0",
        RESEMBLYZER,
        "resemblyzer",
    ),
)
SEGMENTATIONS = (
    _published("pyannote", "segmentation", "segmentation-3.0 of pyannote: local speakers, overlap", ()),
    _published("silero", "silero", "voice activity of Silero", ()),
    Part("webrtc", "voice activity of WebRTC", ("webrtcvad",), None, "BSD-3-Clause", RESEMBLYZER),
    Part("level", "loud sound is speech", (), None, "", ""),
)
_ACTIVITIES: dict[str, Callable[[], VoiceActivity]] = {
    "silero": SileroActivity,
    "webrtc": WebRTCActivity,
    "level": LevelActivity,
}
_PARTNERS = {"campplus": "pyannote", "resemblyzer": "silero"}
"""The segmentation that an encoder works best with."""


def choose_front_end(
    encoder: str | None = None,
    segmentation: str | None = None,
    *,
    live: bool = False,
    window: float = 0.8,
    device: str | None = None,
) -> FrontEnd:
    """A front end of the parts that come with the package.

    Args:
        encoder: name of an encoder; None: the best encoder that is installed.
        segmentation: name of a segmentation; None: the best segmentation for the encoder.
        live: whether labels must come within a second of the sound.
        window: seconds of a window of Resemblyzer.
        device: of Resemblyzer's network, see `ResemblyzerEncoder`.

    Raises:
        ArgumentError: there is no such part, or the parts do not work together.
        MissingExtraError: a part is not installed.
    """
    encoder = encoder_of(encoder).name
    segmentation = segmentation_of(encoder, segmentation).name
    if encoder == "resemblyzer":
        return WindowedFrontEnd(ResemblyzerEncoder(window, device=device), _ACTIVITIES[segmentation]())
    if live:
        return _live_front_end()
    return SegmentedFrontEnd(CAMPPlusEncoder(), PyannoteSegmentation())


def _live_front_end() -> FrontEnd:
    """A front end for single regions; blocks of its encoder end with chunks of its segmentation, so no label waits."""
    segmentation = PyannoteSegmentation(step=0.54, lookahead=0.35)
    encoder = CAMPPlusEncoder(block=0.54, before=3.0, after=0.0, first_block=0.38)
    return SegmentedFrontEnd(encoder, segmentation)


def encoder_of(name: str | None) -> Part:
    """An encoder by its name.

    Args:
        name: of the encoder; None: the first encoder that is installed with its segmentation. If no encoder is, the
            first of all, whose use raises an error that says how to install it.

    Raises:
        ArgumentError: there is no such encoder.
    """
    if name is not None:
        return _part(name, ENCODERS, "encoder")
    for encoder in ENCODERS:
        if encoder.is_installed and _part(_PARTNERS[encoder.name], SEGMENTATIONS, "segmentation").is_installed:
            return encoder
    return ENCODERS[0]


def segmentation_of(encoder: str, name: str | None) -> Part:
    """A segmentation by its name.

    Args:
        encoder: name of the encoder that uses it.
        name: of the segmentation; None: the best segmentation for the encoder.

    Raises:
        ArgumentError: there is no such segmentation, or it does not work with the encoder.

    >>> segmentation_of("resemblyzer", None).name
    'silero'
    """
    part = _part(name or _PARTNERS[encoder], SEGMENTATIONS, "segmentation")
    if encoder == "resemblyzer" and part.name not in _ACTIVITIES:
        raise ArgumentError(f"segmentation {part.name!r} needs encoder 'campplus', but encoder is {encoder!r}")
    if encoder == "campplus" and part.name != "pyannote":
        raise ArgumentError(f"encoder 'campplus' needs segmentation 'pyannote', but segmentation is {part.name!r}")
    return part


def _part(name: str, parts: tuple[Part, ...], kind: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise ArgumentError(f"{kind} must be one of {', '.join(repr(part.name) for part in parts)}, but is {name!r:.80}")
