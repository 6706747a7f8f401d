"""npz files: the conversation format; and the training and test files of uisrnn 0.1.2, which are only read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from uisrnn.errors import InputError
from uisrnn.files import replacing
from uisrnn.formats.format import files_in
from uisrnn.formats.npz import archive
from uisrnn.formats.npz.conversations import Conversations
from uisrnn.formats.npz.v0 import TestFile, TrainingFile
from uisrnn.sequences.labeled import LabeledSequence


class NpzSchema(Protocol):
    """The names of the arrays in an npz file, and their meaning.

    Attributes:
        needs: the array that only files of this schema have.
    """

    needs: str

    def sequences(self, arrays: archive.Archive) -> Iterator[LabeledSequence]:
        """Read the sequences in their order."""


_CONVERSATIONS = Conversations()
_SCHEMAS: tuple[NpzSchema, ...] = (_CONVERSATIONS, TrainingFile(), TestFile())


class Npz:
    """The format of npz files, or of folders with npz files. All observations of a file are in memory at once."""

    name = "npz"
    suffixes: tuple[str, ...] = (".npz",)

    def fits_folder(self, folder: Path) -> bool:
        return bool(self.shards(folder))

    def shards(self, path: Path) -> list[Path]:
        return files_in(path, ".npz")

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """Read files of any schema. Sequences of different files must have different names."""
        owners: dict[str, Path] = {}
        for shard in shards:
            with archive.opened(shard) as arrays:
                for sequence in _schema_of(arrays).sequences(arrays):
                    owner = owners.setdefault(sequence.name, shard)
                    if owner != shard:
                        raise InputError(
                            f"{shard}: must not have {sequence.name!r:.80}, as {owner} has a sequence of that name"
                        )
                    yield shard, (sequence if shard == path else _with_own_copy(sequence))

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write the conversation format."""
        with replacing(path) as file, archive.ArchiveWriter(file) as arrays:
            _CONVERSATIONS.write(arrays, list(sequences))


def _with_own_copy(sequence: LabeledSequence) -> LabeledSequence:
    """A sequence with a copy of its observations, so that it does not keep all observations of the file in memory."""
    return replace(sequence, observations=sequence.observations.copy())


def _schema_of(arrays: archive.Archive) -> NpzSchema:
    fitting = [schema for schema in _SCHEMAS if schema.needs in arrays.names]
    if len(fitting) != 1:
        needed = ", ".join(schema.needs for schema in _SCHEMAS)
        present = ", ".join(sorted(arrays.names)) or "nothing"
        raise InputError(f"{arrays.path}: must have one of the arrays {needed}, but has {present}"[:500])
    return fitting[0]
