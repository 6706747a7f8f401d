"""A stream on a search state, and the updates that tell its labels."""

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from uisrnn.compiled import Flags, Integers
from uisrnn.model.groups import no_joins
from uisrnn.sequences.labels import Label, Names


@dataclass(frozen=True)
class Update:
    """The labels that a push added, made final or changed. Observation 0 is the first observation of the stream.

    Attributes:
        labels: the current best labels of the observations that were pushed.
        final: by observation, the labels that became final, oldest first; they never change again.
        changed: by observation, the labels that differ from the labels of earlier updates; some may be final now.
    """

    labels: list[Label]
    final: dict[int, Label]
    changed: dict[int, Label]

    @property
    def label(self) -> Label | None:
        """The current best label of the newest observation; None if no observation was pushed."""
        return self.labels[-1] if self.labels else None


def no_codes() -> Integers:
    """No labels."""
    return np.zeros(0, dtype=np.int32)


@dataclass
class Track:
    """The state of a stream.

    Attributes:
        slot: its slot in the search state.
        pending: (n, V, F) features of the observations since the last cut.
        joins: (n,) whether each of these observations is at the time of the observation before it.
        recent: (n, D) the last observations, as far as the features of the next observation depend on them.
        taken: number of observations up to the last cut.
        final: number of final labels.
        unreported: codes of the final labels that no update has reported, in parts.
        reported: codes of the provisional labels that updates have reported, for observations whose final label has
            not been reported.
        preview: the beam that the best beam after the pending observations continues, and their codes.
    """

    slot: int
    pending: Tensor
    recent: Tensor
    joins: Flags = field(default_factory=lambda: no_joins(0))
    taken: int = 0
    final: int = 0
    unreported: list[Integers] = field(default_factory=list)
    reported: Integers = field(default_factory=no_codes)
    preview: tuple[int, Integers] = field(default_factory=lambda: (0, no_codes()))

    @property
    def unreported_codes(self) -> Integers:
        """`unreported` as a single array."""
        return np.concatenate([no_codes(), *self.unreported])

    @property
    def observations(self) -> int:
        """Number of observations."""
        return self.taken + len(self.pending)

    def report(self, provisional: Integers, names: Names) -> Update:
        """Compare the labels with the reported labels; from now on they count as reported.

        Args:
            provisional: codes of all labels that are not final.
            names: the names of the codes.
        """
        reported = len(self.reported)
        unreported = self.unreported_codes
        first = self.final - len(unreported)
        current = np.concatenate([unreported, provisional])
        changed = np.flatnonzero(self.reported != current[:reported]).tolist()
        update = Update(
            labels=[names.name(code) for code in current[reported:].tolist()],
            final={first + number: names.name(code) for number, code in enumerate(unreported.tolist())},
            changed={first + number: names.name(int(current[number])) for number in changed},
        )
        self.reported = provisional
        self.unreported = []
        return update
