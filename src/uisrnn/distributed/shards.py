"""A dataset of Parquet as workers see it: shards wherever fsspec reaches, of which some rows are read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from uisrnn import extras
from uisrnn.distributed.plan import Stretch
from uisrnn.errors import InputError, InputTypeError, UISRNNError
from uisrnn.formats.parquet import row_batches
from uisrnn.formats.parquet.columns import EMBEDDING, SEQUENCE, Columns
from uisrnn.formats.parquet.hive import is_partition, is_shard, partitions_of
from uisrnn.formats.sequence_rows import SequenceRows, sequences_of
from uisrnn.sequences.labeled import LabeledSequence


class UnreadableShardError(InputError):
    """What is wrong with one shard.

    Attributes:
        shard: its path.
    """

    def __init__(self, shard: str, message: str) -> None:
        super().__init__(shard, " ".join(message.split()))  # those of Arrow have lines
        self.shard = shard

    def __str__(self) -> str:
        return str(self.args[1])


@dataclass(frozen=True)
class Shards:
    """A Parquet file, or a folder of shards.

    Attributes:
        url: of it, with which every machine of a cluster can open it; see `of`.
        dim: D, which all observations must have.
    """

    url: str
    dim: int

    @staticmethod
    def of(dataset: Any, dim: int) -> "Shards":
        """Those at a local path, or at any URL that fsspec knows.

        Raises:
            InputTypeError: it is neither.
        """
        if not isinstance(dataset, (str, os.PathLike)) or not isinstance(os.fspath(dataset), str):
            raise InputTypeError(f"dataset must be the path or URL of Parquet files, but is {dataset!r:.80}")
        text = os.fspath(dataset)
        return Shards(text if "://" in text else os.path.abspath(text), dim)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        """The file system, and the path in it."""
        fsspec = extras.load("fsspec.core", "ray", "prediction on a cluster")
        with _reaching(self.url):
            system, path = fsspec.url_to_fs(self.url)
            return system, path

    def paths(self) -> list[str]:
        """The shards, in the order of their names.

        Raises:
            InputError: there is none, or the place cannot be reached.
            FileNotFoundError: there is nothing.
        """
        system, path = self._place
        with _reaching(self.url):
            if not system.isdir(path):
                system.info(path)
                return [path]
            shards = list(_shards_in(system, path))
        if not shards:
            raise InputError(f"{self.url}: the folder must hold .parquet files, but holds none")
        return shards

    def runs(self, path: str) -> list[tuple[str, int]]:
        """The names of a shard, each with how many rows follow each other under it; only this column is read.

        Raises:
            UnreadableShardError: the shard is damaged, or its observations are of another dimension.
        """
        with self._open(path) as file:
            columns = self._columns(path, file.schema_arrow)
            self._require_dim(path, file.schema_arrow.field(columns.names[EMBEDDING]).type)
            row_batches.log_notes(path, columns, set())
            if columns.names.get(SEQUENCE) in columns.in_file:
                return _runs(path, file, columns.names[SEQUENCE])
            number = file.metadata.num_rows
            return [(self._constant_name(path, columns), number)] * (number > 0)

    def rows(self, stretch: Stretch) -> list[SequenceRows]:
        """The rows of a stretch, from the row groups that hold them.

        Raises:
            UnreadableShardError: they are damaged or wrong; the message tells which.
        """
        path = stretch.shard
        with self._open(path) as file:
            columns = self._columns(path, file.schema_arrow)
            has_json_labels = row_batches.has_json_labels(file.schema_arrow)
            return [
                rows
                for batch in _batches(file, stretch, columns)
                for rows in row_batches.pieces_of(batch, self._default_name, has_json_labels)
            ]

    def sequences(self, stretches: list[Stretch]) -> list[LabeledSequence]:
        """The whole sequences in these stretches.

        Raises:
            UnreadableShardError: they are damaged or wrong.
        """
        rows = [one for stretch in stretches for one in self.rows(stretch)]
        with _blaming(stretches[0].shard):
            found = [one for _source, one in sequences_of(rows)]
            for one in found:
                if one.observations.shape[1] != self.dim:
                    raise InputError(
                        f"{stretches[0].shard}: {one.name}: observations must be (T, {self.dim}), "
                        f"but are {one.observations.shape}"
                    )
        return found

    @property
    def _default_name(self) -> str:
        return PurePosixPath(self.url).stem

    def _columns(self, path: str, schema: Any) -> Columns:
        _system, root = self._place
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
        system, _folder = self._place
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
    """The shards in a folder and in its partitions; also links, and names that turn out to be no file."""
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
            raise InputError(
                f"{path}: {column_name} must be a string in every row, but is null in one from row {row} on"
            )
        coded = column if hasattr(column, "indices") else column.dictionary_encode()
        codes, names = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
        if any(isinstance(name, bool) or not isinstance(name, (str, int)) for name in names):
            raise InputError(f"{path}: {column_name} must be a string, but is {names[0]!r:.80} in row {row}")
        cuts = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
        for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            name = str(names[codes[start]])
            before = runs.pop()[1] if runs and runs[-1][0] == name else 0
            runs.append((name, before + stop - start))
        row += len(codes)
    return runs


def _batches(file: Any, stretch: Stretch, columns: Columns) -> Iterator[Any]:
    """Batches of the rows that are wanted; row groups without any are not read."""
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    first, last = np.searchsorted(ends, [stretch.start, stretch.stop - 1], side="right").tolist()
    if last >= len(sizes):
        raise InputError(f"{stretch.shard}: had {stretch.stop} rows or more, but now has {int(ends[-1])}")
    row = int(ends[first]) - sizes[first]
    groups = range(first, last + 1)
    for table in file.iter_batches(row_batches.BATCH_ROWS, row_groups=groups, columns=columns.in_file):
        start, stop = max(stretch.start - row, 0), min(stretch.stop - row, table.num_rows)
        if start < stop:
            part = columns.table(_arrow(), table.slice(start, stop - start))
            yield row_batches.RowBatch(part, columns.names, Path(stretch.shard), row + start)
        row += table.num_rows
        if row >= stretch.stop:
            return


@contextmanager
def _blaming(shard: str) -> Iterator[None]:
    try:
        yield
    except (InputError, InputTypeError) as error:
        raise UnreadableShardError(shard, str(error)) from error


@contextmanager
def _reaching(where: str) -> Iterator[None]:
    """Whatever goes wrong on the way to a store becomes one line: clients of stores raise what they like."""
    try:
        yield
    except (UISRNNError, OSError):
        raise
    except Exception as error:
        raise InputError(f"{where}: cannot be reached: {error!s:.300}") from error
