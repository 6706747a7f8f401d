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
    """Reference and hypothesis of a file, as labels, as turns, or as both.

    Attributes:
        name: of the file.
        labels: the labels of the reference, and as many labels of the hypothesis.
        turns: the turns of the reference, and the turns of the hypothesis.
    """

    name: str
    labels: tuple[tuple[Label, ...], tuple[Label, ...]] | None
    turns: tuple[list[Turn], list[Turn]] | None

    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Labels as numbers; there must be labels."""
        assert self.labels is not None
        reference, hypothesis = self.labels
        return labelling.encode(reference, self.name), labelling.encode(hypothesis, self.name)


@dataclass(frozen=True)
class _Side:
    """The reference or the hypothesis of a file; an empty list is both turns and labels.

    Attributes:
        where: the words with which an error message begins.
        turns: or None.
        labels: or None.
        times: of the labels, or None.
    """

    where: str
    turns: list[Turn] | None = None
    labels: tuple[Label, ...] | None = None
    times: Times | None = None


def pair_up(references: Any, hypotheses: Any, hop: float | None = None) -> list[Pair]:
    """Reference and hypothesis of each file.

    Args:
        references: by the name of the file, turns (start seconds, end seconds, speaker), an `Annotation`, labels, or a
            `LabeledSequence` with labels; or a list of `LabeledSequence`s with labels.
        hypotheses: likewise.
        hop: see `to_turns`; for labels with times.

    Returns:
        The pairs in the order of the references.

    Raises:
        InputError: a file is missing on a side, or its two sides cannot be compared.
        InputTypeError: a side has another type.
    """
    truth = _by_name(references, "references")
    output = _by_name(hypotheses, "hypotheses")
    _require_names(truth, output, "hypotheses")
    _require_names(output, truth, "references")
    if not truth:
        raise InputError("references must have at least one file, but are empty")
    pairs = [
        _pair(name, _side(truth[name], f"reference of {name}"), _side(output[name], f"hypothesis of {name}"), hop)
        for name in truth
    ]
    _require_same_form(pairs)
    return pairs


def _require_names(names: Iterable[str], others: Mapping[str, Any], side: str) -> None:
    for name in names:
        if name not in others:
            raise InputError(f"{name} is not among the {side}, which are: {_first_names(others)}")


def _by_name(values: Any, side: str) -> dict[str, Any]:
    if isinstance(values, (list, tuple)) and values and all(isinstance(value, LabeledSequence) for value in values):
        named = {sequence.name: sequence for sequence in values}
        if len(named) < len(values):
            raise InputError(f"{side}: {len(values)} sequences have {len(named)} names; each needs its own")
        return named
    if not isinstance(values, Mapping):
        raise InputTypeError(f"{side} must be a dict from names of files, but are {type(values).__name__}")
    for name in values:
        if not isinstance(name, str):
            raise InputTypeError(f"{side}: names of files must be strings, but {name!r:.80} is not")
    return dict(values)


def _first_names(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "") if listed else "none"


def _side(values: Any, where: str) -> _Side:
    if isinstance(values, LabeledSequence):
        if values.labels is None:
            raise InputError(f"{where}: needs labels, but has none")
        return _Side(where, labels=values.labels, times=values.times)
    if isinstance(values, (list, tuple)) and not values:
        return _Side(where, turns=[], labels=())
    if hasattr(values, "itertracks") or (isinstance(values, (list, tuple)) and isinstance(values[0], (list, tuple))):
        return _Side(where, turns=turns_of(values, where))
    return _Side(where, labels=labelling.names(values, where))


def _pair(name: str, reference: _Side, hypothesis: _Side, hop: float | None) -> Pair:
    if reference.labels is None or hypothesis.labels is None or not (reference.labels or hypothesis.labels):
        return Pair(name, None, (_turns(reference, hop), _turns(hypothesis, hop)))
    if len(reference.labels) != len(hypothesis.labels):
        raise InputError(
            f"{hypothesis.where}: must have as many labels as the reference, {len(reference.labels)}, "
            f"but has {len(hypothesis.labels)}"
        )
    return Pair(name, (reference.labels, hypothesis.labels), _turns_of_labels(reference, hypothesis, hop))


def _turns_of_labels(reference: _Side, hypothesis: _Side, hop: float | None) -> tuple[list[Turn], list[Turn]] | None:
    """Turns of both sides along the times of either side; None if no side has times."""
    _require_same_times(reference, hypothesis)
    times = reference.times if reference.times is not None else hypothesis.times
    if times is None:
        return None
    first, second = (_Side(side.where, labels=side.labels, times=times) for side in (reference, hypothesis))
    return _turns(first, hop), _turns(second, hop)


def _require_same_times(reference: _Side, hypothesis: _Side) -> None:
    if reference.times is None or hypothesis.times is None:
        return
    differing = np.flatnonzero(~np.isclose(reference.times, hypothesis.times, rtol=0, atol=1e-3))
    if len(differing):
        position = int(differing[0])
        raise InputError(
            f"{hypothesis.where}: must have the times of the reference, but time {position} is "
            f"{hypothesis.times[position]}, there {reference.times[position]}"
        )


def _turns(side: _Side, hop: float | None) -> list[Turn]:
    if side.turns is not None:
        return side.turns
    if side.times is None:
        raise InputError(f"{side.where}: labels without times cannot be compared with turns; give a LabeledSequence")
    try:
        return to_turns(side.labels, side.times, hop=hop)
    except ArgumentError as error:
        raise ArgumentError(f"{side.where}: {error}") from error


def _require_same_form(pairs: list[Pair]) -> None:
    """Require that all files have the same figures: otherwise each total would be of other files."""
    for pair in pairs:
        if (pair.labels is None, pair.turns is None) != (pairs[0].labels is None, pairs[0].turns is None):
            raise InputError(
                f"all files must have the same form, but {pairs[0].name} has {_form(pairs[0])} "
                f"and {pair.name} {_form(pair)}"
            )


def _form(pair: Pair) -> str:
    if pair.labels is None:
        return "turns"
    return "labels without times" if pair.turns is None else "labels with times"
