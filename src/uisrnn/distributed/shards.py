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
from uisrnn.formats.parquet import rows as parquet_rows
from uisrnn.formats.rows import Rows, sequences_of
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
            names = sorted(system.ls(path, detail=False))  # also links, and what turns out to be no file
        found = [one for one in names if _is_shard(PurePosixPath(one))]
        if not found:
            raise InputError(f"{self.url}: the folder must hold .parquet files, but holds none")
        return found

    def runs(self, path: str) -> list[tuple[str, int]]:
        """The names of a shard, each with how many rows follow each other under it; only this column is read.

        Raises:
            UnreadableShardError: the shard is damaged, or its observations are of another dimension.
        """
        with self._open(path) as file:
            self._require_dim(path, file.schema_arrow)
            if "sequence" not in file.schema_arrow.names:
                return [(self._default_name, file.metadata.num_rows)] * (file.metadata.num_rows > 0)
            return _runs(path, file)

    def rows(self, stretch: Stretch) -> list[Rows]:
        """The rows of a stretch, from the row groups that hold them.

        Raises:
            UnreadableShardError: they are damaged or wrong; the message tells which.
        """
        path = stretch.shard
        with self._open(path) as file:
            has_json_labels = parquet_rows.JSON_LABELS.items() <= (file.schema_arrow.metadata or {}).items()
            return [
                rows
                for batch in _batches(file, stretch)
                for rows in parquet_rows.pieces_of(batch, self._default_name, has_json_labels)
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

    def _require_dim(self, path: str, schema: Any) -> None:
        arrow = _arrow()
        parquet_rows.require_columns(arrow, Path(path), schema)
        kind = schema.field("embedding").type
        if arrow.types.is_fixed_size_list(kind) and kind.list_size != self.dim:
            raise InputError(f"{path}: observations must be (T, {self.dim}), but are (T, {kind.list_size})")

    @contextmanager
    def _open(self, path: str) -> Iterator[Any]:
        system, _folder = self._place
        parquet = extras.load("pyarrow.parquet", "ray", "Parquet")
        with _reaching(path), _unopened(path):
            source = system.open(path, "rb")
        with source, _blaming(path), parquet_rows.reading(_arrow(), Path(path)):
            yield parquet.ParquetFile(source, pre_buffer=False, buffer_size=parquet_rows.READ_BYTES)


@contextmanager
def _unopened(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnreadableShardError(path, f"{path}: cannot be read: {error.strerror or error}") from error


def _is_shard(path: PurePosixPath) -> bool:
    return path.suffix.lower() == ".parquet" and not path.name.startswith(".")


def _arrow() -> Any:
    return extras.load("pyarrow", "ray", "Parquet")


def _runs(path: str, file: Any) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    row = 0
    for table in file.iter_batches(16 * parquet_rows.BATCH_ROWS, columns=["sequence"]):
        column = table.column("sequence")
        if column.null_count:
            raise InputError(f"{path}: sequence must be a string in every row, but is null in one from row {row} on")
        coded = column if hasattr(column, "indices") else column.dictionary_encode()
        codes, names = coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()
        if any(isinstance(name, bool) or not isinstance(name, (str, int)) for name in names):
            raise InputError(f"{path}: sequence must be a string, but is {names[0]!r:.80} in row {row}")
        cuts = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
        for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            name = str(names[codes[start]])
            before = runs.pop()[1] if runs and runs[-1][0] == name else 0
            runs.append((name, before + stop - start))
        row += len(codes)
    return runs


def _batches(file: Any, stretch: Stretch) -> Iterator[Any]:
    """Batches of the rows that are wanted; row groups without any are not read."""
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    first, last = np.searchsorted(ends, [stretch.start, stretch.stop - 1], side="right").tolist()
    if last >= len(sizes):
        raise InputError(f"{stretch.shard}: had {stretch.stop} rows or more, but now has {int(ends[-1])}")
    columns = [name for name in parquet_rows.COLUMNS if name in file.schema_arrow.names]
    row = int(ends[first]) - sizes[first]
    for table in file.iter_batches(parquet_rows.BATCH_ROWS, row_groups=range(first, last + 1), columns=columns):
        start, stop = max(stretch.start - row, 0), min(stretch.stop - row, table.num_rows)
        if start < stop:
            part = table.slice(start, stop - start)
            yield parquet_rows.RowBatch(part, Path(stretch.shard), row + start)
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
