"""Labelled sequences as users and files have them: with names of labels, and times."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations, observations

Times = NDArray[np.float64]


FRONT_END = "front_end"
"""Key of the info of a sequence: name of the front end that made its observations."""


@dataclass(frozen=True, eq=False)
class LabeledSequence:
    """Observations in their order, with labels, times, a name and info; all formats are read into such sequences.

    The constructor checks all values and converts them to these types.

    Attributes:
        observations: (T, D) float32, finite; given as any array of real numbers.
        labels: T strings or integers, or None if unknown.
        times: (T,) float64, in seconds, not decreasing: the centers of the spans that the observations saw; or None if
            unknown. Consecutive observations with equal times belong to one moment: `predict` gives them different
            labels, and `fit` requires different labels.
        name: of the sequence, for example of a recording; error messages begin with it.
        info: further facts, of values that JSON can hold (strings, numbers, lists, dicts).

    Raises:
        InputError: a shape, length or value is wrong; the message begins with the name.
        InputTypeError: a value has a wrong type.

    >>> LabeledSequence([[0.5], [0.25]], labels=["ann", "bob"], times=[0.4, 0.8], name="call").labels
    ('ann', 'bob')
    >>> LabeledSequence([[0.5], [0.25]], times=[0.8, 0.4], name="call")
    Traceback (most recent call last):
    uisrnn.errors.InputError: call: times must not decrease, but time 1 is 0.4 after 0.8
    """

    observations: Observations
    labels: tuple[Label, ...] | None = None
    times: Times | None = None
    name: str = "sequence"
    info: Mapping[str, Any] = field(default_factory=dict)

    if TYPE_CHECKING:  # the constructor takes more types than the attributes have

        def __init__(
            self,
            observations: Any,
            labels: Any = None,
            times: Any = None,
            name: str = ...,
            info: Mapping[str, Any] = ...,
        ) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InputTypeError(f"name must be a string, but is {self.name!r:.80}")
        if not isinstance(self.info, Mapping):
            raise InputTypeError(f"{self.name}: info must be a dict, but is {type(self.info).__name__}")
        checked = observations(self.observations, where=self.name)
        object.__setattr__(self, "observations", checked)
        if self.labels is not None:
            object.__setattr__(self, "labels", labelling.names(self.labels, self.name))
            self._require_length("labels", len(self.labels))
        if self.times is not None:
            object.__setattr__(self, "times", _times(self.times, self.name))
            self._require_length("times", len(self.times))

    def __len__(self) -> int:
        """T, the number of observations."""
        return len(self.observations)

    def _require_length(self, attribute: str, length: int) -> None:
        if length != len(self):
            raise InputError(f"{self.name}: {len(self)} observations need as many {attribute}, but there are {length}")


def _times(values: Any, where: str) -> Times:
    try:
        times = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputTypeError(f"{where}: times must be an array of seconds, but: {error}") from error
    if times.ndim != 1:
        raise InputError(f"{where}: times must be of shape (T,), but are {times.shape}")
    if not np.isfinite(times).all():
        position = int(np.flatnonzero(~np.isfinite(times))[0])
        raise InputError(f"{where}: times must be finite, but time {position} is {times[position]}")
    decreases = times[1:] < times[:-1]
    if decreases.any():
        position = int(np.flatnonzero(decreases)[0]) + 1
        raise InputError(
            f"{where}: times must not decrease, but time {position} is {times[position]} after {times[position - 1]}"
        )
    return times


def with_times(sequence: LabeledSequence, hop: float | None) -> LabeledSequence:
    """Give times to a sequence without times.

    Args:
        sequence: any sequence; a sequence with times stays as it is.
        hop: seconds between observations; None: the sequence stays as it is.

    >>> with_times(LabeledSequence([[1], [2]]), 0.5).times
    array([0.25, 0.75])
    """
    if hop is None or sequence.times is not None:
        return sequence
    return replace(sequence, times=np.asarray(hop * (0.5 + np.arange(len(sequence))), dtype=np.float64))


def front_ends_of(sequences: Any) -> set[str | None]:
    """The names of the front ends that made sequences; None stands for an unknown front end.

    Args:
        sequences: a `LabeledSequence`, a list of `LabeledSequence`s, or any other object, whose front end is unknown.
    """
    listed = sequences if isinstance(sequences, (list, tuple)) else [sequences]
    names = [sequence.info.get(FRONT_END) for sequence in listed if isinstance(sequence, LabeledSequence)]
    return set(names) or {None}
