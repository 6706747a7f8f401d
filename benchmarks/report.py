"""What every script leaves: a result file, and rows of the table that `table.py` makes of all result files.

A script has a `main`, which measures and writes a file of results with `write`, and a function `rows`, which makes of
the content of such a file the rows of the table. No figure comes from elsewhere.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADER = ("case", "peer", "here", "ratio (least to most)", "target")


@dataclass(frozen=True)
class Row:
    """What was measured in one case, in words and figures with their units; what there is not is empty.

    Attributes:
        case: what was done.
        peer: with what is compared, and its figure.
        here: the figure of this library.
        ratio: of both, from one run, and of what it is.
        target: what is wanted.
    """

    case: str
    peer: str
    here: str
    ratio: str = ""
    target: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """As in the header."""
        return self.case, self.peer, self.here, self.ratio, self.target


def line(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def header(names: Iterable[str] = HEADER) -> str:
    """The first two lines of a Markdown table."""
    names = list(names)
    return f"{line(names)}\n|{'---|' * len(names)}"


def show(rows: Iterable[Row]) -> None:
    """Print lines of a table, each as soon as it is there."""
    for row in rows:
        print(line(row.cells), flush=True)


def ratio(found: Mapping[str, Any], of: str, digits: int) -> str:
    """The entries `ratio`, `ratio_least` and `ratio_most`, as in "0.72 x the time (0.65 to 0.75)"."""
    middle, least, most = (f"{found[name]:.{digits}f}" for name in ("ratio", "ratio_least", "ratio_most"))
    return f"{middle} x the {of} ({least} to {most})"


def percent(share: float) -> str:
    """As in "97.8 %"."""
    return f"{100 * share:.1f} %"


def write(results: Mapping[str, Any], out: Path | None) -> None:
    """Write a file of results, if there shall be one."""
    from uisrnn.files import write_atomically

    if out:
        write_atomically(out, (json.dumps(results, indent=2) + "\n").encode())
