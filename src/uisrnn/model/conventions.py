"""The two departures of 0.1.2 from the paper in decoding, as objects to choose from."""

from dataclasses import dataclass

from uisrnn.errors import ArgumentError
from uisrnn.model.assignment import PAPER_ASSIGNMENT, V0_ASSIGNMENT, Assignment
from uisrnn.model.running_mean import PAPER_MEAN, V0_MEAN, RunningMean

ASSIGNMENTS: dict[str, Assignment] = {"paper": PAPER_ASSIGNMENT, "v0": V0_ASSIGNMENT}
RUNNING_MEANS: dict[str, RunningMean] = {"paper": PAPER_MEAN, "v0": V0_MEAN}


@dataclass(frozen=True)
class Conventions:
    """The conventions of a model; 0.1.2 differs from the paper in both. A model file stores these names.

    Attributes:
        running_mean: a key of `RUNNING_MEANS`.
        assignment: a key of `ASSIGNMENTS`.

    Raises:
        ArgumentError: a name is not known.
    """

    running_mean: str = "paper"
    assignment: str = "paper"

    def __post_init__(self) -> None:
        for name, choices in (("running_mean", RUNNING_MEANS), ("assignment", ASSIGNMENTS)):
            chosen = getattr(self, name)
            if chosen not in tuple(choices):
                raise ArgumentError(f"{name} must be one of {', '.join(map(repr, choices))}, but is {chosen!r}")


PAPER = Conventions()
V0 = Conventions("v0", "v0")
