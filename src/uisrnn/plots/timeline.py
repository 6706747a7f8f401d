"""The picture of speakers over time, and of errors."""

from typing import TYPE_CHECKING, Any

from uisrnn.plots import clock
from uisrnn.plots.canvas import new_axes, plain, require_axes, text
from uisrnn.plots.lanes import Block, blocks, extent
from uisrnn.plots.palette import FAINT, GROUND, INK, WRONG, colour
from uisrnn.turns.turn import turns_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TITLE = 0.9  # height of the title of a block, in rows


def plot_timeline(reference: Any, hypothesis: Any = None, ax: "Axes | None" = None) -> "Axes":
    """Draw the speakers of a recording over time, and below them the speakers of a hypothesis and its errors.

    Speakers are matched one to one, and matched speakers have the same colour. Each speaker has a row, and a row
    "overlap" shows when several people speak. The errors are the errors of `evaluate` without a collar.

    Args:
        reference: a list of turns (start seconds, end seconds, speaker) or a pyannote `Annotation`.
        hypothesis: like `reference`; None: only the speakers of `reference` are drawn.
        ax: the Axes to draw on; None: a new figure, `plot_timeline(...).figure`.

    Raises:
        InputError: there are no turns, or a turn is wrong.
        InputTypeError: an argument is not a list of turns, or `ax` is not an Axes.
        MissingExtraError: matplotlib is not installed.

    >>> axes = plot_timeline([(0, 5, "ann"), (5, 9, "bob")], [(0, 6, 0), (6, 9, 1)])
    >>> axes.figure.savefig("timeline.png")  # doctest: +SKIP
    """
    reference_turns = turns_of(reference, "reference")
    hypothesis_turns = None if hypothesis is None else turns_of(hypothesis, "hypothesis")
    shown = blocks(reference_turns, hypothesis_turns)
    rows = sum(_TITLE + len(block.lanes) for block in shown)
    [axes] = new_axes("plot_timeline", 11, 0.7 + 0.2 * rows) if ax is None else require_axes(ax, 1, "ax")
    start, end = extent(shown)
    height = axes.get_window_extent().height * 72 / axes.figure.dpi / rows
    size = min(9.0, max(3.0, 0.75 * height))
    names = _draw(axes, shown, start, end - start, size)
    _finish(axes, names, (start, end), rows, size)
    return axes


def _draw(axes: "Axes", shown: list[Block], start: float, span: float, size: float) -> dict[float, str]:
    """Draw the rows from top to bottom, and return the names of the rows by their positions on the vertical axis."""
    names: dict[float, str] = {}
    row = 0.0
    for block in shown:
        axes.text(
            0, row + 0.8 * _TITLE, block.title, transform=axes.get_yaxis_transform(), size=size, weight="bold",
            color=INK, va="bottom",
        )  # fmt: skip
        row += _TITLE
        for lane in block.lanes:
            names[row + 0.5] = text(lane.name)
            axes.broken_barh([(start, span)], (row + 0.08, 0.84), facecolor=GROUND, linewidth=0)
            shade = WRONG if block.title == "errors" else FAINT if lane.colour is None else colour(lane.colour)
            bars = [(first, last - first) for first, last in lane.spans]
            axes.broken_barh(bars, (row + 0.12, 0.76), facecolor=shade, edgecolor=shade, linewidth=0.5)
            row += 1
    return names


def _finish(axes: "Axes", names: dict[float, str], extent: tuple[float, float], rows: float, size: float) -> None:
    plain(axes)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(*extent)
    axes.set_ylim(rows, 0)
    axes.set_yticks(list(names), list(names.values()), size=size, color=INK)
    axes.tick_params(axis="y", length=0)
    marks = clock.ticks(*extent)
    axes.set_xticks([time for time, _ in marks], [label for _, label in marks], size=8)
    axes.set_xlabel(clock.unit(extent[1] - extent[0]), size=9)
