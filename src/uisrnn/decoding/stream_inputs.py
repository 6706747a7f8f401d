"""The model, the arguments and the observations that callers give to streams."""

from typing import Any, Protocol

import numpy as np
from torch import Tensor

from uisrnn.compiled import Flags
from uisrnn.decoding.decoder import Decoder
from uisrnn.errors import ArgumentError
from uisrnn.model.groups import no_joins
from uisrnn.sequences import observations as data
from uisrnn.sequences.joins import checked_joins


class StreamingModel(Protocol):
    """A model that can decode streams, such as `UISRNN`."""

    def decoder(self, args: object = None, clusters: Any = None) -> Decoder[Any]:
        """A beam search with names."""

    def fingerprint(self) -> str:
        """A string that is equal for two models if they give the same labels."""


def require_streaming(decoder: Decoder[Any]) -> Decoder[Any]:
    """Require arguments that make sense for sequences whose end is not known.

    Raises:
        ArgumentError: `num_clusters` is given, or `commit_lag` is less than `look_ahead` - 1.
    """
    args = decoder.args
    if args.num_clusters is not None:
        raise ArgumentError("num_clusters needs the whole sequence; a stream can have max_clusters")
    if args.commit_lag is not None and args.commit_lag < args.look_ahead - 1:
        raise ArgumentError(
            f"commit_lag must be at least look_ahead - 1 = {args.look_ahead - 1}, but is {args.commit_lag}"
        )
    return decoder


def pushed_observations(decoder: Decoder[Any], values: Any, place: str) -> Tensor:
    """Check the observations of a push.

    Args:
        decoder: the decoder of the stream.
        values: an observation (D,), or observations (n, D); n may be 0.
        place: the words with which an error message begins.

    Returns:
        (n, D) on the model's device and of its precision.

    Raises:
        InputError, InputTypeError: see `uisrnn.sequences.observations.observations`.
    """
    dim = decoder.search.joint.observation.observation_dim
    if data.is_one_observation(values):
        values = [values] if isinstance(values, (list, tuple)) else values[None]
    if isinstance(values, (np.ndarray, Tensor)) and tuple(values.shape) == (0, dim):
        return decoder.tensor(np.zeros((0, dim), dtype=np.float32))
    return decoder.tensor(data.observations(values, dim, place))


def pushed_joins(joins: Any, number: int, place: str, may_begin: bool) -> Flags:
    """Check the joins of a push.

    Args:
        joins: (number,) booleans, or a boolean for a single observation, or None.
        number: number of observations.
        place: the words with which an error message begins.
        may_begin: whether the first observation may join.

    Raises:
        InputError, InputTypeError: see `uisrnn.sequences.joins.checked_joins`.
    """
    values = [joins] if isinstance(joins, (bool, np.bool_)) else joins
    checked = checked_joins(values, number, place, may_begin=may_begin)
    return no_joins(number) if checked is None else checked
