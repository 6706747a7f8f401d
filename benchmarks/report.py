"""Result files of the scripts, and rows of the table that `table.py` makes from all result files.

Each script has a `main`, which measures and writes a result file with `write`, and a function `rows`, which converts
the content of a result file to rows of the table.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADER = ("case", "peer", "here", "ratio (least to most)", "target")


@dataclass(frozen=True)
class Row:
    """A case in words and figures with units; a text is empty if there is nothing to say.

    Attributes:
        case: a description of the case.
        peer: the library for comparison, and its figure.
        here: the figure of this library.
        ratio: of both figures, from the same run, with its meaning.
        target: the figure or ratio to reach.
    """

    case: str
    peer: str
    here: str
    ratio: str = ""
    target: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts in the order of the header."""
        return self.case, self.peer, self.here, self.ratio, self.target


def line(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def header(names: Iterable[str] = HEADER) -> str:
    """The first two lines of a Markdown table."""
    names = list(names)
    return f"{line(names)}\n|{'---|' * len(names)}"


def show(rows: Iterable[Row]) -> None:
    """Print lines of a table, each as soon as `rows` yields it."""
    for row in rows:
        print(line(row.cells), flush=True)


def ratio(figures: Mapping[str, Any], of: str, digits: int) -> str:
    """The entries `ratio`, `ratio_least` and `ratio_most` as text: "0.72 x the time (0.65 to 0.75)"."""
    middle, least, most = (f"{figures[name]:.{digits}f}" for name in ("ratio", "ratio_least", "ratio_most"))
    return f"{middle} x the {of} ({least} to {most})"


def percent(share: float) -> str:
    """A share as text: "97.8 %"."""
    return f"{100 * share:.1f} %"


def write(results: Mapping[str, Any], out: Path | None) -> None:
    """Write a result file, if there is a path for it."""
    from uisrnn.files import write_atomically

    if out:
        write_atomically(out, (json.dumps(results, indent=2) + "\n").encode())
