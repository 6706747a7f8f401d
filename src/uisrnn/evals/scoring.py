"""From references and hypotheses to figures."""

from collections.abc import Mapping
from typing import Any

from uisrnn.checks import require_seconds
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.evals.agreement import label_sums
from uisrnn.evals.errorrates import turn_sums
from uisrnn.evals.evaluation import Evaluation, Row
from uisrnn.evals.pairs import Pair, pair_up
from uisrnn.turns.turn import Span, turns_of


def evaluate(
    references: Any,
    hypotheses: Any,
    *,
    collar: float = 0.0,
    skip_overlap: bool = False,
    uem: Mapping[str, Any] | None = None,
    hop: float | None = None,
) -> Evaluation:
    """Compare what was found with what is true, file by file and in all.

    Turns give DER with its parts, JER, purity and coverage (by pyannote.metrics); labels of observations give accuracy,
    homogeneity, completeness, V-measure and the adjusted Rand index; labels with times give both.

    A file without speech in the reference has no DER (None), but what was found in it counts in the total.

    Args:
        references: by the name of the file, a list of turns (start seconds, end seconds, speaker), an `Annotation`,
            the labels of T observations, or a `LabeledSequence` with labels; or a list of the last.
        hypotheses: likewise, of the same files.
        collar: seconds before *and* after each boundary of the reference that are not evaluated. This is the collar of
            NIST's md-eval and of papers; pyannote.metrics calls the width of both sides so, twice as much.
        skip_overlap: leave out times at which several speak in the reference.
        uem: by the name of the file, the regions (start seconds, end seconds) to evaluate, or a pyannote `Timeline`;
            None: from the first start to the last end in reference and hypothesis.
        hop: seconds from one observation to the next, see `to_turns`; None: the median.

    Raises:
        InputError: a file is on one side only, or what is known of it cannot be compared; the message names it.
        InputTypeError: something is neither turns nor labels.
        ArgumentError: another argument has a value that it cannot have.
        MissingExtraError: times are known, but pyannote.metrics is not installed.

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
    rows = [Row.of(pair.name, _sums(pair, regions[pair.name], float(collar), skip_overlap)) for pair in pairs]
    return Evaluation(tuple(rows), float(collar), skip_overlap, uem is not None)


def _require_conditions(collar: Any, skip_overlap: Any) -> None:
    require_seconds("collar", collar)
    if not isinstance(skip_overlap, bool):
        raise ArgumentError(f"skip_overlap must be True or False, but is {skip_overlap!r:.80}")


def _regions(pairs: list[Pair], uem: Any) -> dict[str, list[Span] | None]:
    if uem is None:
        return dict.fromkeys(pair.name for pair in pairs)
    if not isinstance(uem, Mapping):
        raise InputTypeError(f"uem must be a dict from names of files, but is {type(uem).__name__}")
    for pair in pairs:
        if pair.name not in uem:
            raise InputError(f"uem must have regions of every file, but has none of {pair.name}")
    return {pair.name: _spans(uem[pair.name], f"uem of {pair.name}") for pair in pairs}


def _spans(values: Any, where: str) -> list[Span]:
    if not isinstance(values, (str, bytes)) and hasattr(values, "__iter__"):
        values = [(one.start, one.end) if hasattr(one, "start") else one for one in values]
    if not isinstance(values, list) or not all(isinstance(one, (list, tuple)) and len(one) == 2 for one in values):
        raise InputTypeError(f"{where}: must be a list of (start seconds, end seconds), but is {values!r:.80}")
    return [(turn.start, turn.end) for turn in turns_of([(*one, 0) for one in values], where)]


def _sums(pair: Pair, region: list[Span] | None, collar: float, skip_overlap: bool) -> dict[str, float]:
    sums: dict[str, float] = {"files": 1.0}
    if pair.turns is not None:
        sums |= turn_sums(*pair.turns, region, collar, skip_overlap)
    if pair.labels is not None:
        sums |= label_sums(*pair.codes())
    sums["speaker_count_error"] = abs(sums["hypothesis_speakers"] - sums["reference_speakers"])
    return sums
