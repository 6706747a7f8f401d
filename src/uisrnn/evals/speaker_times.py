"""How long speakers of reference and hypothesis speak, alone and together, and which speakers are the same."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uisrnn.evals.contingency import match, require_pairs
from uisrnn.evals.sweep import Piece, pieces
from uisrnn.sequences.labels import Label
from uisrnn.turns.turn import Turn


@dataclass(frozen=True)
class SpeakerTimes:
    """Seconds of R speakers of the reference and H speakers of the hypothesis.

    Attributes:
        reference: the names in the reference, by first appearance, then by name.
        hypothesis: the names in the hypothesis, by first appearance, then by name.
        reference_seconds: (R,) the time of each speaker.
        hypothesis_seconds: (H,) the time of each speaker.
        common: (R, H) the time in which both speakers of a pair speak.
    """

    reference: list[Label]
    hypothesis: list[Label]
    reference_seconds: NDArray[np.float64]
    hypothesis_seconds: NDArray[np.float64]
    common: NDArray[np.float64]

    @staticmethod
    def of(parts: Iterable[Piece]) -> "SpeakerTimes":
        """Add up pieces.

        Raises:
            InputError: there are more pairs of speakers than can be matched.
        """
        alone: tuple[dict[Label, float], dict[Label, float]] = (defaultdict(float), defaultdict(float))
        together: dict[tuple[Label, Label], float] = defaultdict(float)
        for start, end, *sides in parts:
            for seconds, names in zip(alone, sides, strict=True):
                for name in sorted(names, key=repr):  # the order of a set depends on the process
                    seconds[name] += end - start
            for name in sides[0]:
                for other in sides[1]:
                    together[name, other] += end - start
        require_pairs(len(alone[0]), len(alone[1]))
        rows = {name: row for row, name in enumerate(alone[0])}
        columns = {name: column for column, name in enumerate(alone[1])}
        common = np.zeros((len(rows), len(columns)))
        for (name, other), seconds_together in together.items():
            common[rows[name], columns[other]] = seconds_together
        return SpeakerTimes(list(rows), list(columns), _array(alone[0]), _array(alone[1]), common)

    def matched(self) -> dict[Label, Label]:
        """The speaker of the reference for each speaker of the hypothesis, in pairs with most seconds in common.

        Speakers of the hypothesis without a partner are left out.
        """
        pairs = sorted(match(self.common), key=lambda pair: pair[1])
        return {self.hypothesis[column]: self.reference[row] for row, column in pairs}

    def jaccard_error(self) -> float:
        """The sum over speakers of the reference of 1 - (seconds in common) / (seconds in which either speaks).

        Speakers are matched in pairs so that this sum is least. A speaker without a partner counts 1.
        """
        either = self.reference_seconds[:, None] + self.hypothesis_seconds - self.common
        index = self.common / either
        return max(0.0, len(self.reference) - float(sum(index[pair] for pair in match(index))))


def match_speakers(reference: Iterable[Turn], hypothesis: Iterable[Turn]) -> dict[Label, Label]:
    """The speaker of the reference for each speaker of the hypothesis, in pairs with most seconds in common.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.

    Returns:
        Names in the reference by names in the hypothesis; speakers without a partner are left out.

    Raises:
        InputError: there are too many speakers.

    >>> match_speakers([Turn(0, 4, "ann"), Turn(4, 6, "bob")], [Turn(0, 3, 1), Turn(3, 6, 0), Turn(6, 7, 2)])
    {1: 'ann', 0: 'bob'}
    """
    return SpeakerTimes.of(pieces(reference, hypothesis)).matched()


def _array(seconds: dict[Label, float]) -> NDArray[np.float64]:
    return np.array(list(seconds.values()), dtype=np.float64)
