"""Sequences from rows of a table that come one after another."""

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
    """Consecutive rows of one sequence.

    Attributes:
        name: of the sequence.
        observations: (n, D).
        times: n seconds, each None where it is not given.
        labels: n labels, each None where it is not given.
        info: of the sequence, None where these rows do not tell it.
        source: the file that they are in.
        where: the words that say where the row with a number, of these, is.
    """

    name: str
    observations: Observations
    times: Sequence[float | None]
    labels: Sequence[Label | None]
    info: Mapping[str, Any] | None
    source: Path
    where: Callable[[int], str]


def sequences_of(rows: Iterable[SequenceRows]) -> Iterator[tuple[Path, LabeledSequence]]:
    """Put rows of the same name together, with the file of their first; one sequence is in memory at a time.

    Raises:
        InputError: a sequence goes on after another one, has labels or times in some rows only, or more than one
            dimension; the message tells where.
    """
    seen: set[str] = set()
    for name, group in groupby(rows, key=lambda one: one.name):
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
            raise InputError(f"{piece.where(0)}: info must be that of the first row of {first.name!r:.80}, or missing")
    labels = _column([(piece.labels, piece.where) for piece in pieces], "label")
    times = _column([(piece.times, piece.where) for piece in pieces], "time")
    observations = np.concatenate([piece.observations for piece in pieces])
    with errors_at(first.source):
        return LabeledSequence(observations, labels, times, first.name, first.info or {})


def _column(pieces: list[tuple[Sequence[Any], Callable[[int], str]]], what: str) -> list[Any] | None:
    """The values of all rows, or None if none has one."""
    is_given = pieces[0][0][0] is not None
    for values, where in pieces:
        if values.count(None) != (0 if is_given else len(values)):
            number = next(i for i, value in enumerate(values) if (value is None) == is_given)
            has, had = ("no", "had one") if is_given else ("a", "had none")
            raise InputError(f"{where(number)}: has {has} {what}, but the rows of the sequence before {had}")
    return [value for values, _where in pieces for value in values] if is_given else None
