"""The rows of Parquet files by any writer, checked."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.errors import InputError
from uisrnn.formats import json_text
from uisrnn.formats.parquet.columns import DURATION, EMBEDDING, END, INFO, LABEL, SEQUENCE, TIME, Columns
from uisrnn.formats.sequence_rows import SequenceRows
from uisrnn.sequences.observations import Observations

JSON_LABELS = {b"uisrnn.labels": b"json"}  # in the metadata of a schema: labels are JSON texts
BATCH_ROWS = 4096  # in memory at once
READ_BYTES = 2**20  # of a column at once
_MARKS = (b"PAR1", b"PARE")  # at both ends of a whole file

_log = logging.getLogger("uisrnn.formats")


def rows_of(
    path: Path, default_name: str, partitions: Mapping[str, str | None], said: set[str]
) -> Iterator[SequenceRows]:
    """Read the rows of a file, cut if the sequence changes and if a batch ends; one batch is in memory at a time.

    Args:
        path: of the file.
        default_name: of the sequence, if no column names it.
        partitions: columns that the names of folders tell, with their values.
        said: notes about columns that the log has already; new notes are logged and added.

    Raises:
        InputError: it is not a whole Parquet file, lacks a column or has a column of another type; or a value is
            wrong, and the message tells its row.
        OSError: there is no such file, or it cannot be read.
    """
    arrow = extras.load("pyarrow", "parquet", "Parquet")
    parquet = extras.load("pyarrow.parquet", "parquet", "Parquet")
    with path.open("rb") as source, opening(arrow, path, source):
        # mapped or read ahead (pre_buffer), the whole file would be in memory, whatever the size of row groups
        file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False, buffer_size=READ_BYTES)
    with file:
        columns = Columns.of(arrow, path, file.schema_arrow, partitions)
        log_notes(path, columns, said)
        has_json = has_json_labels(file.schema_arrow)
        for batch in _batches(arrow, file, path, columns):
            with reading(arrow, path):
                pieces = list(pieces_of(batch, default_name, has_json))
            yield from pieces


def log_notes(path: object, columns: Columns, said: set[str]) -> None:
    """Log how columns are read, each note once."""
    for note in columns.notes:
        if note not in said:
            said.add(note)
            _log.warning("%s: %s", path, note)


def has_json_labels(schema: Any) -> bool:
    """Whether the labels of a file are JSON texts."""
    return JSON_LABELS.items() <= (schema.metadata or {}).items()


@dataclass(frozen=True)
class RowBatch:
    """Rows that were read together.

    Attributes:
        table: a batch of Arrow, with a column for each role.
        names: of the columns in the file, by their roles.
        path: of the file.
        start: the number of the first row in the file.
    """

    table: Any
    names: Mapping[str, str]
    path: Path
    start: int

    def where(self, number: int) -> str:
        """The place of a row of the batch, for error messages."""
        return f"{self.path}, row {self.start + number} (the first is 0)"

    def values(self, name: str, types: tuple[type, ...], needs: str) -> list[Any]:
        """A column as Python values; None for each row if there is no such column."""
        column = self._column(name, types, needs)
        return [None] * self.table.num_rows if column is None else column.to_pylist()

    def repeated(
        self,
        name: str,
        types: tuple[type, ...],
        needs: str,
        parse: Callable[[Any, str], Any] = lambda value, _where: value,
    ) -> list[Any]:
        """A column in which few values stand again and again; each distinct value is parsed once.

        Args:
            name: the role of the column.
            types: of its values.
            needs: the types in words.
            parse: makes the result from a value and the place of its first row.
        """
        column = self._column(name, types, needs)
        if column is None:
            return [None] * self.table.num_rows
        encoded = column.dictionary_encode()
        codes = encoded.indices.cast("int64").fill_null(-1).to_numpy()
        used, rows, of_row = np.unique(codes, return_index=True, return_inverse=True)
        values = [None] * int(used[0] < 0) + [encoded.dictionary[code].as_py() for code in used[used >= 0].tolist()]
        made = [
            None if value is None else parse(value, f"{self.where(row)}, {self.names[name]}")
            for value, row in zip(values, rows.tolist(), strict=True)
        ]
        return [made[number] for number in of_row.tolist()]

    def _column(self, name: str, types: tuple[type, ...], needs: str) -> Any:
        """A column of Arrow with values of some types; None if there is no such column, or no value in it."""
        if name not in self.table.schema.names:
            return None
        column = self.table.column(name)
        first = column.is_valid().index(True).as_py()
        if first < 0:
            return None
        value = column[first].as_py()  # as all others are
        if isinstance(value, bool) or not isinstance(value, types):
            raise InputError(f"{self.where(first)}: {self.names[name]} must be {needs}, but is {value!r:.80}")
        return column


@contextmanager
def opening(arrow: Any, path: Path, source: BinaryIO) -> Iterator[None]:
    """Turn errors of Arrow while it opens a file into an `InputError`.

    Args:
        arrow: the module pyarrow.
        path: of the file; error messages begin with it.
        source: the same file, open.
    """
    try:
        yield
    except InputError:
        raise
    except (arrow.ArrowException, OSError, ValueError) as error:
        why = "cannot be read" if _is_whole(source) else "is not a whole Parquet file"
        raise InputError(f"{path}: {why}: {error!s:.300}") from error


def _is_whole(source: BinaryIO) -> bool:
    """Whether a file has the marks of Parquet at both ends."""
    source.seek(0)
    content = source.read(4)
    size = source.seek(0, 2)
    source.seek(max(size - 4, 0))
    return size >= 12 and content in _MARKS and source.read(4) == content


@contextmanager
def reading(arrow: Any, path: Path) -> Iterator[None]:
    """Turn errors of Arrow, of the disk, and of values that Python cannot hold, into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: cannot be read: {error!s:.300}") from error


def _batches(arrow: Any, file: Any, path: Path, columns: Columns) -> Iterator[RowBatch]:
    batches = file.iter_batches(BATCH_ROWS, columns=columns.in_file)
    start = 0
    while True:
        with reading(arrow, path):
            batch = next(batches, None)
            if batch is None:
                return
            rows = RowBatch(columns.table(arrow, batch), columns.names, path, start)
        yield rows
        start += batch.num_rows


def pieces_of(batch: RowBatch, default_name: str, has_json_labels: bool) -> Iterator[SequenceRows]:
    """The rows of a batch, cut if the sequence changes.

    Args:
        batch: any number of rows.
        default_name: of the sequence, if no column names it.
        has_json_labels: whether labels are JSON texts.

    Raises:
        InputError: a value is wrong; the message tells its row.
    """
    if not batch.table.num_rows:
        return
    observations = _observations(batch)
    names = _names(batch, default_name)
    times = _times(batch)
    if has_json_labels:
        labels = batch.repeated(LABEL, (str,), "a JSON text", json_text.parse)
    else:
        labels = batch.repeated(LABEL, (str, int), "a string or an integer")
    infos = [
        None if text is None else json_text.parse(text, f"{batch.where(row)}, {batch.names[INFO]}")
        for row, text in enumerate(batch.values(INFO, (str,), "a JSON text"))
    ]
    cuts = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    for start, end in pairwise(cuts):
        yield SequenceRows(
            names[start],
            observations[start:end],
            times[start:end],
            labels[start:end],
            _info(infos[start:end], batch, start),
            batch.path,
            replace(batch, start=batch.start + start).where,
        )


def _names(batch: RowBatch, default_name: str) -> list[str]:
    """The name of the sequence of each row."""
    if SEQUENCE not in batch.names:
        return [default_name] * batch.table.num_rows
    names = batch.repeated(SEQUENCE, (str, int), "a string")
    if None in names:
        raise InputError(f"{batch.where(names.index(None))}: {batch.names[SEQUENCE]} must be a string, but is null")
    return list(map(str, names))


def _times(batch: RowBatch) -> list[float | None]:
    """The time of each row: the middle of the span if start and end, or start and duration, are there."""
    starts: list[float | None] = batch.values(TIME, (float, int), "a number of seconds")
    if END in batch.names:
        ends = batch.values(END, (float, int), "a number of seconds")
        pairs = list(zip(starts, ends, strict=True))
        lengths = [None if start is None or end is None else end - start for start, end in pairs]
    elif DURATION in batch.names:
        lengths = batch.values(DURATION, (float, int), "a number of seconds")
    else:
        return starts
    return [_middle(batch, row, start, length) for row, (start, length) in enumerate(zip(starts, lengths, strict=True))]


def _middle(batch: RowBatch, row: int, start: float | None, length: float | None) -> float | None:
    if start is None or length is None:
        return None
    if length < 0:
        raise InputError(f"{batch.where(row)}: must not end before it starts, but its length is {length:g} s")
    return start + length / 2


def _info(values: list[Any], batch: RowBatch, start: int) -> dict[str, Any] | None:
    """The info of a sequence, in the first of its rows here."""
    for number, value in enumerate(values):
        if value is not None and (not isinstance(value, dict) or value != values[0]):
            raise InputError(
                f"{batch.where(start + number)}: {batch.names[INFO]} must be an object, in the first row of a "
                f"sequence, but is {value!r:.80}"
            )
    return values[0]  # type: ignore[no-any-return]


def _observations(batch: RowBatch) -> Observations:
    """(n, D), finite."""
    column = batch.table.column(EMBEDDING)
    if column.null_count:
        raise InputError(
            f"{batch.where(_first(column.is_null()))}: {batch.names[EMBEDDING]} must be a list of numbers, but is null"
        )
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    if (lengths != lengths[0]).any() or lengths[0] == 0:
        row = int(np.flatnonzero((lengths != lengths[0]) | (lengths == 0))[0])
        needs = f"{lengths[0]} numbers as the rows before" if row else "at least one number"
        raise InputError(f"{batch.where(row)}: {batch.names[EMBEDDING]} must have {needs}, but has {lengths[row]}")
    values = column.flatten()
    dim = int(lengths[0])
    if values.null_count:
        row, place = divmod(_first(values.is_null()), dim)
        raise InputError(
            f"{batch.where(row)}: {batch.names[EMBEDDING]} must be of numbers, but dimension {place} is null"
        )
    return _finite(values.to_numpy(zero_copy_only=False).reshape(-1, dim), batch)


def _finite(values: NDArray[Any], batch: RowBatch) -> Observations:
    with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite and is reported
        single = np.asarray(values, dtype=np.float32)
    if not np.isfinite(single).all():
        row, place = np.argwhere(~np.isfinite(single))[0].tolist()
        raise InputError(
            f"{batch.where(row)}: {batch.names[EMBEDDING]} must be of finite float32 numbers, but dimension {place} is "
            f"{values[row, place]}"
        )
    return single


def _first(mask: Any) -> int:
    return int(np.flatnonzero(mask.to_numpy(zero_copy_only=False))[0])
