"""The content of a timeline: lanes for the speakers of reference and hypothesis, and for errors."""

from collections.abc import Mapping
from dataclasses import dataclass

from uisrnn.errors import InputError
from uisrnn.evals.speaker_times import match_speakers
from uisrnn.evals.sweep import find_errors, pieces, united
from uisrnn.sequences.labels import Label
from uisrnn.turns.spans import merged
from uisrnn.turns.turn import Span, Turn

_MOST = 40  # lanes of speakers in a block


@dataclass(frozen=True)
class Lane:
    """A row of a timeline.

    Attributes:
        name: the text before it.
        colour: the number of its colour; None: no speaker of the reference belongs to it.
        spans: (start, end) in seconds, in the order of their starts.
    """

    name: str
    colour: int | None
    spans: list[Span]


@dataclass(frozen=True)
class Block:
    """Rows under a common title."""

    title: str
    lanes: list[Lane]


def blocks(
    reference: list[Turn], hypothesis: list[Turn] | None, matched: Mapping[Label, Label] | None = None
) -> list[Block]:
    """The rows of a timeline: the reference; the hypothesis, with its speakers in the same order; the errors.

    A speaker of the hypothesis has the colour of the matched speaker of the reference, or no colour. If several people
    speak at the same time, a row "overlap" at the end of the block shows it.

    Args:
        reference: turns in any order.
        hypothesis: turns in any order, or None.
        matched: the speaker of the reference for speakers of the hypothesis; None: see `match_speakers`.

    Raises:
        InputError: there are no turns at all, or there are too many speakers to match.

    >>> [_, hypothesis, errors] = blocks([Turn(0, 2, "ann"), Turn(2, 3, "bob")], [Turn(0, 1, 7), Turn(1, 3, 8)])
    >>> [(lane.name, lane.colour, lane.spans) for lane in hypothesis.lanes]
    [('7 (ann)', 0, [(0, 1)]), ('8 (bob)', 1, [(1, 3)])]
    >>> [(lane.name, lane.spans) for lane in errors.lanes]
    [('missed', []), ('false alarm', []), ('confusion', [(1, 2)])]
    """
    if not united([*reference, *(hypothesis or [])]):
        raise InputError("there is nothing to draw: there are no turns, or all turns have length 0")
    true = _speakers(reference)
    colours = {name: number for number, name in enumerate(true)}
    true_lanes = _speaker_lanes(true, colours, {name: str(name) for name in true})
    if hypothesis is None:
        return [Block("speakers", [*true_lanes, *_overlap_lanes(reference)])]
    matched = match_speakers(reference, hypothesis) if matched is None else matched
    found = _speakers(hypothesis)
    found_colours = {name: colours[matched[name]] for name in found if name in matched}
    found = {name: found[name] for name in sorted(found, key=lambda name: found_colours.get(name, len(true)))}
    errors = find_errors(reference, hypothesis, matched)
    found_lanes = _speaker_lanes(found, found_colours, {name: _matched_name(name, matched) for name in found})
    return [
        Block("reference", [*true_lanes, *_overlap_lanes(reference)]),
        Block("hypothesis", [*found_lanes, *_overlap_lanes(hypothesis)]),
        Block("errors", [Lane(kind, None, spans) for kind, spans in errors.items()]),
    ]


def _overlap_lanes(turns: list[Turn]) -> list[Lane]:
    """A lane of the times at which several people speak; no lane if there are no such times."""
    spans = [(piece.start, piece.end) for piece in pieces(turns, []) if len(piece.reference) > 1]
    return [Lane("overlap", None, merged(spans))] if spans else []


def _matched_name(name: Label, matched: Mapping[Label, Label]) -> str:
    other = matched.get(name)
    return str(name) if other is None or str(other) == str(name) else f"{name} ({other})"


def _speakers(turns: list[Turn]) -> dict[Label, list[Span]]:
    """The spans of each speaker, in the order of first appearance."""
    speakers: dict[Label, list[Span]] = {}
    for turn in united(turns):
        speakers.setdefault(turn.speaker, []).append((turn.start, turn.end))
    return speakers


def _speaker_lanes(
    speakers: Mapping[Label, list[Span]], colours: Mapping[Label, int], names: Mapping[Label, str]
) -> list[Lane]:
    lanes = [Lane(names[name], colours.get(name), spans) for name, spans in speakers.items()]
    if len(lanes) <= _MOST:
        return lanes
    others = lanes[_MOST - 1 :]
    spans = sorted(span for lane in others for span in lane.spans)
    return [*lanes[: _MOST - 1], Lane(f"{len(others)} others", None, merged(spans))]


def extent(shown: list[Block]) -> Span:
    """The start of the axis, 0 or the start of a first turn far from 0, and its end, the end of the last turn."""
    spans = [span for block in shown for lane in block.lanes for span in lane.spans]
    start = min(span[0] for span in spans)
    end = max(span[1] for span in spans)
    return (0.0 if 0 <= start < 0.2 * (end - start) else start), end
