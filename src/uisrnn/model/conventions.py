"""The two places where 0.1.2 departs from the paper, as objects to choose from."""

from dataclasses import dataclass

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
    """

    running_mean: str = "paper"
    assignment: str = "paper"


PAPER = Conventions()
V0 = Conventions("v0", "v0")
