"""JSON lines: an observation a line, for pipes between programs.

    {"sequence": "call", "time": 0.4, "label": "ann", "embedding": [0.1, 0.2]}

Only `embedding` is required; a list alone is an embedding too. The lines of a sequence follow each other. Lines without
`sequence` belong to a sequence with the name of the file. The `info` of a sequence is in its first line.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from uisrnn.errors import InputError
from uisrnn.files import replacing
from uisrnn.formats import json_text
from uisrnn.formats.format import files_in
from uisrnn.formats.kaldi.folder import OWN
from uisrnn.formats.sequence_rows import SequenceRows, sequences_of
from uisrnn.formats.text import line_of, numbered_lines
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations, observations

_KEYS = ("sequence", "time", "label", "embedding", "info")


@dataclass(frozen=True, eq=False)
class ObservationLine:
    """The content of a line.

    Attributes:
        observation: (1, D) float32, finite.
        sequence: the name of the sequence, or None.
        time: in seconds, the center of the span that the observation saw, or None.
        label: a string or an integer, or None.
        info: of the sequence, or None.
    """

    observation: Observations
    sequence: str | None = None
    time: float | None = None
    label: Label | None = None
    info: Mapping[str, Any] | None = None


def parse_line(text: str, where: str) -> ObservationLine:
    """Read a line.

    Args:
        text: of the line, with or without its end.
        where: the place of the line; error messages begin with it.

    Raises:
        InputError: the line is not JSON, has an unknown key, or a value of a wrong type.

    >>> parse_line('{"time": 0.4, "embedding": [1, 0.5]}', "line 1").time
    0.4
    >>> parse_line('{"label": 0.4, "embedding": [1, 0.5]}', "line 1")
    Traceback (most recent call last):
    uisrnn.errors.InputError: line 1: label must be a string or an integer, but is 0.4
    """
    value = json_text.parse(text, where)
    fields = {"embedding": value} if isinstance(value, list) else value
    if not isinstance(fields, dict):
        raise InputError(f"{where}: must be an object or a list of numbers, but is {fields!r:.80}")
    unknown = [key for key in fields if key not in _KEYS]
    if unknown:
        raise InputError(f"{where}: must have no keys but {', '.join(_KEYS)}, but has {unknown[0]!r:.80}")
    return ObservationLine(
        _observation(fields.get("embedding"), where),
        _of(fields, "sequence", (str,), "a string", where),
        _time(fields, where),
        _of(fields, "label", (str, int), "a string or an integer", where),
        _of(fields, "info", (dict,), "an object", where),
    )


def _of(fields: dict[str, Any], key: str, types: tuple[type, ...], needs: str, where: str) -> Any:
    value = fields.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, types)):
        raise InputError(f"{where}: {key} must be {needs}, but is {value!r:.80}")
    return value


def _time(fields: dict[str, Any], where: str) -> float | None:
    value = _of(fields, "time", (int, float), "a number of seconds", where)
    time = None if value is None else json_text.number(value, f"{where}: time")
    if time is not None and math.isinf(time):  # from 1e999
        raise InputError(f"{where}: time must be a number of seconds, but is {time}")
    return time


def _observation(values: Any, where: str) -> Observations:
    if not isinstance(values, list) or not values:
        raise InputError(f"{where}: embedding must be a list of numbers, but is {values!r:.80}")
    return observations([[json_text.number(value, f"{where}: embedding") for value in values]], where=where)


class JsonLines:
    """The format of files with an observation a line, or of folders with shards of such a file."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl",)

    def fits_folder(self, folder: Path) -> bool:
        """Whether a folder holds JSON lines, and not only the file in which our Kaldi folders keep info."""
        return any(file.name != OWN for file in self.shards(folder))

    def shards(self, path: Path) -> list[Path]:
        return files_in(path, ".jsonl")

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """Read with one sequence in memory. A sequence may go on in the next shard."""
        return sequences_of(chain.from_iterable(map(_rows, shards)))

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write with one sequence in memory."""
        with replacing(path) as file:
            for sequence in sequences:
                for line in lines_of(sequence):
                    file.write(f"{line}\n".encode())


def lines_of(sequence: LabeledSequence) -> Iterator[str]:
    """The lines of a sequence, without their ends.

    >>> for line in lines_of(LabeledSequence([[0.5, 1], [2, 3]], labels=["a", "b"], name="call")):
    ...     print(line)
    {"sequence": "call", "label": "a", "embedding": [0.5, 1.0]}
    {"sequence": "call", "label": "b", "embedding": [2.0, 3.0]}
    """
    times = None if sequence.times is None else sequence.times.tolist()
    for number, observation in enumerate(sequence.observations):
        fields: dict[str, Any] = {"sequence": sequence.name}
        if times is not None:
            fields["time"] = times[number]
        if sequence.labels is not None:
            fields["label"] = sequence.labels[number]
        fields["embedding"] = observation.tolist()  # float64 digits, from which rounding gives the same float32
        if number == 0 and sequence.info:
            fields["info"] = dict(sequence.info)
        yield json_text.dump(fields)


def _rows(path: Path) -> Iterator[SequenceRows]:
    for number, text in numbered_lines(path):
        where = line_of(path, number)
        line = parse_line(text, where)
        name = path.stem if line.sequence is None else line.sequence
        yield SequenceRows(name, line.observation, [line.time], [line.label], line.info, path, [where].__getitem__)
