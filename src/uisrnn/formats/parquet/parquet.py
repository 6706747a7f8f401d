"""Parquet: a row an observation, for tables that are larger than the memory.

    sequence   string
    time       double, null if unknown
    label      int64 or string, null if unknown
    embedding  fixed_size_list<float>[D]
    info       string, JSON in the first row of a sequence with info, else null

If a file has labels of both types, its labels are JSON texts, and the metadata of the schema says so. Files of other
programs need only a column with lists of numbers; `columns.py` has the names of columns that are known.

A folder may have partitions of hive, as `sequence=call/0.parquet`: they are columns, whose values are strings.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from uisrnn import extras
from uisrnn.errors import InputError
from uisrnn.files import replacing
from uisrnn.formats import json_text
from uisrnn.formats.parquet.hive import is_partition, is_shard, partitions_of
from uisrnn.formats.parquet.row_batches import JSON_LABELS, rows_of
from uisrnn.formats.sequence_rows import sequences_of
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label

_GROUP_BYTES = 2**24  # of embeddings in a row group


class Parquet:
    """The format of Parquet files, or of folders with shards of a table."""

    name = "parquet"
    suffixes: tuple[str, ...] = (".parquet",)

    def fits_folder(self, folder: Path) -> bool:
        return bool(self.shards(folder))

    def shards(self, path: Path) -> list[Path]:
        """The file, or the files of a folder and of the partitions in it."""
        return list(_shards(path)) if path.is_dir() else [path]

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """Read batches of rows; all shards are a table, in the order of their names."""
        said: set[str] = set()
        return sequences_of(
            chain.from_iterable(rows_of(shard, path.stem, partitions_of(path, shard), said) for shard in shards)
        )

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write sequences, with a row group in memory at a time."""
        arrow = extras.load("pyarrow", "parquet", "Parquet")
        parquet = extras.load("pyarrow.parquet", "parquet", "Parquet")
        coming = iter(sequences)
        first = list(islice(coming, 1))
        labels = _label_column(sequences if isinstance(sequences, list) else first, whole=isinstance(sequences, list))
        dim = first[0].observations.shape[1]
        schema = _schema(arrow, dim, labels)
        with (
            replacing(path) as file,
            parquet.ParquetWriter(file, schema, use_dictionary=["sequence", "label", "info"]) as writer,
        ):
            rows = max(1, _GROUP_BYTES // (4 * dim))
            for group in _groups(chain(first, coming), rows):
                table = arrow.concat_tables([_table(arrow, sequence, schema, labels) for sequence in group])
                writer.write_table(table, row_group_size=rows)


def _shards(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if is_partition(path.name) and path.is_dir():
            yield from _shards(path)
        elif is_shard(path):
            yield path


@dataclass(frozen=True)
class _LabelColumn:
    """A type of column for labels.

    Attributes:
        holds: the labels in words, for error messages.
        type: Arrow's name of the type.
        can_hold: whether the column can hold a label.
        encode: makes the value in the column from a label.
        metadata: of the schema, which tells the type to readers.
    """

    holds: str
    type: str
    can_hold: Callable[[Label], bool]
    encode: Callable[[Label], Any] = lambda label: label
    metadata: dict[bytes, bytes] | None = None


_INTEGERS = _LabelColumn("64-bit integers", "int64", lambda label: isinstance(label, int) and -(2**63) <= label < 2**63)
_STRINGS = _LabelColumn("strings", "string", lambda label: isinstance(label, str))
_MIXED = _LabelColumn("anything", "string", lambda label: True, json_text.dump, JSON_LABELS)


def _label_column(sequences: list[LabeledSequence], *, whole: bool) -> _LabelColumn:
    """The simplest column for the labels of sequences; `whole` if no further sequences follow."""
    labels = {label for sequence in sequences for label in sequence.labels or ()}
    if not labels and not whole:
        return _MIXED
    return next(column for column in (_INTEGERS, _STRINGS, _MIXED) if all(map(column.can_hold, labels)))


def _schema(arrow: Any, dim: int, labels: _LabelColumn) -> Any:
    types = {
        "sequence": arrow.string(),
        "time": arrow.float64(),
        "label": arrow.type_for_alias(labels.type),
        "embedding": arrow.list_(arrow.float32(), dim),
        "info": arrow.string(),
    }
    fields = [arrow.field(name, kind, nullable=name in ("time", "label", "info")) for name, kind in types.items()]
    return arrow.schema(fields, metadata=labels.metadata)


def _groups(sequences: Iterable[LabeledSequence], rows: int) -> Iterator[list[LabeledSequence]]:
    """Groups of sequences, each with at least `rows` rows but for the last group."""
    group: list[LabeledSequence] = []
    length = 0
    for sequence in sequences:
        group.append(sequence)
        length += len(sequence)
        if length >= rows:
            yield group
            group = []
            length = 0
    if group:
        yield group


def _table(arrow: Any, sequence: LabeledSequence, schema: Any, labels: _LabelColumn) -> Any:
    length, dim = sequence.observations.shape
    for label in sequence.labels or ():
        if not labels.can_hold(label):
            raise InputError(
                f"{sequence.name}: the labels in the file are {labels.holds}, but there is {label!r:.80}; save a list "
                "of all sequences, so that a column for all their labels can be made"
            )
    columns = {
        "sequence": [sequence.name] * length,
        "time": sequence.times,
        "label": None if sequence.labels is None else [labels.encode(label) for label in sequence.labels],
        "info": [json_text.dump(dict(sequence.info)) if sequence.info else None] + [None] * (length - 1),
    }
    arrays = {
        name: arrow.array([None] * length if values is None else values, schema.field(name).type)
        for name, values in columns.items()
    }
    arrays["embedding"] = arrow.FixedSizeListArray.from_arrays(arrow.array(sequence.observations.ravel()), dim)
    return arrow.Table.from_arrays([arrays[name] for name in schema.names], schema=schema)
