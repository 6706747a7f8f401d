"""What an evaluation finds: figures of each file and of all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from uisrnn.errors import InputError
from uisrnn.evals.metrics import METRICS, figures

TOTAL = "TOTAL"


@dataclass(frozen=True)
class Row:
    """The figures of one file, or of all; None where a figure is not known, or not defined as it is a share of nothing.

    Of several files, each is a ratio of sums over files, so that long files count more; not the mean of their ratios.

    Attributes:
        name: of the file.
        speech: seconds of speakers in the reference where it is evaluated; two at a time count twice.
        der: diarization error rate, `missed` + `false_alarm` + `confusion`.
        missed: share of `speech` that nobody speaks in the hypothesis.
        false_alarm: seconds that nobody speaks in the reference, as share of `speech`.
        confusion: share of `speech` that another speaker speaks in the hypothesis.
        jer: Jaccard error rate; of several files, the mean over their speakers.
        purity: share of the hypothesis' speech that is of the main speaker of each of its speakers.
        coverage: share of the reference's speech that is of the main speaker found for each of its speakers.
        observations: their number.
        accuracy: share of labels that are right after the best one-to-one renaming.
        homogeneity: 1 - H(reference | hypothesis) / H(reference), with entropies within files.
        completeness: the same with the two exchanged.
        v_measure: their harmonic mean.
        adjusted_rand: the adjusted Rand index, over pairs within files.
        reference_speakers: how many there are.
        hypothesis_speakers: how many were found.
        speaker_count_error: how far these are from each other, the mean over files.
        sums: what all this is computed from; they add up over files.
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

    @classmethod
    def of(cls, name: str, sums: Mapping[str, float]) -> "Row":
        """The figures that follow from the sums."""
        return cls(name, **figures(sums), sums=dict(sums))

    def value(self, figure: str) -> float | None:
        """A figure by its name."""
        value: float | None = getattr(self, figure)
        return value


@dataclass(frozen=True)
class Evaluation:
    """How good hypotheses are.

    Attributes:
        rows: the figures of each file, in the order of the references.
        collar: seconds before and after each boundary of the reference that were not evaluated.
        skip_overlap: whether times were left out at which several speak in the reference.
        within_regions: whether only given regions were evaluated (`uem`).
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
        """The names of the figures that are known, as in `Row`."""
        return tuple(name for name, metric in METRICS.items() if all(one in self.rows[0].sums for one in metric.needs))

    @property
    def conditions(self) -> str:
        """What was evaluated, in words.

        >>> Evaluation((Row.of("call", {"speech": 1.0}),), collar=0.25).conditions
        'collar 0.25 s on each side of boundaries of the reference, overlap evaluated, whole files'
        """
        if "speech" not in self.rows[0].sums:
            return "labels of observations, without times"
        collar = f"collar {self.collar:g} s on each side of boundaries of the reference" if self.collar else "no collar"
        overlap = "overlap left out" if self.skip_overlap else "overlap evaluated"
        return f"{collar}, {overlap}, {'given regions' if self.within_regions else 'whole files'}"

    def __getitem__(self, name: str) -> Row:
        """The figures of a file.

        Raises:
            KeyError: there is no such file.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def table(self) -> list[list[str]]:
        """Text by row and column: the names of figures, one row a file, the total."""
        names = self.figures
        lines = [[METRICS[name].text(row.value(name)) for name in names] for row in (*self.rows, self.total)]
        first = ["file", *(row.name for row in self.rows), TOTAL]
        return [
            [name, *line] for name, line in zip(first, [[METRICS[one].title for one in names], *lines], strict=True)
        ]

    def __str__(self) -> str:
        table = self.table()
        widths = np.array([[len(cell) for cell in line] for line in table]).max(axis=0)
        return "\n".join([*(_line(line, widths) for line in table), self.conditions])

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON has it; what is not defined is None."""
        return {
            "collar": self.collar,
            "skip_overlap": self.skip_overlap,
            "within_regions": self.within_regions,
            "total": self._plain(self.total),
            "files": [self._plain(row) for row in self.rows],
        }

    def _plain(self, row: Row) -> dict[str, Any]:
        known = {"name", "sums", *self.figures}
        return {name: value for name, value in asdict(row).items() if name in known}


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def require_same_reference(first: Evaluation, second: Evaluation) -> None:
    """Refuse two evaluations that cannot be compared.

    Raises:
        InputError: they are of other files, under other conditions, or against other references.
    """
    if [row.name for row in first.rows] != [row.name for row in second.rows]:
        raise InputError("first and second must be of the same files in the same order")
    if (first.conditions, first.figures) != (second.conditions, second.figures):
        raise InputError(f"must be evaluated alike, but first: {first.conditions}; second: {second.conditions}")
    for one, other in zip(first.rows, second.rows, strict=True):
        for name in ("speech", "observations", "reference_speakers"):
            if not np.isclose(one.sums.get(name, 0), other.sums.get(name, 0), rtol=1e-6, atol=1e-6):
                raise InputError(f"{one.name}: must have the same reference in both, but {name} differs")
