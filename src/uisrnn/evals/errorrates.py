"""What of two sets of turns adds up over files, by pyannote.metrics: errors, Jaccard errors, purity, coverage."""

from typing import TYPE_CHECKING

from uisrnn import extras
from uisrnn.evals.contingency import require_pairs
from uisrnn.evals.sweep import require_few_at_a_time, united
from uisrnn.turns.turn import Span, Turn, to_annotation

if TYPE_CHECKING:
    from pyannote.core import Annotation


def turn_sums(
    reference: list[Turn], hypothesis: list[Turn], region: list[Span] | None, collar: float, skip_overlap: bool
) -> dict[str, float]:
    """What DER, JER, purity and coverage are computed from, in seconds of speakers (two at a time count twice).

    Args:
        reference: turns in any order; overlapping ones of one speaker are taken for one.
        hypothesis: likewise.
        region: where is evaluated, (start, end) in seconds; None: from the first start to the last end of both.
        collar: seconds before and after each boundary of the reference that are not evaluated.
        skip_overlap: times at which several speak in the reference are not evaluated.

    Raises:
        InputError: there are too many speakers.
        MissingExtraError: pyannote.metrics is not installed.
    """
    metrics = extras.load("pyannote.metrics.diarization", "metrics", "evaluate")
    core = extras.load("pyannote.core", "metrics", "evaluate")
    require_few_at_a_time(reference, hypothesis)
    told, found = _annotation(reference), _annotation(hypothesis)
    require_pairs(len(told.labels()), len(found.labels()))
    evaluated = core.Timeline([core.Segment(*span) for span in region or _extent(reference + hypothesis)]).support()
    options = {"collar": 2 * collar, "skip_overlap": skip_overlap}  # there, the collar is the width of both sides
    error_rate = metrics.DiarizationErrorRate(**options)
    errors = error_rate(told, found, detailed=True, uem=evaluated)
    jaccard = metrics.JaccardErrorRate(**options)(told, found, detailed=True, uem=evaluated)
    cut = error_rate.uemify(told, found, uem=evaluated, **options)  # which purity and coverage do not do themselves
    purity = metrics.DiarizationPurity()(*cut, detailed=True)
    coverage = metrics.DiarizationCoverage()(*cut, detailed=True)
    return {
        "speech": float(errors["total"]),
        "missed": float(errors["missed detection"]),
        "false_alarm": float(errors["false alarm"]),
        "confusion": float(errors["confusion"]),
        "jaccard_speakers": float(jaccard["speaker count"]),
        "jaccard_error": float(jaccard["speaker error"]),
        "hypothesis_speech": float(purity["total"]),
        "pure": float(purity["correct"]),
        "covered": min(float(coverage["correct"]), float(errors["total"])),
        "reference_speakers": float(len(told.crop(evaluated).labels())),
        "hypothesis_speakers": float(len(found.crop(evaluated).labels())),
    }


def _annotation(turns: list[Turn]) -> "Annotation":
    """With numbers for names: 1 and "1" are two speakers, but pyannote sorts names as strings."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
    return to_annotation([turn._replace(speaker=numbers[turn.speaker]) for turn in united(turns)])


def _extent(turns: list[Turn]) -> list[Span]:
    if not turns:
        return []
    return [(min(turn.start for turn in turns), max(turn.end for turn in turns))]
