"""Figures of an evaluation, computed from sums that add up over files: for a file, all files, or resampled files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Sums = Mapping[str, Array]


@dataclass(frozen=True)
class Figure:
    """How a figure is computed and shown.

    Attributes:
        title: the name that people read.
        needs: the names of the sums from which the figure is computed.
        value: from arrays of sums to an array of values, NaN if the figure is not defined.
        unit: `%` for a share, `s` for seconds, or nothing.
        lower_is_better: True or False; None if the figure is neither good nor bad.
    """

    title: str
    needs: tuple[str, ...]
    value: Callable[[Sums], Array]
    unit: str = "%"
    lower_is_better: bool | None = None

    def text(self, value: float | None) -> str:
        """A value for people.

        >>> METRICS["der"].text(0.12345), METRICS["speech"].text(12.0), METRICS["der"].text(None)
        ('12.35 %', '12.0 s', '-')
        """
        if value is None:
            return "-"
        if self.unit == "%":
            return f"{100 * value:.2f} %"
        return f"{value:.1f} s" if self.unit == "s" else f"{value:g}" if value == int(value) else f"{value:.2f}"


def _divided(above: Array, below: Array, otherwise: float) -> Array:
    quotient: Array = np.divide(above, below, out=np.full(np.shape(below), otherwise), where=np.asarray(below) != 0)
    return quotient


def _total(title: str, name: str, unit: str) -> Figure:
    return Figure(title, (name,), lambda sums: sums[name], unit)


def _ratio(title: str, above: tuple[str, ...], below: str, *, lower: bool, unit: str = "%") -> Figure:
    def value(sums: Sums) -> Array:
        return _divided(np.sum([sums[name] for name in above], axis=0), sums[below], np.nan)

    return Figure(title, (*above, below), value, unit, lower)


def _explained(title: str, left: str, entropy: str) -> Figure:
    """1 - the share of an entropy that is left; 1 if the entropy is 0."""
    return Figure(
        title, (left, entropy), lambda sums: 1 - _divided(sums[left], sums[entropy], 0.0), lower_is_better=False
    )


_HOMOGENEITY = _explained("homogeneity", "reference_entropy_left", "reference_entropy")
_COMPLETENESS = _explained("completeness", "hypothesis_entropy_left", "hypothesis_entropy")


def _v_measure(sums: Sums) -> Array:
    homogeneity = _HOMOGENEITY.value(sums)
    completeness = _COMPLETENESS.value(sums)
    return _divided(2 * homogeneity * completeness, homogeneity + completeness, 0.0)


def _adjusted_rand(sums: Sums) -> Array:
    return _divided(sums["rand_above_chance"], sums["rand_most_above_chance"], 1.0)


METRICS: Mapping[str, Figure] = {
    "speech": _total("speech", "speech", "s"),
    "der": _ratio("DER", ("missed", "false_alarm", "confusion"), "speech", lower=True),
    "missed": _ratio("missed", ("missed",), "speech", lower=True),
    "false_alarm": _ratio("false alarm", ("false_alarm",), "speech", lower=True),
    "confusion": _ratio("confusion", ("confusion",), "speech", lower=True),
    "jer": _ratio("JER", ("jaccard_error",), "jaccard_speakers", lower=True),
    "purity": _ratio("purity", ("pure",), "hypothesis_speech", lower=False),
    "coverage": _ratio("coverage", ("covered",), "speech", lower=False),
    "observations": _total("observations", "observations", ""),
    "accuracy": _ratio("accuracy", ("matched",), "observations", lower=False),
    "homogeneity": _HOMOGENEITY,
    "completeness": _COMPLETENESS,
    "v_measure": Figure("V-measure", (*_HOMOGENEITY.needs, *_COMPLETENESS.needs), _v_measure, lower_is_better=False),
    "adjusted_rand": Figure(
        "adjusted Rand", ("rand_above_chance", "rand_most_above_chance"), _adjusted_rand, lower_is_better=False
    ),
    "reference_speakers": _total("speakers", "reference_speakers", ""),
    "hypothesis_speakers": _total("found", "hypothesis_speakers", ""),
    "speaker_count_error": _ratio("count error", ("speaker_count_error",), "files", lower=True, unit=""),
}
"""Each figure by its name, in the order of tables."""


def figures(sums: Mapping[str, float]) -> dict[str, float | None]:
    """Every figure whose sums are given; None if the figure is not defined, as a share of nothing is not.

    >>> figures({"matched": 3.0, "observations": 4.0})
    {'observations': 4.0, 'accuracy': 0.75}
    """
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in sums.items()}
    values = {name: float(METRICS[name].value(arrays)) for name in figure_names(sums)}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def figure_names(sums: Mapping[str, float]) -> tuple[str, ...]:
    """The names of the figures whose sums are given.

    >>> figure_names({"matched": 3.0, "observations": 4.0})
    ('observations', 'accuracy')
    """
    return tuple(name for name, figure in METRICS.items() if all(needed in sums for needed in figure.needs))
