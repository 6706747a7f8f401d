"""Whether a system is better than another system, or only luckier with its files."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uisrnn.checks import require_integer
from uisrnn.errors import ArgumentError, InputError
from uisrnn.evals.evaluation import Evaluation, require_same_reference
from uisrnn.evals.metrics import METRICS, Figure
from uisrnn.randomness import generator_from

_MOST_DRAWS = 4_000_000  # of files, at a time


@dataclass(frozen=True)
class Comparison:
    """The difference between two systems on the same files.

    Attributes:
        metric: the name of the compared figure, as in `Row`.
        first: its value for the first system, over all files.
        second: its value for the second system, over all files.
        difference: `second` - `first`.
        low: lower end of the 95 % interval of the difference.
        high: upper end of the 95 % interval of the difference.
        share_better: share of the resamples in which the second system is better; resamples in which both systems are
            equally good count half.
        resamples: the number of resamples.
    """

    metric: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    share_better: float
    resamples: int

    def __str__(self) -> str:
        figure = METRICS[self.metric]
        difference, low, high = (
            figure.text(value).replace("%", "points") for value in (self.difference, self.low, self.high)
        )
        return (
            f"{figure.title}: {figure.text(self.first)} and {figure.text(self.second)}, difference {difference} "
            f"(95 %: {low} to {high}); the second is better in {100 * self.share_better:.1f} % of {self.resamples} "
            f"resamples of files"
        )


def compare(
    first: Evaluation, second: Evaluation, metric: str = "der", *, resamples: int = 10_000, seed: int | None = 0
) -> Comparison:
    """Paired bootstrap over files: how much the difference of two systems depends on the choice of the files.

    Files are drawn with replacement, the same files for both systems. The figure of a draw is the ratio of sums over
    its files. The interval lies between the 2.5 and 97.5 percentiles of the differences.

    Args:
        first: `evaluate(references, ...)` of a system.
        second: the evaluation of another system, with the same references and conditions.
        metric: the name of a figure that is better if it is higher, or better if it is lower, as in `Row`.
        resamples: the number of draws.
        seed: of the draws; None: it is taken from torch's global generator.

    Raises:
        InputError: files, references or conditions of the evaluations differ, or there are fewer than 2 files.
        ArgumentError: another argument has a value that is not allowed.

    >>> from uisrnn.evals import evaluate
    >>> truth = {name: [0, 0, 1, 1, 1] for name in "abc"}
    >>> first = evaluate(truth, {"a": [0, 0, 0, 1, 1], "b": [0, 0, 0, 0, 0], "c": [0, 0, 1, 1, 1]})
    >>> print(compare(first, evaluate(truth, truth), "accuracy", resamples=1000))
    accuracy: 80.00 % and 100.00 %, difference 20.00 points (95 %: 0.00 points to 40.00 points); the second is
    better in 98.2 % of 1000 resamples of files
    """
    require_integer("resamples", resamples, 1)
    require_integer("seed", 0 if seed is None else seed, -(2**63))
    require_same_reference(first, second)
    figure = _figure(first, metric)
    if len(first.rows) < 2:
        raise InputError("a bootstrap over files needs at least 2 files, but there is 1")
    value = first.total.value(metric)
    other = second.total.value(metric)
    if value is None or other is None:
        raise InputError(f"{metric} is not defined for these files: it would be a share of nothing")
    differences = _differences(first, second, figure, int(resamples), generator_from(seed))
    low, high = np.percentile(differences, [2.5, 97.5]).tolist()
    better = -differences if figure.lower_is_better else differences
    share = float(np.mean((better > 0) + 0.5 * (better == 0)))
    return Comparison(metric, value, other, other - value, low, high, share, int(resamples))


def _figure(evaluation: Evaluation, metric: str) -> Figure:
    names = [name for name in evaluation.figures if METRICS[name].lower_is_better is not None]
    if metric not in names:
        raise ArgumentError(f"metric must be one of {', '.join(names)}, but is {metric!r:.80}")
    return METRICS[metric]


def _differences(
    first: Evaluation, second: Evaluation, figure: Figure, resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Second minus first in each resample in which both are defined."""
    parts = []
    for times in _draws(len(first.rows), resamples, generator):
        parts.append(_values(second, figure, times) - _values(first, figure, times))
    differences = np.concatenate(parts)
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        raise InputError("the figure is not defined in any of the resamples: nearly all files are without speech")
    return differences


def _values(evaluation: Evaluation, figure: Figure, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the figure in n resamples.

    Args:
        evaluation: of all files.
        figure: the compared figure.
        times: (n, files) how often each file is in each resample.
    """
    sums = np.array([[row.sums[name] for name in figure.needs] for row in evaluation.rows])
    return figure.value(dict(zip(figure.needs, (times @ sums).T, strict=True)))


def _draws(files: int, resamples: int, generator: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """(n, files) how often each file was drawn, for as many resamples at a time as fit into the memory."""
    step = max(1, _MOST_DRAWS // files)
    for start in range(0, resamples, step):
        number = min(step, resamples - start)
        yield generator.multinomial(files, np.full(files, 1 / files), size=number).astype(np.float64)
