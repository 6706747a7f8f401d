"""The page: totals, a table with a row for each file, a timeline for each file."""

import os
from html import escape
from typing import Any

from uisrnn.errors import InputError, InputTypeError
from uisrnn.evals import METRICS, Evaluation, Row
from uisrnn.evals.pairs import Pair, pair_up
from uisrnn.files import write_atomically
from uisrnn.report.drawing import timeline
from uisrnn.report.style import SCRIPT, STYLE
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn

_BARS_OF_ALL = 300_000  # of about 14 bytes each
_MOST_BARS = 3000  # in a timeline
_FEWEST_BARS = 100  # in a timeline


def write_report(
    path: str | os.PathLike[str],
    evaluation: Evaluation,
    references: Any,
    hypotheses: Any,
    *,
    title: str = "Evaluation",
    hop: float | None = None,
) -> None:
    """Write an evaluation as an HTML file that needs no other file: totals, a table to sort, a timeline of each file.

    Timelines show the matching of speakers from which DER was computed, and errors in the whole file, also in the
    collar and outside the regions. With more files, timelines are coarser: 500 files take about 10 MB.

    Args:
        path: the file; it is replaced in one step.
        evaluation: `evaluate(references, hypotheses)`.
        references: the references that were given to `evaluate`.
        hypotheses: the hypotheses that were given to `evaluate`.
        title: the title of the page.
        hop: the hop that was given to `evaluate`.

    Raises:
        InputError: references and hypotheses have other files than the evaluation.
        InputTypeError: `evaluation` is not an `Evaluation`, or a side has a type that `evaluate` refuses.
        OSError: the file cannot be written.
    """
    if not isinstance(evaluation, Evaluation):
        raise InputTypeError(f"evaluation must be an Evaluation, but is {type(evaluation).__name__}")
    pairs = pair_up(references, hypotheses, hop)
    if [pair.name for pair in pairs] != [row.name for row in evaluation.rows]:
        raise InputError("references and hypotheses must have the files of the evaluation, but have other files")
    write_atomically(path, _page(evaluation, pairs, str(title)).encode("utf-8", "backslashreplace"))


def _page(evaluation: Evaluation, pairs: list[Pair], title: str) -> str:
    number = len(pairs)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
content="default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline'">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<header><h1>{escape(title)}</h1>
<p>{number} file{"" if number == 1 else "s"}; {escape(evaluation.conditions)}</p></header>
{_tiles(evaluation)}
<h2>Files</h2>
<p>Totals are ratios of sums over files, not means of ratios. Click the head of a column to sort by it.</p>
{_table(evaluation)}
<h2>Timelines</h2>
<p>A speaker of the hypothesis has the colour of the matched speaker of the reference, whose name is in brackets;
speakers without a match are grey. "Overlap" is when several people speak. Errors are drawn in the whole file, also in
the collar and outside the scored regions.</p>
{_timelines(evaluation, pairs)}
<script>{SCRIPT}</script></body></html>
"""


def _tiles(evaluation: Evaluation) -> str:
    tiles = (
        f"<div><b>{METRICS[name].text(evaluation.total.value(name))}</b><span>{METRICS[name].title}</span></div>"
        for name in evaluation.figures
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _table(evaluation: Evaluation) -> str:
    heads = "".join(
        f'<th scope="col"><button type="button">{title}</button></th>'
        for title in ("file", *(METRICS[name].title for name in evaluation.figures))
    )
    rows = "\n".join(
        f'<tr><td><a href="#f{number}">{escape(row.name)}</a></td>{_cells(evaluation, row)}</tr>'
        for number, row in enumerate(evaluation.rows)
    )
    total = f"<tr><td>total</td>{_cells(evaluation, evaluation.total)}</tr>"
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>{rows}</tbody>\n'
        f"<tfoot>{total}</tfoot></table></div>"
    )


def _cells(evaluation: Evaluation, row: Row) -> str:
    values = [(name, row.value(name)) for name in evaluation.figures]
    return "".join(
        f'<td data-v="{"" if value is None else format(value, ".6g")}">{METRICS[name].text(value)}</td>'
        for name, value in values
    )


def _timelines(evaluation: Evaluation, pairs: list[Pair]) -> str:
    most = max(_FEWEST_BARS, min(_MOST_BARS, _BARS_OF_ALL // len(pairs)))
    main = evaluation.main_figure
    figures = []
    for number, (pair, row) in enumerate(zip(pairs, evaluation.rows, strict=True)):
        first, second = _turns(pair)
        has_times = pair.turns is not None
        picture = timeline(first, second, most, seconds=has_times, matched=row.matched if has_times else None)
        caption = f"{escape(row.name)} <span>{METRICS[main].title} {METRICS[main].text(row.value(main))}</span>"
        figures.append(f'<figure id="f{number}"><figcaption>{caption}</figcaption>{picture}</figure>')
    return "\n".join(figures)


def _turns(pair: Pair) -> tuple[list[Turn], list[Turn]]:
    """Turns in seconds; of labels without times, turns in observations."""
    if pair.turns is not None:
        return pair.turns
    assert pair.labels is not None
    first, second = (to_turns(labels, [n + 0.5 for n in range(len(labels))], hop=1) for labels in pair.labels)
    return first, second
