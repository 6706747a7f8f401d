"""Sequences from consecutive rows of a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from uisrnn.errors import InputError
from uisrnn.formats.format import errors_at
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations


@dataclass(frozen=True)
class SequenceRows:
    """Consecutive rows of a sequence.

    Attributes:
        name: of the sequence.
        observations: (n, D).
        times: n times in seconds, None for a row without a time.
        labels: n labels, None for a row without a label.
        info: of the sequence, None if these rows have no info.
        source: the file of the rows.
        where: the place of a row, by its number among these rows, for error messages.
    """

    name: str
    observations: Observations
    times: Sequence[float | None]
    labels: Sequence[Label | None]
    info: Mapping[str, Any] | None
    source: Path
    where: Callable[[int], str]


def sequences_of(rows: Iterable[SequenceRows]) -> Iterator[tuple[Path, LabeledSequence]]:
    """Join the rows of each sequence; one sequence is in memory at a time.

    Returns:
        The sequences, each with the file of its first row.

    Raises:
        InputError: a sequence goes on after another sequence, has labels or times in some rows only, or has several
            dimensions; the message names the row.
    """
    seen: set[str] = set()
    for name, group in groupby(rows, key=lambda piece: piece.name):
        pieces = list(group)
        if name in seen:
            raise InputError(
                f"{pieces[0].where(0)}: the rows of {name!r:.80} must follow each other, but others were between"
            )
        seen.add(name)
        yield pieces[0].source, _sequence(pieces)


def _sequence(pieces: list[SequenceRows]) -> LabeledSequence:
    first = pieces[0]
    for piece in pieces:
        if piece.observations.shape[1] != first.observations.shape[1]:
            raise InputError(
                f"{piece.where(0)}: the observation must have {first.observations.shape[1]} numbers as those before, "
                f"but has {piece.observations.shape[1]}"
            )
        if piece.info is not None and piece is not first and piece.info != first.info:
            raise InputError(f"{piece.where(0)}: info must be missing, or as in the first row of {first.name!r:.80}")
    labels = _column([(piece.labels, piece.where) for piece in pieces], "label")
    times = _column([(piece.times, piece.where) for piece in pieces], "time")
    observations = np.concatenate([piece.observations for piece in pieces])
    with errors_at(first.source):
        return LabeledSequence(observations, labels, times, first.name, first.info or {})


def _column(pieces: list[tuple[Sequence[Any], Callable[[int], str]]], name: str) -> list[Any] | None:
    """The values of all rows, or None if no row has a value."""
    is_given = pieces[0][0][0] is not None
    for values, where in pieces:
        if values.count(None) != (0 if is_given else len(values)):
            number = next(i for i, value in enumerate(values) if (value is None) == is_given)
            has, had = ("no", "had a") if is_given else ("a", "had no")
            raise InputError(f"{where(number)}: has {has} {name}, but the rows of the sequence before {had} {name}")
    return [value for values, _where in pieces for value in values] if is_given else None
