"""Reference and hypothesis of each file, in whatever form they come: turns, labels of observations, or both."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.labels import Label
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn, turns_of


@dataclass(frozen=True)
class Pair:
    """What is compared in one file; at least one of both is known.

    Attributes:
        name: of the file.
        labels: those of the reference and as many of the hypothesis.
        turns: those of the reference and of the hypothesis.
    """

    name: str
    labels: tuple[tuple[Label, ...], tuple[Label, ...]] | None
    turns: tuple[list[Turn], list[Turn]] | None

    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Labels as numbers."""
        first, second = self.labels or ((), ())
        return labelling.encode(first, self.name), labelling.encode(second, self.name)


@dataclass(frozen=True)
class _Told:
    """One side of a pair; an empty list can be either."""

    where: str
    turns: list[Turn] | None = None
    labels: tuple[Label, ...] | None = None
    times: Times | None = None


def pair_up(references: Any, hypotheses: Any, hop: float | None = None) -> list[Pair]:
    """Reference and hypothesis of each file.

    Args:
        references: by the name of the file, turns (start seconds, end seconds, speaker), an `Annotation`, labels, or a
            `LabeledSequence` with labels; or a list of the last.
        hypotheses: likewise.
        hop: see `to_turns`; of labels whose times are known.

    Returns:
        The pairs in the order of the references.

    Raises:
        InputError: a file is on one side only, or what is known of its two sides cannot be compared.
        InputTypeError: something is none of these.
    """
    one, other = _by_name(references, "references"), _by_name(hypotheses, "hypotheses")
    for name, others, side in [(n, other, "hypotheses") for n in one] + [(n, one, "references") for n in other]:
        if name not in others:
            raise InputError(f"{name} is not among the {side}, which are: {_some(others)}")
    if not one:
        raise InputError("references must have at least one file, but are empty")
    return _alike(
        [
            _pair(name, _told(one[name], f"reference of {name}"), _told(other[name], f"hypothesis of {name}"), hop)
            for name in one
        ]
    )


def _by_name(values: Any, what: str) -> dict[str, Any]:
    if isinstance(values, (list, tuple)) and values and all(isinstance(one, LabeledSequence) for one in values):
        named = {one.name: one for one in values}
        if len(named) < len(values):
            raise InputError(f"{what}: {len(values)} sequences have {len(named)} names; each needs its own")
        return named
    if not isinstance(values, Mapping):
        raise InputTypeError(f"{what} must be a dict from names of files, but are {type(values).__name__}")
    for name in values:
        if not isinstance(name, str):
            raise InputTypeError(f"{what}: names of files must be strings, but one is {name!r:.80}")
    return dict(values)


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "") if listed else "none"


def _told(values: Any, where: str) -> _Told:
    if isinstance(values, LabeledSequence):
        if values.labels is None:
            raise InputError(f"{where}: needs labels, but has none")
        return _Told(where, labels=values.labels, times=values.times)
    if isinstance(values, (list, tuple)) and not values:
        return _Told(where, turns=[], labels=())
    if hasattr(values, "itertracks") or (isinstance(values, (list, tuple)) and isinstance(values[0], (list, tuple))):
        return _Told(where, turns=turns_of(values, where))
    return _Told(where, labels=labelling.names(values, where))


def _pair(name: str, reference: _Told, hypothesis: _Told, hop: float | None) -> Pair:
    if reference.labels is None or hypothesis.labels is None or not (reference.labels or hypothesis.labels):
        return Pair(name, None, (_turns(reference, hop), _turns(hypothesis, hop)))
    if len(reference.labels) != len(hypothesis.labels):
        raise InputError(
            f"{hypothesis.where}: must have as many labels as the reference, {len(reference.labels)}, "
            f"but has {len(hypothesis.labels)}"
        )
    return Pair(name, (reference.labels, hypothesis.labels), _turns_of_labels(reference, hypothesis, hop))


def _turns_of_labels(one: _Told, other: _Told, hop: float | None) -> tuple[list[Turn], list[Turn]] | None:
    """Turns of both along the times that either of them knows."""
    if one.times is not None and other.times is not None and not np.allclose(one.times, other.times, rtol=0, atol=1e-3):
        position = int(np.flatnonzero(~np.isclose(one.times, other.times, rtol=0, atol=1e-3))[0])
        raise InputError(
            f"{other.where}: must have the times of the reference, but time {position} is {other.times[position]}, "
            f"there {one.times[position]}"
        )
    times = one.times if one.times is not None else other.times
    if times is None:
        return None
    first, second = (_Told(side.where, labels=side.labels, times=times) for side in (one, other))
    return _turns(first, hop), _turns(second, hop)


def _turns(told: _Told, hop: float | None) -> list[Turn]:
    if told.turns is not None:
        return told.turns
    if told.times is None:
        raise InputError(f"{told.where}: labels without times cannot be compared with turns; give a LabeledSequence")
    try:
        return to_turns(told.labels, told.times, hop=hop)
    except ArgumentError as error:
        raise ArgumentError(f"{told.where}: {error}") from error


def _alike(pairs: list[Pair]) -> list[Pair]:
    """Refuse a mixture, of which totals would be those of other files for each figure."""
    for pair in pairs:
        if (pair.labels is None, pair.turns is None) != (pairs[0].labels is None, pairs[0].turns is None):
            raise InputError(
                f"all files must be told alike, but {pairs[0].name} has {_kind(pairs[0])} and {pair.name} {_kind(pair)}"
            )
    return pairs


def _kind(pair: Pair) -> str:
    if pair.labels is None:
        return "turns"
    return "labels without times" if pair.turns is None else "labels with times"
