"""The rows of a Parquet file, whoever wrote it, checked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn import extras
from uisrnn.errors import InputError
from uisrnn.formats import json_text
from uisrnn.formats.rows import Rows
from uisrnn.sequences.observations import Observations

JSON_LABELS = {b"uisrnn.labels": b"json"}  # in the metadata of a schema: labels are JSON texts
COLUMNS = ("sequence", "time", "label", "embedding", "info")
BATCH_ROWS = 4096  # in memory at once
READ_BYTES = 2**20  # of a column at once


def rows_of(path: Path, default_name: str) -> Iterator[Rows]:
    """The rows of a file, cut where the sequence changes and where batches end; only a batch of them is in memory.

    Args:
        path: the file.
        default_name: of the sequence, where the file has no column for it.

    Raises:
        InputError: it is not a Parquet file, lacks a column or has one of another type; a value is wrong, and the
            message tells its row.
        OSError: there is no such file, or it cannot be read.
    """
    arrow = extras.load("pyarrow", "parquet", "Parquet")
    parquet = extras.load("pyarrow.parquet", "parquet", "Parquet")
    path.open("rb").close()  # an error of the system has its own words
    with reading(arrow, path):
        # mapped or read ahead (pre_buffer), all of the file would come to be in memory, of whatever size row groups are
        file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False, buffer_size=READ_BYTES)
    with file:
        require_columns(arrow, path, file.schema_arrow)
        has_json_labels = JSON_LABELS.items() <= (file.schema_arrow.metadata or {}).items()
        for batch in _batches(arrow, file, path):
            with reading(arrow, path):
                pieces = list(pieces_of(batch, default_name, has_json_labels))
            yield from pieces


@dataclass(frozen=True)
class RowBatch:
    """Rows that were read together.

    Attributes:
        table: the batch of Arrow.
        path: of the file.
        start: the number of its first row in the file.
    """

    table: Any
    path: Path
    start: int

    def where(self, number: int) -> str:
        """The words that say where a row of the batch is."""
        return f"{self.path}, row {self.start + number} (the first is 0)"

    def values(self, name: str, types: tuple[type, ...], needs: str) -> list[Any]:
        """A column as plain values; None where there is none."""
        column = self._column(name, types, needs)
        return [None] * self.table.num_rows if column is None else column.to_pylist()

    def repeated(
        self,
        name: str,
        types: tuple[type, ...],
        needs: str,
        parse: Callable[[Any, str], Any] = lambda value, _where: value,
    ) -> list[Any]:
        """The same of a column in which values stand again and again, each of which is made once.

        Args:
            name: of the column.
            types: of its values.
            needs: the words that say so.
            parse: a value, with the words that say where it is first, to what it means.
        """
        column = self._column(name, types, needs)
        if column is None:
            return [None] * self.table.num_rows
        encoded = column.dictionary_encode()
        codes = encoded.indices.cast("int64").fill_null(-1).to_numpy()
        used, rows, of_row = np.unique(codes, return_index=True, return_inverse=True)
        values = [None] * int(used[0] < 0) + encoded.dictionary.take(used[used >= 0]).to_pylist()
        made = [
            None if value is None else parse(value, f"{self.where(row)}, {name}")
            for value, row in zip(values, rows.tolist(), strict=True)
        ]
        return [made[number] for number in of_row.tolist()]

    def _column(self, name: str, types: tuple[type, ...], needs: str) -> Any:
        """A column whose values are of a type, as Arrow has it; None where there is none, or no value in it."""
        if name not in self.table.schema.names:
            return None
        column = self.table.column(name)
        first = column.is_valid().index(True).as_py()
        if first < 0:
            return None
        value = column[first].as_py()  # as all others are
        if isinstance(value, bool) or not isinstance(value, types):
            raise InputError(f"{self.where(first)}: {name} must be {needs}, but is {value!r:.80}")
        return column


@contextmanager
def reading(arrow: Any, path: Path) -> Iterator[None]:
    """Errors of Arrow, and of the disk, become those of a file that is not whole."""
    try:
        yield
    except InputError:
        raise
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:  # also of times that Python cannot have
        raise InputError(f"{path}: is not a whole Parquet file: {error!s:.300}") from error


def require_columns(arrow: Any, path: Path, schema: Any) -> None:
    """Refuse a table without a column of embeddings.

    Raises:
        InputError: it has none, one twice, or one that holds no lists of numbers.
    """
    names = schema.names
    if names.count("embedding") != 1 or any(names.count(name) > 1 for name in COLUMNS):
        raise InputError(f"{path}: needs a column embedding, and no column twice, but has {', '.join(names):.200}")
    kind = schema.field("embedding").type
    lists = arrow.types.is_list, arrow.types.is_large_list, arrow.types.is_fixed_size_list
    is_list = any(is_one(kind) for is_one in lists)
    if not is_list or not (arrow.types.is_floating(kind.value_type) or arrow.types.is_integer(kind.value_type)):
        raise InputError(f"{path}: the column embedding must hold lists of numbers, but holds {kind!s:.80}")


def _batches(arrow: Any, file: Any, path: Path) -> Iterator[RowBatch]:
    wanted = [name for name in COLUMNS if name in file.schema_arrow.names]
    tables, start = file.iter_batches(BATCH_ROWS, columns=wanted), 0
    while True:
        with reading(arrow, path):
            table = next(tables, None)
        if table is None:
            return
        yield RowBatch(table, path, start)
        start += table.num_rows


def pieces_of(batch: RowBatch, default_name: str, has_json_labels: bool) -> Iterator[Rows]:
    """The rows of a batch, cut where the sequence changes."""
    if not batch.table.num_rows:
        return
    observations = _observations(batch)
    names = batch.repeated("sequence", (str, int), "a string")
    if "sequence" not in batch.table.schema.names:
        names = [default_name] * len(names)
    if None in names:
        raise InputError(f"{batch.where(names.index(None))}: sequence must be a string, but is null")
    times = batch.values("time", (float, int), "a number of seconds")
    if has_json_labels:
        labels = batch.repeated("label", (str,), "a JSON text", json_text.parse)
    else:
        labels = batch.repeated("label", (str, int), "a string or an integer")
    infos = [
        None if text is None else json_text.parse(text, f"{batch.where(row)}, info")
        for row, text in enumerate(batch.values("info", (str,), "a JSON text"))
    ]
    cuts = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    for start, end in pairwise(cuts):
        yield Rows(
            str(names[start]),
            observations[start:end],
            times[start:end],
            labels[start:end],
            _info(infos[start:end], batch, start),
            batch.path,
            replace(batch, start=batch.start + start).where,
        )


def _info(values: list[Any], batch: RowBatch, start: int) -> dict[str, Any] | None:
    """What is said of the sequence in its first of these rows."""
    for number, value in enumerate(values):
        if value is not None and (not isinstance(value, dict) or value != values[0]):
            raise InputError(
                f"{batch.where(start + number)}: info must be an object, in the first row of a sequence, "
                f"but is {value!r:.80}"
            )
    return values[0]  # type: ignore[no-any-return]


def _observations(batch: RowBatch) -> Observations:
    """(n, D), finite."""
    column = batch.table.column("embedding")
    if column.null_count:
        raise InputError(f"{batch.where(_first(column.is_null()))}: embedding must be a list of numbers, but is null")
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    if (lengths != lengths[0]).any() or lengths[0] == 0:
        row = int(np.flatnonzero((lengths != lengths[0]) | (lengths == 0))[0])
        needs = f"{lengths[0]} numbers as the rows before" if row else "at least one number"
        raise InputError(f"{batch.where(row)}: embedding must have {needs}, but has {lengths[row]}")
    values, dim = column.flatten(), int(lengths[0])
    if values.null_count:
        row, place = divmod(_first(values.is_null()), dim)
        raise InputError(f"{batch.where(row)}: embedding must be of numbers, but dimension {place} is null")
    return _finite(values.to_numpy(zero_copy_only=False).reshape(-1, dim), batch)


def _finite(values: NDArray[Any], batch: RowBatch) -> Observations:
    with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite and is reported
        single = np.asarray(values, dtype=np.float32)
    if not np.isfinite(single).all():
        row, place = np.argwhere(~np.isfinite(single))[0].tolist()
        raise InputError(
            f"{batch.where(row)}: embedding must be of finite float32 numbers, but dimension {place} is "
            f"{values[row, place]}"
        )
    return single


def _first(mask: Any) -> int:
    return int(np.flatnonzero(mask.to_numpy(zero_copy_only=False))[0])
