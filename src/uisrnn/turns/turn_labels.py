"""Labels of observations from speaker turns: the speaker at the center of each window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations
from uisrnn.turns.turn import Turn, turns_of

SILENCE_LABEL = "<silence>"
"""The label of observations in silence, if silence is marked."""
OVERLAP_LABEL = "<overlap>"
"""The label of observations in overlapping speech, if overlap is marked."""

_SILENCE: dict[str, list[Label]] = {"drop": [], "mark": [SILENCE_LABEL]}
_OVERLAP: dict[str, Callable[[list[Label], int], list[Label]]] = {
    "drop": lambda _speakers, _places: [],
    "mark": lambda _speakers, _places: [OVERLAP_LABEL],
    "first": lambda speakers, places: speakers[:places],
}


def label_by_turns(
    sequence: LabeledSequence, turns: Any, *, silence: str = "drop", overlap: str = "drop"
) -> LabeledSequence:
    """Label observations by the speakers at their times.

    Observations with the same time get different labels. If several people speak at this time, each speaker goes to the
    observation that is nearest to the mean of the observations in which this speaker speaks alone, so that the sum of
    squared distances is least. Observations for which no speaker is left count as silence.

    Args:
        sequence: with times; its labels are replaced.
        turns: a list of (start seconds, end seconds, speaker) in any order, or a pyannote `Annotation`. A turn holds
            its start, but not its end.
        silence: observations at whose time nobody speaks are left out, `"drop"`, or get `SILENCE_LABEL`, `"mark"`. Of
            several observations at this time a single observation is marked, and the others are left out.
        overlap: if more people speak at a time than there are observations at this time, the observations are left out,
            `"drop"`, a single observation gets `OVERLAP_LABEL`, `"mark"`, or the speakers whose turns started first are
            taken, `"first"`.

    Raises:
        InputError: there are no times, a turn is wrong, or no observation is left.
        InputTypeError: `sequence` is not a `LabeledSequence`, or `turns` is not a list of turns.
        ArgumentError: `silence` or `overlap` has a value that is not allowed.

    >>> call = LabeledSequence([[1], [2], [3], [4]], times=[0.5, 1.5, 2.5, 3.5], name="call")
    >>> label_by_turns(call, [(0, 2, "ann"), (1, 3, "bob")]).labels
    ('ann', 'bob')
    >>> label_by_turns(call, [(0, 2, "ann"), (1, 3, "bob")], silence="mark", overlap="first").labels
    ('ann', 'ann', 'bob', '<silence>')
    >>> call = LabeledSequence([[1], [8], [2], [9]], times=[0.5, 1.5, 1.5, 2.5], name="call")
    >>> label_by_turns(call, [(0, 2, "ann"), (1, 3, "bob")]).labels
    ('ann', 'bob', 'ann', 'bob')
    """
    require_choices(silence, overlap)
    if not isinstance(sequence, LabeledSequence):
        raise InputTypeError(f"sequence must be a LabeledSequence, but is {type(sequence).__name__}")
    if sequence.times is None:
        raise InputError(f"{sequence.name}: times are needed to label it by turns, but it has none")
    checked = turns_of(turns, f"turns of {sequence.name}")
    labels = _labels(sequence, sorted(checked, key=lambda turn: turn.start), silence, overlap)
    kept = [position for position, label in enumerate(labels) if label is not None]
    if not kept:
        raise InputError(
            f"{sequence.name}: needs observations within turns, but all are left out as silence or overlap"
        )
    return replace(
        sequence,
        observations=sequence.observations[kept],
        labels=tuple(label for label in labels if label is not None),
        times=sequence.times[kept],
    )


def require_choices(silence: Any, overlap: Any) -> None:
    """Check the arguments `silence` and `overlap` of `label_by_turns`.

    Raises:
        ArgumentError: a value is not allowed.
    """
    for name, value, choices in (("silence", silence, _SILENCE), ("overlap", overlap, _OVERLAP)):
        if not isinstance(value, str) or value not in choices:
            raise ArgumentError(f"{name} must be one of {', '.join(choices)}, but is {value!r:.80}")


@dataclass(frozen=True)
class _Moment:
    """A time with its observations.

    Attributes:
        rows: of the observations.
        speakers: the speakers at this time, in the order in which their turns started.
    """

    rows: range
    speakers: list[Label]

    def names(self, silence: str, overlap: str) -> list[Label]:
        """At most as many labels as there are observations."""
        if len(self.speakers) > len(self.rows):
            return _OVERLAP[overlap](self.speakers, len(self.rows))
        return self.speakers if len(self.speakers) == len(self.rows) else self.speakers + _SILENCE[silence]


def _labels(sequence: LabeledSequence, turns: list[Turn], silence: str, overlap: str) -> list[Label | None]:
    """A label for each observation, or None if it is left out."""
    assert sequence.times is not None
    moments = _moments(sequence.times, turns)
    nearness = _Nearness.of(sequence.observations, moments)
    labels: list[Label | None] = [None] * len(sequence)
    for moment in moments:
        for row, name in nearness.pairs(moment.rows, moment.names(silence, overlap)):
            labels[row] = name
    return labels


def _moments(times: Times, turns: list[Turn]) -> list[_Moment]:
    distinct, firsts = np.unique(times, return_index=True)
    speakers: list[list[Label]] = [[] for _time in distinct]
    for turn in turns:
        start, end = np.searchsorted(distinct, (turn.start, turn.end))
        for names in speakers[start:end]:
            if turn.speaker not in names:
                names.append(turn.speaker)
    ends = np.append(firsts[1:], len(times)).tolist()
    spans = zip(firsts.tolist(), ends, speakers, strict=True)
    return [_Moment(range(first, end), names) for first, end, names in spans]


@dataclass(frozen=True)
class _Nearness:
    """How near observations are to speakers.

    Attributes:
        observations: (T, D).
        means: (D,) the mean of the observations in which a speaker speaks alone, for each speaker.
        middle: (D,) the mean of all observations, for speakers who never speak alone.
    """

    observations: Observations
    means: Mapping[Label, NDArray[np.float64]]
    middle: NDArray[np.float64]

    @staticmethod
    def of(observations: Observations, moments: Sequence[_Moment]) -> "_Nearness":
        rows: dict[Label, list[int]] = {}
        for moment in moments:
            if len(moment.rows) == len(moment.speakers) == 1:
                rows.setdefault(moment.speakers[0], []).append(moment.rows[0])
        means = {speaker: observations[own].mean(axis=0, dtype=np.float64) for speaker, own in rows.items()}
        return _Nearness(observations, means, observations.mean(axis=0, dtype=np.float64))

    def pairs(self, rows: range, names: list[Label]) -> list[tuple[int, Label]]:
        """Pair each name with a different row, so that the sum of squared distances is least."""
        if len(rows) == 1:
            return [(rows[0], name) for name in names]
        means = np.array([self.means.get(name, self.middle) for name in names]).reshape(-1, len(self.middle))
        costs = np.square(self.observations[rows][:, None] - means).sum(axis=2)
        places, numbers = optimize.linear_sum_assignment(costs)
        pairs = zip(places.tolist(), numbers.tolist(), strict=True)
        return [(rows[place], names[number]) for place, number in pairs]
