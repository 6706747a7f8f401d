"""The choice of a front end and a model that belong together."""

from dataclasses import dataclass
from typing import Any, Protocol

from uisrnn.audio.front_ends import catalog
from uisrnn.audio.front_ends.front_end import FrontEnd, require_parts
from uisrnn.errors import ArgumentError
from uisrnn.pretrained import load_pretrained


class Labeller(Protocol):
    """The parts of a model that diarization uses; a `UISRNN` has all of them."""

    @property
    def observation_dim(self) -> int:
        """D, the dimension of observations."""

    @property
    def front_end(self) -> str | None:
        """Name of the front end that made its training data; None: unknown."""

    def decoder(self, args: object = None, clusters: Any = None) -> Any:
        """Check arguments and known clusters."""

    def predict(self, test_sequences: Any, args: object = None, *, clusters: Any = None) -> Any:
        """Label observations."""

    def stream(self, inference_args: object = None, *, clusters: Any = None) -> Any:
        """Start a stream."""


@dataclass(frozen=True)
class System:
    """A front end, and a model that was trained on its observations.

    Attributes:
        model: labels observations.
        front_end: makes observations.
    """

    model: Labeller
    front_end: FrontEnd

    @staticmethod
    def of(model: Labeller | None, front_end: FrontEnd | None, live: bool = False) -> "System":
        """Choose the part that is None, and check that both parts fit together.

        Args:
            model: None: the pretrained model of the best encoder that is installed.
            front_end: None: the best front end that is installed and fits the model.
            live: whether labels must come within a second of the sound.

        Raises:
            ArgumentError: a front end has no model, or the model was trained with another front end or dimension.
            MissingExtraError: a package that is needed is not installed.
        """
        if model is not None and not hasattr(model, "predict"):
            raise ArgumentError(f"model must be a UISRNN (or the model_ of a UISRNNClusterer), but is {model!r:.80}")
        if front_end is None:
            encoder = encoder_for(model)
            front_end = catalog.choose_front_end(encoder.name, live=live)
            model = load_pretrained(encoder.model) if model is None else model
        elif model is None:
            raise ArgumentError("a front end needs a model that was trained on its observations, but model is None")
        return System._checked(model, front_end)

    @staticmethod
    def _checked(model: Labeller, front_end: FrontEnd) -> "System":
        require_parts(front_end)
        if model.front_end not in (None, front_end.name):
            raise ArgumentError(
                f"the model was trained on observations of the front end {model.front_end!r}, but the front end is "
                f"{front_end.name!r}"
            )
        if front_end.dim != model.observation_dim:
            raise ArgumentError(
                f"the front end makes observations of {front_end.dim} dimensions, but the model takes "
                f"{model.observation_dim}; it must have been trained on observations of this front end"
            )
        return System(model, front_end)


def encoder_for(model: Labeller | None, name: str | None = None) -> catalog.Part:
    """The encoder to use with a model.

    Args:
        model: the model; None: a pretrained model, which is not loaded yet.
        name: of the encoder; None: the encoder that made the training data of the model, or the best encoder that is
            installed if the model does not name its encoder.

    Raises:
        ArgumentError: there is no encoder of this name, or the front end of the model is not in the package.
    """
    if name is not None or model is None or model.front_end is None:
        return catalog.encoder_of(name)
    name = model.front_end.split("/")[0]
    if name not in [encoder.name for encoder in catalog.ENCODERS]:
        raise ArgumentError(
            f"the model was trained on observations of the front end {model.front_end!r}, so front_end must be given"
        )
    return catalog.encoder_of(name)
