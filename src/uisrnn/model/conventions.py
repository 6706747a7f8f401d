"""The two places where decoding in 0.1.2 departs from the paper, as objects to choose from."""

from dataclasses import dataclass

from uisrnn.errors import ArgumentError
from uisrnn.model.assignment import Assignment, PaperAssignment, V0Assignment
from uisrnn.model.running_mean import PaperMean, RunningMean, V0Mean

ASSIGNMENTS: dict[str, Assignment] = {"paper": PaperAssignment(), "v0": V0Assignment()}
RUNNING_MEANS: dict[str, RunningMean] = {"paper": PaperMean(), "v0": V0Mean()}


@dataclass(frozen=True)
class Conventions:
    """How a model decodes where paper and 0.1.2 differ; a model file stores these names.

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
