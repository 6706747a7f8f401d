"""Reading rows of a Parquet dataset in any store that fsspec opens."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from uisrnn import extras
from uisrnn.distributed.plan import RowRange
from uisrnn.errors import InputError, InputTypeError, UISRNNError
from uisrnn.formats.format import Dimension, errors_at
from uisrnn.formats.parquet import row_batches
from uisrnn.formats.parquet.columns import EMBEDDING, SEQUENCE, Columns
from uisrnn.formats.parquet.hive import is_partition, is_shard, partitions_of
from uisrnn.formats.sequence_rows import SequenceRows, sequences_of
from uisrnn.sequences.labeled import LabeledSequence


class UnreadableShardError(InputError):
    """A shard cannot be read.

    Attributes:
        shard: the path of the shard.
    """

    def __init__(self, shard: str, message: str) -> None:
        super().__init__(shard, " ".join(message.split()))  # messages of Arrow have several lines
        self.shard = shard

    def __str__(self) -> str:
        return str(self.args[1])


@dataclass(frozen=True)
class Shards:
    """A Parquet file, or a folder of shards.

    Attributes:
        url: the absolute path or the URL, by which every machine of a cluster opens the dataset.
        dim: D of all observations.
    """

    url: str
    dim: int

    @staticmethod
    def of(dataset: Any, dim: int) -> "Shards":
        """The shards at a local path or at a URL that fsspec opens.

        Raises:
            InputTypeError: `dataset` is not a path or URL.
        """
        if not isinstance(dataset, (str, os.PathLike)) or not isinstance(os.fspath(dataset), str):
            raise InputTypeError(f"dataset must be the path or URL of Parquet files, but is {dataset!r:.80}")
        text = os.fspath(dataset)
        return Shards(text if "://" in text else os.path.abspath(text), dim)

    @cached_property
    def _system_and_path(self) -> tuple[Any, str]:
        """The file system, and the path in this file system."""
        fsspec = extras.load("fsspec.core", "ray", "prediction on a cluster")
        with _reaching(self.url):
            system, path = fsspec.url_to_fs(self.url)
            return system, path

    def paths(self) -> list[str]:
        """The paths of the shards, in the order of their names.

        Raises:
            InputError: the folder holds no shard, or the store cannot be reached.
            FileNotFoundError: the path does not exist.
        """
        system, path = self._system_and_path
        with _reaching(self.url):
            if not system.isdir(path):
                system.info(path)
                return [path]
            shards = list(_shards_in(system, path))
        if not shards:
            raise InputError(f"{self.url}: the folder must hold .parquet files, but holds none")
        return shards

    def runs(self, path: str) -> list[tuple[str, int]]:
        """The runs of rows with the same sequence name: pairs of the name and the number of rows.

        Only the column of names is read.

        Raises:
            UnreadableShardError: the shard is damaged, or its observations have another dimension.
        """
        with self._open(path) as file:
            columns = self._columns(path, file.schema_arrow)
            self._require_dim(path, file.schema_arrow.field(columns.names[EMBEDDING]).type)
            row_batches.log_notes(path, columns, set())
            if columns.names.get(SEQUENCE) in columns.in_file:
                return _runs(path, file, columns.names[SEQUENCE])
            number = file.metadata.num_rows
            return [(self._constant_name(path, columns), number)] * (number > 0)

    def rows(self, row_range: RowRange) -> list[SequenceRows]:
        """The rows of a range; other row groups are not read.

        Raises:
            UnreadableShardError: rows are damaged or wrong; the message names them.
        """
        path = row_range.shard
        with self._open(path) as file:
            columns = self._columns(path, file.schema_arrow)
            has_json_labels = row_batches.has_json_labels(file.schema_arrow)
            return [
                rows
                for batch in _batches(file, row_range, columns)
                for rows in row_batches.pieces_of(batch, self._default_name, has_json_labels)
            ]

    def sequences(self, ranges: list[RowRange]) -> list[LabeledSequence]:
        """The sequences in ranges of rows, which must hold whole sequences.

        Raises:
            UnreadableShardError: rows are damaged or wrong.
        """
        pieces = [piece for row_range in ranges for piece in self.rows(row_range)]
        first_shard = ranges[0].shard
        dimension = Dimension(self.dim)
        with _blaming(first_shard):
            sequences = [sequence for _source, sequence in sequences_of(pieces)]
            with errors_at(first_shard):
                for sequence in sequences:
                    dimension.require(sequence)
        return sequences

    @property
    def _default_name(self) -> str:
        return PurePosixPath(self.url).stem

    def _columns(self, path: str, schema: Any) -> Columns:
        _system, root = self._system_and_path
        return Columns.of(_arrow(), Path(path), schema, partitions_of(PurePosixPath(root), PurePosixPath(path)))

    def _constant_name(self, path: str, columns: Columns) -> str:
        """The name of the only sequence of a shard."""
        if SEQUENCE not in columns.names:
            return self._default_name
        name = columns.partitions[columns.names[SEQUENCE]]
        if name is None:
            raise InputError(f"{path}: {columns.names[SEQUENCE]} must be a string, but is null")
        return name

    def _require_dim(self, path: str, kind: Any) -> None:
        if _arrow().types.is_fixed_size_list(kind) and kind.list_size != self.dim:
            raise InputError(f"{path}: observations must be (T, {self.dim}), but are (T, {kind.list_size})")

    @contextmanager
    def _open(self, path: str) -> Iterator[Any]:
        system, _folder = self._system_and_path
        parquet = extras.load("pyarrow.parquet", "ray", "Parquet")
        with _reaching(path), _unopened(path):
            source = system.open(path, "rb")
        with source, _blaming(path):
            with row_batches.opening(_arrow(), Path(path), source):
                file = parquet.ParquetFile(source, pre_buffer=False, buffer_size=row_batches.READ_BYTES)
            with row_batches.reading(_arrow(), Path(path)):
                yield file


@contextmanager
def _unopened(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreadableShardError(path, f"{path}: cannot be read: {error.strerror or error}") from error


def _shards_in(system: Any, folder: str) -> Iterator[str]:
    """The shards in a folder and in its partitions, including links and folders with the name of a shard."""
    for path in sorted(system.ls(folder, detail=False)):
        if is_partition(PurePosixPath(path).name) and system.isdir(path):
            yield from _shards_in(system, path)
        elif is_shard(PurePosixPath(path)):
            yield path


def _arrow() -> Any:
    return extras.load("pyarrow", "ray", "Parquet")


def _runs(path: str, file: Any, column_name: str) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    row = 0
    for table in file.iter_batches(16 * row_batches.BATCH_ROWS, columns=[column_name]):
        column = table.column(column_name)
        if column.null_count:
            raise InputError(f"{path}: {column_name} must be a string in every row, but is null in a row from {row} on")
        coded = column if hasattr(column, "indices") else column.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        names = coded.dictionary.to_pylist()
        if any(isinstance(name, bool) or not isinstance(name, (str, int)) for name in names):
            raise InputError(f"{path}: {column_name} must be a string, but is {names[0]!r:.80} in row {row}")
        cuts = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
        for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            name = str(names[codes[start]])
            before = runs.pop()[1] if runs and runs[-1][0] == name else 0
            runs.append((name, before + stop - start))
        row += len(codes)
    return runs


def _batches(file: Any, wanted: RowRange, columns: Columns) -> Iterator[Any]:
    """Batches of the wanted rows; row groups without wanted rows are not read."""
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    first, last = np.searchsorted(ends, [wanted.start, wanted.stop - 1], side="right").tolist()
    if last >= len(sizes):
        raise InputError(f"{wanted.shard}: had {wanted.stop} rows or more, but now has {int(ends[-1])}")
    row = int(ends[first]) - sizes[first]
    groups = range(first, last + 1)
    for table in file.iter_batches(row_batches.BATCH_ROWS, row_groups=groups, columns=columns.in_file):
        start = max(wanted.start - row, 0)
        stop = min(wanted.stop - row, table.num_rows)
        if start < stop:
            part = columns.table(_arrow(), table.slice(start, stop - start))
            yield row_batches.RowBatch(part, columns.names, Path(wanted.shard), row + start)
        row += table.num_rows
        if row >= wanted.stop:
            return


@contextmanager
def _blaming(shard: str) -> Iterator[None]:
    try:
        yield
    except (InputError, InputTypeError) as error:
        raise UnreadableShardError(shard, str(error)) from error


@contextmanager
def _reaching(where: str) -> Iterator[None]:
    """Convert any error of the client of a store to an `InputError` of a single line."""
    try:
        yield
    except (UISRNNError, OSError):
        raise
    except Exception as error:
        raise InputError(f"{where}: cannot be reached: {error!s:.300}") from error
