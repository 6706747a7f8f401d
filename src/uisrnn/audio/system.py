"""A front end and a model that belong together."""

from dataclasses import dataclass
from typing import Any, Protocol

from uisrnn.audio.front_ends import catalog
from uisrnn.audio.front_ends.front_end import FrontEnd, require_parts
from uisrnn.errors import ArgumentError
from uisrnn.pretrained import load_pretrained


class Labeller(Protocol):
    """What diarization asks of a model; a `UISRNN` has it all."""

    @property
    def observation_dim(self) -> int:
        """D."""

    @property
    def front_end(self) -> str | None:
        """Name of the front end that made the observations of its training; None: unknown."""

    def decoder(self, args: object = None, clusters: Any = None) -> Any:
        """Check arguments and known clusters."""

    def predict(self, test_sequences: Any, args: object = None, *, clusters: Any = None) -> Any:
        """Label observations."""

    def stream(self, inference_args: object = None, *, clusters: Any = None) -> Any:
        """Start a stream."""


@dataclass(frozen=True)
class System:
    """A front end, and a model that knows its observations.

    Attributes:
        model: labels observations.
        front_end: makes observations.
    """

    model: Labeller
    front_end: FrontEnd

    @staticmethod
    def of(model: Labeller | None, front_end: FrontEnd | None, live: bool = False) -> "System":
        """Fill in the part that is not given, and check that both fit together.

        Args:
            model: None: the pretrained model of the best encoder that is installed.
            front_end: None: the best front end that is installed and that the model knows.
            live: labels shall come within a second of the sound.

        Raises:
            ArgumentError: a front end has no model, or the model knows another front end or dimension.
            MissingExtraError: a package that is needed is not installed.
        """
        if model is not None and not hasattr(model, "predict"):
            raise ArgumentError(f"model must be a UISRNN (of a UISRNNClusterer, its model_), but is {model!r:.80}")
        if model is None and front_end is not None:
            raise ArgumentError("a front end needs a model that was trained on its observations, but model is None")
        if front_end is None:
            front_end = catalog.choose_front_end(None if model is None else encoder_known_to(model), live=live)
        known_model: Labeller = load_pretrained(catalog.encoder_of(None).model) if model is None else model
        return System._checked(known_model, front_end)

    @staticmethod
    def _checked(model: Labeller, front_end: FrontEnd) -> "System":
        require_parts(front_end)
        if model.front_end not in (None, front_end.name):
            raise ArgumentError(
                f"the model knows observations of the front end {model.front_end!r}, but the front end is "
                f"{front_end.name!r}"
            )
        if front_end.dim != model.observation_dim:
            raise ArgumentError(
                f"the front end makes observations of {front_end.dim} dimensions, but the model knows "
                f"{model.observation_dim}; it must have been trained on observations of this front end"
            )
        return System(model, front_end)


def encoder_known_to(model: Labeller) -> str | None:
    """Name of the encoder of the package that the model knows; None: it does not say.

    Raises:
        ArgumentError: the model knows a front end that is not in the package.
    """
    if model.front_end is None:
        return None
    name = model.front_end.split("/")[0]
    if name not in [encoder.name for encoder in catalog.ENCODERS]:
        raise ArgumentError(
            f"the model knows observations of the front end {model.front_end!r}, so front_end must be given"
        )
    return name
