"""DER, JER, purity and coverage of turns, as sums that add up over files."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from uisrnn.evals.speaker_times import SpeakerTimes
from uisrnn.evals.sweep import ERRORS, Piece, clipped, count_errors, pieces, united
from uisrnn.sequences.labels import Label
from uisrnn.turns.spans import merged, without
from uisrnn.turns.turn import Span, Turn

_ALL_TIME: list[Span] = [(-math.inf, math.inf)]


@dataclass(frozen=True)
class Conditions:
    """Which time is scored.

    Attributes:
        collar: seconds before and after each boundary of the reference that are not scored.
        skip_overlap: whether time in which several speakers speak in the reference is not scored.
    """

    collar: float = 0.0
    skip_overlap: bool = False


@dataclass(frozen=True)
class TurnScore:
    """The score of the turns of a file.

    Attributes:
        sums: seconds of speakers (two speakers at a time count twice) and numbers of speakers.
        matched: the speaker of the reference for each matched speaker of the hypothesis.
    """

    sums: dict[str, float]
    matched: dict[Label, Label]


def score_turns(
    reference: list[Turn], hypothesis: list[Turn], regions: list[Span] | None, conditions: Conditions
) -> TurnScore:
    """Score the turns of a file as md-eval (DER) and dscore (JER) do.

    Speakers are matched on the whole time of the regions. Then the collar and the overlap are cut out, and DER, purity
    and coverage are computed from the rest with this matching. JER has a matching of its own, and is computed from the
    whole time of the regions, whatever the conditions are.

    Args:
        reference: turns in any order; overlapping turns of a speaker count as a single turn.
        hypothesis: turns in any order, likewise.
        regions: (start, end) in seconds; time outside does not count; None: all time.
        conditions: see `Conditions`.

    Raises:
        InputError: there are too many speakers.
    """
    spans = _ALL_TIME if regions is None else merged(sorted(regions))
    evaluated = list(clipped(pieces(reference, hypothesis), spans))
    times = SpeakerTimes.of(evaluated)
    matched = times.matched()
    scored = _scored(evaluated, without(spans, _collars(reference, conditions.collar)), conditions.skip_overlap)
    sums = {
        **_error_seconds(scored, matched),
        "jaccard_speakers": float(len(times.reference)),
        "jaccard_error": times.jaccard_error(),
        "reference_speakers": float(len(times.reference)),
        "hypothesis_speakers": float(len(times.hypothesis)),
    }
    return TurnScore(sums, matched)


def _collars(reference: Iterable[Turn], collar: float) -> list[Span]:
    if not collar:
        return []
    boundaries = sorted(time for turn in united(reference) for time in (turn.start, turn.end))
    return merged([(time - collar, time + collar) for time in boundaries])


def _scored(evaluated: list[Piece], spans: list[Span], skip_overlap: bool) -> list[Piece]:
    return [piece for piece in clipped(evaluated, spans) if not (skip_overlap and len(piece.reference) > 1)]


def _error_seconds(scored: list[Piece], matched: Mapping[Label, Label]) -> dict[str, float]:
    seconds = dict.fromkeys(ERRORS, 0.0)
    for piece in scored:
        for kind, speakers in zip(ERRORS, count_errors(piece, matched), strict=True):
            seconds[kind] += speakers * (piece.end - piece.start)
    times = SpeakerTimes.of(scored)
    speech = float(times.reference_seconds.sum())
    return {
        "speech": speech,
        "missed": seconds["missed"],
        "false_alarm": seconds["false alarm"],
        "confusion": seconds["confusion"],
        "hypothesis_speech": float(times.hypothesis_seconds.sum()),
        "pure": float(times.common.max(axis=0, initial=0.0).sum()),
        "covered": float(times.common.max(axis=1, initial=0.0).sum()),
    }
