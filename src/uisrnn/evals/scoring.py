"""From references and hypotheses to figures."""

import os
from collections.abc import Mapping
from typing import Any

from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.evals.agreement import label_sums
from uisrnn.evals.error_rates import Conditions, score_turns
from uisrnn.evals.evaluation import Evaluation, Row
from uisrnn.evals.pairs import Pair, pair_up
from uisrnn.turns.channels import by_recording
from uisrnn.turns.turn import Span, turns_of
from uisrnn.turns.uem import read as read_uem


def evaluate(
    references: Any,
    hypotheses: Any,
    *,
    collar: float = 0.0,
    skip_overlap: bool = False,
    uem: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    hop: float | None = None,
) -> Evaluation:
    """Compare hypotheses with references, file by file and in total.

    Turns give DER with its parts, JER, purity and coverage. Labels of observations give accuracy, homogeneity,
    completeness, V-measure and the adjusted Rand index. Labels with times give both.

    DER follows NIST's md-eval. Speakers are matched in pairs so that the pairs have most seconds in common in the whole
    time of the regions. Then the collar and the overlap are cut out, and errors are counted in the rest. JER follows
    dscore, which defines it: speakers are matched so that JER is least, and neither collar nor overlap is cut out.

    A file without speech in the reference has no DER (None), but its false alarms count in the total.

    Args:
        references: by the name of the file, a list of turns (start seconds, end seconds, speaker), an `Annotation`,
            the labels of T observations, or a `LabeledSequence` with labels; or a list of `LabeledSequence`s.
        hypotheses: likewise, of the same files.
        collar: seconds before *and* after each boundary of the reference that are not scored, as in md-eval (`-c`) and
            in papers: 0.25 takes away 0.5 seconds for each boundary. In pyannote.metrics a collar is the sum of both
            sides, so 0.25 here is 0.5 there.
        skip_overlap: do not score time in which several speakers speak in the reference, as in md-eval with `-1`.
        uem: by the name of the file, the regions (start seconds, end seconds) to score, or a pyannote `Timeline`; or
            the path of a UEM file, in which all channels of a file have the same regions. Every file of the references
            needs regions. None: from the first start to the last end in reference and hypothesis.
        hop: seconds from an observation to the next observation, see `to_turns`; None: the median.

    Raises:
        InputError: a file is missing on a side, its two sides cannot be compared, or `uem` does not name it.
        InputTypeError: an argument has another type.
        ArgumentError: an argument has a value that is not allowed.
        OSError: the UEM file cannot be read.

    >>> print(evaluate({"call": ["ann", "ann", "bob", "bob"]}, {"call": [0, 0, 0, 1]}).total.accuracy)
    0.75
    >>> result = evaluate({"call": [(0, 5, "ann"), (5, 10, "bob")]}, {"call": [(0, 6, 0), (6, 9, 1)]})
    >>> result.total.der, result.total.missed, result.total.confusion
    (0.2, 0.1, 0.1)
    """
    _require_conditions(collar, skip_overlap)
    pairs = pair_up(references, hypotheses, hop)
    if pairs[0].turns is None and (collar or skip_overlap or uem is not None):
        raise ArgumentError("collar, skip_overlap and uem need turns or labels with times, but there are labels only")
    regions = _regions(pairs, uem)
    conditions = Conditions(float(collar), skip_overlap)
    rows = [_row(pair, regions[pair.name], conditions) for pair in pairs]
    return Evaluation(tuple(rows), conditions.collar, skip_overlap, uem is not None)


def _require_conditions(collar: Any, skip_overlap: Any) -> None:
    require_seconds("collar", collar)
    if not isinstance(skip_overlap, bool):
        raise ArgumentError(f"skip_overlap must be True or False, but is {skip_overlap!r:.80}")


def _regions(pairs: list[Pair], uem: Any) -> dict[str, list[Span] | None]:
    if uem is None:
        return dict.fromkeys(pair.name for pair in pairs)
    source = "uem"
    if isinstance(uem, (str, os.PathLike)):
        source = os.fsdecode(uem)
        uem = by_recording(read_uem(uem), source, "regions")
    if not isinstance(uem, Mapping):
        raise InputTypeError(
            f"uem must be a dict from names of files, or the path of a UEM file, but is {type(uem).__name__}"
        )
    for pair in pairs:
        if pair.name not in uem:
            raise InputError(f"{source} must have regions of every file, but has none of {pair.name}")
    return {pair.name: _spans(uem[pair.name], f"{source} of {pair.name}") for pair in pairs}


def _spans(values: Any, where: str) -> list[Span]:
    if not isinstance(values, (str, bytes)) and hasattr(values, "__iter__"):
        values = [(value.start, value.end) if hasattr(value, "start") else value for value in values]
    if not isinstance(values, list) or not all(isinstance(span, (list, tuple)) and len(span) == 2 for span in values):
        raise InputTypeError(f"{where}: must be a list of (start seconds, end seconds), but is {values!r:.80}")
    return [(turn.start, turn.end) for turn in turns_of([(*span, 0) for span in values], where)]


def _row(pair: Pair, regions: list[Span] | None, conditions: Conditions) -> Row:
    sums: dict[str, float] = {"files": 1.0}
    matched = {}
    if pair.turns is not None:
        score = score_turns(*pair.turns, regions, conditions)
        sums |= score.sums
        matched = score.matched
    if pair.labels is not None:
        sums |= label_sums(*pair.codes())
    sums["speaker_count_error"] = abs(sums["hypothesis_speakers"] - sums["reference_speakers"])
    return Row.of(pair.name, sums, matched)
