"""The result of an evaluation: figures of each file and of all files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from uisrnn.errors import InputError
from uisrnn.evals.metrics import METRICS, figure_names, figures
from uisrnn.sequences.labels import Label

TOTAL = "TOTAL"


@dataclass(frozen=True)
class Row:
    """The figures of a file, or of all files; None if a figure is not known, or not defined as a share of nothing.

    A total is a ratio of sums over files, so long files count more; it is not the mean of the ratios of files.

    Attributes:
        name: of the file.
        speech: seconds of speakers in the scored time of the reference; two speakers at a time count twice.
        der: diarization error rate, `missed` + `false_alarm` + `confusion`.
        missed: share of `speech` in which a speaker of the reference is missing in the hypothesis.
        false_alarm: seconds of speakers in the hypothesis beyond the number of speakers in the reference, as a share
            of `speech`.
        confusion: share of `speech` in which the hypothesis has a wrong speaker.
        jer: Jaccard error rate, the mean over the speakers of the reference, in all files for a total. It is computed
            from the whole time of the regions: collar and overlap are not cut out, as dscore does not cut them out.
        purity: share of the hypothesis' speech that is right if each of its speakers is the speaker of the reference
            with most seconds in common.
        coverage: share of the reference's speech that is right if each of its speakers is the speaker of the hypothesis
            with most seconds in common.
        observations: their number.
        accuracy: share of right labels, see `compute_sequence_match_accuracy`.
        homogeneity: 1 - H(reference | hypothesis) / H(reference), with entropies within files.
        completeness: 1 - H(hypothesis | reference) / H(hypothesis), with entropies within files.
        v_measure: the harmonic mean of homogeneity and completeness.
        adjusted_rand: the adjusted Rand index, over pairs within files.
        reference_speakers: the number of speakers in the reference.
        hypothesis_speakers: the number of speakers in the hypothesis.
        speaker_count_error: the distance of these two numbers; its mean over files for a total.
        sums: all numbers from which the figures are computed; they add up over files.
        matched: the speaker of the reference for each matched speaker of the hypothesis, from turns; empty for a total.
    """

    name: str
    speech: float | None = None
    der: float | None = None
    missed: float | None = None
    false_alarm: float | None = None
    confusion: float | None = None
    jer: float | None = None
    purity: float | None = None
    coverage: float | None = None
    observations: float | None = None
    accuracy: float | None = None
    homogeneity: float | None = None
    completeness: float | None = None
    v_measure: float | None = None
    adjusted_rand: float | None = None
    reference_speakers: float | None = None
    hypothesis_speakers: float | None = None
    speaker_count_error: float | None = None
    sums: Mapping[str, float] = field(default_factory=dict, repr=False)
    matched: Mapping[Label, Label] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, sums: Mapping[str, float], matched: Mapping[Label, Label] | None = None) -> "Row":
        """The row of a file from its sums.

        Args:
            name: of the file.
            sums: as in the attribute.
            matched: as in the attribute; None: no speaker is matched.
        """
        return cls(name, **figures(sums), sums=dict(sums), matched=dict(matched or {}))

    def value(self, figure: str) -> float | None:
        """The figure of a name."""
        value: float | None = getattr(self, figure)
        return value


@dataclass(frozen=True)
class Evaluation:
    """How good hypotheses are.

    Attributes:
        rows: the figures of each file, in the order of the references.
        collar: seconds before and after each boundary of the reference that were not scored.
        skip_overlap: whether time in which several speakers speak in the reference was not scored.
        within_regions: whether only given regions were scored (`uem`).
    """

    rows: tuple[Row, ...]
    collar: float = 0.0
    skip_overlap: bool = False
    within_regions: bool = False

    @cached_property
    def total(self) -> Row:
        """The figures of all files together."""
        return Row.of(TOTAL, {name: sum(row.sums[name] for row in self.rows) for name in self.rows[0].sums})

    @property
    def figures(self) -> tuple[str, ...]:
        """The names of the known figures, as in `Row`."""
        return figure_names(self.rows[0].sums)

    @property
    def conditions(self) -> str:
        """The conditions of the evaluation in words.

        >>> Evaluation((Row.of("call", {"speech": 1.0}),), skip_overlap=True).conditions
        'no collar, overlap left out, whole files; JER on all time'
        """
        if "speech" not in self.rows[0].sums:
            return "labels of observations, without times"
        collar = f"collar {self.collar:g} s on each side of boundaries of the reference" if self.collar else "no collar"
        overlap = "overlap left out" if self.skip_overlap else "overlap evaluated"
        extent = "given regions" if self.within_regions else "whole files"
        jer = "; JER on all time" if self.collar or self.skip_overlap else ""
        return f"{collar}, {overlap}, {extent}{jer}"

    def __getitem__(self, name: str) -> Row:
        """The figures of a file.

        Raises:
            KeyError: there is no such file.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def main_figure(self) -> str:
        """The figure to show if there is room for a single figure."""
        return "der" if "der" in self.figures else "accuracy"

    def table(self, names: Sequence[str] | None = None) -> list[list[str]]:
        """Text by row and column: the titles of figures, a row for each file, the total.

        Args:
            names: of figures; None: all known figures.
        """
        names = self.figures if names is None else names
        head = ["file", *(METRICS[name].title for name in names)]
        return [head, *([row.name, *_texts(row, names)] for row in (*self.rows, self.total))]

    def __str__(self) -> str:
        table = self.table()
        widths = np.array([[len(cell) for cell in line] for line in table]).max(axis=0)
        return "\n".join([*(_line(line, widths) for line in table), self.conditions])

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as JSON holds it; a figure that is not defined is None."""
        return {
            "collar": self.collar,
            "skip_overlap": self.skip_overlap,
            "within_regions": self.within_regions,
            "total": self._plain(self.total),
            "files": [self._plain(row) for row in self.rows],
        }

    def _plain(self, row: Row) -> dict[str, Any]:
        shown = {"name", "sums", *self.figures}
        return {name: value for name, value in asdict(row).items() if name in shown}


def _texts(row: Row, names: Iterable[str]) -> list[str]:
    return [METRICS[name].text(row.value(name)) for name in names]


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def require_same_reference(first: Evaluation, second: Evaluation) -> None:
    """Require that two evaluations can be compared.

    Raises:
        InputError: their files, conditions or references differ.
    """
    if [row.name for row in first.rows] != [row.name for row in second.rows]:
        raise InputError("first and second must be of the same files in the same order")
    if (first.conditions, first.figures) != (second.conditions, second.figures):
        raise InputError(f"must be evaluated alike, but first: {first.conditions}; second: {second.conditions}")
    for row, other in zip(first.rows, second.rows, strict=True):
        for name in ("speech", "observations", "reference_speakers"):
            if not np.isclose(row.sums.get(name, 0), other.sums.get(name, 0), rtol=1e-6, atol=1e-6):
                raise InputError(f"{row.name}: must have the same reference in both, but {name} differs")
