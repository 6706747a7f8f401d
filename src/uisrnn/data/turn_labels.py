"""Labels of observations from speaker turns: who speaks at the center of a window."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.data.labeled import LabeledSequence
from uisrnn.data.labels import Label
from uisrnn.data.turns import Turn, turns_of
from uisrnn.errors import ArgumentError, InputError, InputTypeError

SILENCE_LABEL = "<silence>"
"""The label of observations at whose time nobody speaks, where these are marked."""
OVERLAP_LABEL = "<overlap>"
"""The label of observations at whose time several speak, where these are marked."""

_Choice = Callable[[Label | None], Label | None]
_SILENCE: dict[str, Label | None] = {"drop": None, "mark": SILENCE_LABEL}
_OVERLAP: dict[str, _Choice] = {
    "drop": lambda _first: None,
    "mark": lambda _first: OVERLAP_LABEL,
    "first": lambda first: first,
}


def label_by_turns(
    sequence: LabeledSequence, turns: Any, *, silence: str = "drop", overlap: str = "drop"
) -> LabeledSequence:
    """Label observations by who speaks at their times.

    Args:
        sequence: with times; labels that it has are replaced.
        turns: a list of (start seconds, end seconds, speaker) in any order, or a pyannote `Annotation`. A turn holds
            its start, but not its end.
        silence: observations at whose time nobody speaks are left out, `"drop"`, or get `SILENCE_LABEL`, `"mark"`.
        overlap: those at whose time several speak are left out, `"drop"`, get `OVERLAP_LABEL`, `"mark"`, or the label
            of the one whose turn started first, `"first"`.

    Raises:
        InputError: there are no times, a turn is wrong, or no observation is left.
        InputTypeError: something is no `LabeledSequence`, or there are no turns.
        ArgumentError: `silence` or `overlap` is none of these.

    >>> call = LabeledSequence([[1], [2], [3], [4]], times=[0.5, 1.5, 2.5, 3.5], name="call")
    >>> label_by_turns(call, [(0, 2, "ann"), (1, 3, "bob")]).labels
    ('ann', 'bob')
    >>> label_by_turns(call, [(0, 2, "ann"), (1, 3, "bob")], silence="mark", overlap="first").labels
    ('ann', 'ann', 'bob', '<silence>')
    """
    require_choices(silence, overlap)
    if not isinstance(sequence, LabeledSequence):
        raise InputTypeError(f"sequence must be a LabeledSequence, but is {type(sequence).__name__}")
    if sequence.times is None:
        raise InputError(f"{sequence.name}: times are needed to label it by turns, but it has none")
    checked = turns_of(turns, f"turns of {sequence.name}")
    first, is_overlap = _speakers(sequence.times, sorted(checked, key=lambda turn: turn.start))
    labels = [
        _OVERLAP[overlap](one) if several else (_SILENCE[silence] if one is None else one)
        for one, several in zip(first, is_overlap.tolist(), strict=True)
    ]
    kept = [position for position, label in enumerate(labels) if label is not None]
    if not kept:
        raise InputError(
            f"{sequence.name}: someone must speak at one of its times, but at none of them one speaks alone"
        )
    return replace(
        sequence,
        observations=sequence.observations[kept],
        labels=tuple(label for label in labels if label is not None),
        times=sequence.times[kept],
    )


def require_choices(silence: Any, overlap: Any) -> None:
    """Check how silence and overlap are dealt with.

    Raises:
        ArgumentError: so they cannot be.
    """
    for name, value, choices in (("silence", silence, _SILENCE), ("overlap", overlap, _OVERLAP)):
        if not isinstance(value, str) or value not in choices:
            raise ArgumentError(f"{name} must be one of {', '.join(choices)}, but is {value!r:.80}")


def _speakers(times: NDArray[np.float64], turns: list[Turn]) -> tuple[list[Label | None], NDArray[np.bool_]]:
    """For each time who began first of those who speak, and whether several do."""
    numbers: dict[Label, int] = {}
    first = np.full(len(times), -1)
    is_overlap = np.zeros(len(times), dtype=np.bool_)
    for turn in turns:
        start, end = np.searchsorted(times, (turn.start, turn.end))
        number = numbers.setdefault(turn.speaker, len(numbers))
        heard = first[start:end]
        is_overlap[start:end] |= (heard >= 0) & (heard != number)
        heard[heard < 0] = number
    speakers = list(numbers)
    return [None if one < 0 else speakers[one] for one in first.tolist()], is_overlap
