"""When a training has had its time."""

import math
import time

from uisrnn.training.team import Team


class Deadline:
    """A moment; a team has one moment for all, that of its first process.

    Args:
        seconds: from now; None: never.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def is_over(self, team: Team) -> bool:
        """Whether it has passed."""
        return self._end < math.inf and team.agree(time.monotonic() >= self._end)
