"""Models that come with the package; the card of a model names its training data."""

from importlib import resources

from uisrnn.errors import ArgumentError
from uisrnn.uisrnn import UISRNN

PRETRAINED = ("campplus", "resemblyzer")


def load_pretrained(name: str, args: object = None) -> UISRNN:
    """A trained model of the package; its card is the file `pretrained/<name>.md` of the package.

    Args:
        name: "campplus": for observations of the default front end of `diarize`, 192-dim; "resemblyzer": for 256-dim
            d-vectors of Resemblyzer, L2-normalised, from windows of 0.8 or 1.6 s every 0.4 s.
        args: an object with the arguments of this process (verbosity, enable_cuda, device, threads, seed); see
            `UISRNN.from_file`.

    Raises:
        ArgumentError: no model of the package has this name.

    >>> import numpy as np, uisrnn
    >>> model = uisrnn.load_pretrained("resemblyzer")
    >>> model.observation_dim, model.arguments.observation_model
    (256, 'context_plda')
    """
    if name not in PRETRAINED:
        raise ArgumentError(f"name must be one of {', '.join(map(repr, PRETRAINED))}, but is {name!r}")
    with resources.as_file(resources.files(__name__) / f"{name}.uisrnn") as path:
        return UISRNN.from_file(path, args)
