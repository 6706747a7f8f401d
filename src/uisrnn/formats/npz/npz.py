"""npz files: the conversation format, and the training and test files of uisrnn 0.1.2, which are only read."""

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


class Layout(Protocol):
    """What the arrays of an npz file are called, and what they mean.

    Attributes:
        needs: the array by which it is known.
    """

    needs: str

    def sequences(self, arrays: archive.Archive) -> Iterator[LabeledSequence]:
        """The sequences in their order."""


_CONVERSATIONS = Conversations()
_LAYOUTS: tuple[Layout, ...] = (_CONVERSATIONS, TrainingFile(), TestFile())


class Npz:
    """The format of npz files, or of folders with several. All observations of a file are in memory at once."""

    name = "npz"
    suffixes: tuple[str, ...] = (".npz",)

    def fits_folder(self, folder: Path) -> bool:
        """Whether there are such files in it."""
        return bool(self.shards(folder))

    def shards(self, path: Path) -> list[Path]:
        """The file, or those of a folder."""
        return files_in(path, ".npz")

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """The sequences of whichever layout the files have; those of two files have two names."""
        owners: dict[str, Path] = {}
        for shard in shards:
            with archive.opened(shard) as arrays:
                for one in _layout(arrays).sequences(arrays):
                    owner = owners.setdefault(one.name, shard)
                    if owner != shard:
                        raise InputError(
                            f"{shard}: must not have {one.name!r:.80}, as {owner} has a sequence of that name"
                        )
                    yield shard, (one if shard == path else _by_itself(one))

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write them in the conversation format."""
        with replacing(path) as file, archive.ArchiveWriter(file) as arrays:
            _CONVERSATIONS.write(arrays, list(sequences))


def _by_itself(one: LabeledSequence) -> LabeledSequence:
    """The same with observations of its own: who still holds it does not hold those of the whole file."""
    return replace(one, observations=one.observations.copy())


def _layout(arrays: archive.Archive) -> Layout:
    fitting = [layout for layout in _LAYOUTS if layout.needs in arrays.names]
    if len(fitting) != 1:
        known = ", ".join(layout.needs for layout in _LAYOUTS)
        found = ", ".join(sorted(arrays.names)) or "nothing"
        raise InputError(f"{arrays.path}: must have one of the arrays {known}, but has {found}"[:500])
    return fitting[0]
