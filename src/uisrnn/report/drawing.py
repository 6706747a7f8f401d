"""A timeline as a small SVG."""

from collections.abc import Mapping
from html import escape

from uisrnn.plots import clock
from uisrnn.plots.canvas import short
from uisrnn.plots.lanes import Block, Lane, blocks, extent
from uisrnn.plots.palette import COLOURS
from uisrnn.sequences.labels import Label
from uisrnn.turns.spans import merged
from uisrnn.turns.turn import Span, Turn

_LEFT = 170  # units of the picture, as all sizes here
_WIDTH = 1000
_ROW = 15
_TITLE = 18
_FINEST = 0.5  # bars with a smaller gap between them are drawn as a single bar
_LONGEST = 26  # characters of a name


def timeline(
    reference: list[Turn],
    hypothesis: list[Turn],
    most: int,
    *,
    seconds: bool,
    matched: Mapping[Label, Label] | None = None,
) -> str:
    """The SVG element of a timeline.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order.
        most: the largest number of bars; neighbouring bars are joined until there are no more.
        seconds: whether times are seconds, else numbers of observations.
        matched: the speaker of the reference for each matched speaker of the hypothesis; None: the speakers with most
            time in common are matched.

    Returns:
        An element that takes its colours from the style of the page; a sentence if nobody speaks.
    """
    if not any(turn.end > turn.start for turn in (*reference, *hypothesis)):
        return "<p>Nobody speaks in the reference, nor in the hypothesis.</p>"
    shown = blocks(reference, hypothesis, matched)
    start, end = extent(shown)
    scale = _WIDTH / (end - start)
    gap = _gap([lane for block in shown for lane in block.lanes], _FINEST / scale, most)
    parts, bottom = _rows(shown, start, scale, gap)
    parts += _axis(start, end, scale, bottom, seconds=seconds)
    return f'<svg viewBox="0 0 {_LEFT + _WIDTH + 20} {bottom + 20}" role="img">{"".join(parts)}</svg>'


def _gap(lanes: list[Lane], finest: float, most: int) -> float:
    """The gap up to which bars are joined, so that at most `most` bars are left, or a single bar in each lane."""
    gap = finest
    while sum(len(merged(lane.spans, gap)) for lane in lanes) > max(most, len(lanes)):
        gap *= 2
    return gap


def _rows(shown: list[Block], start: float, scale: float, gap: float) -> tuple[list[str], int]:
    parts: list[str] = []
    y = 0
    for block in shown:
        parts.append(f'<text class="h" x="{_LEFT}" y="{y + _TITLE - 5}">{block.title}</text>')
        y += _TITLE
        for lane in block.lanes:
            parts.append(f'<text class="n" x="{_LEFT - 6}" y="{y + 11}">{escape(short(lane.name, _LONGEST))}</text>')
            parts.append(f'<path class="g" d="M{_LEFT} {y + 7}h{_WIDTH}"/>')
            parts.append(_bars(merged(lane.spans, gap), start, scale, y + 7, _shade(block, lane)))
            y += _ROW
    return parts, y


def _shade(block: Block, lane: Lane) -> str:
    if block.title == "errors":
        return "e"
    return "o" if lane.colour is None else f"c{lane.colour % len(COLOURS)}"


def _bars(spans: list[Span], start: float, scale: float, y: int, shade: str) -> str:
    if not spans:
        return ""
    bars = (f"M{_LEFT + (begin - start) * scale:.1f} {y}h{max((end - begin) * scale, 0.6):.1f}" for begin, end in spans)
    return f'<path class="{shade}" d="{"".join(bars)}"/>'


def _axis(start: float, end: float, scale: float, y: int, *, seconds: bool) -> list[str]:
    parts = [f'<path class="a" d="M{_LEFT} {y + 1}h{_WIDTH}"/>']
    for time, label in clock.ticks(start, end):
        if not seconds and time % 1:
            continue
        text = label if seconds else f"{time:g}"
        parts.append(f'<text class="t" x="{_LEFT + (time - start) * scale:.1f}" y="{y + 15}">{text}</text>')
    unit = clock.unit(end - start) if seconds else "observation"
    parts.append(f'<text class="n" x="{_LEFT - 24}" y="{y + 15}">{unit}</text>')
    return parts
