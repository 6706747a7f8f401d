"""The seam between the library and a file format."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences.labeled import LabeledSequence


class Format(Protocol):
    """A way to keep sequences in a file or in a folder; `uisrnn.formats.register` adds a format to the library.

    The library checks names, dimensions and info before it calls `write`, and dimensions after `iterate`.

    Attributes:
        name: the word by which users ask for the format.
        suffixes: of the paths of this format, in small letters; `""` if the format writes a folder.
    """

    name: str
    suffixes: tuple[str, ...]

    def fits_folder(self, folder: Path) -> bool:
        """Whether a folder holds files of this format."""

    def shards(self, path: Path) -> list[Path]:
        """The files to read at a path, in order. The library may leave out any of them and read the rest."""

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """Read sequences from some shards of a path, each with the shard in which it begins.

        Keep one sequence in memory at a time if the format allows it, else one shard.
        """

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write at least one sequence, in one step: all sequences or nothing."""


def files_in(path: Path, suffix: str) -> list[Path]:
    """The files of a folder with a suffix, sorted by name, without hidden files; a file is its own list."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() == suffix and not file.name.startswith("."))


class Dimension:
    """The dimension D that all sequences of a reading share: the required D, or the D of the first sequence.

    Attributes:
        needed: D; None until the first sequence comes.

    >>> dimension = Dimension()
    >>> dimension.require(LabeledSequence([[1, 2]]))
    >>> dimension.require(LabeledSequence([[1]], name="call"))
    Traceback (most recent call last):
    uisrnn.errors.InputError: call: observations must be (T, 2) as those before, but are (1, 1)
    """

    def __init__(self, needed: int | None = None) -> None:
        self.needed = needed
        self._why = "" if needed is not None else " as those before"

    def require(self, sequence: LabeledSequence) -> None:
        """Check the next sequence.

        Raises:
            InputError: the sequence has another dimension; the message begins with its name.
        """
        shape = sequence.observations.shape
        if self.needed not in (None, shape[1]):
            raise InputError(f"{sequence.name}: observations must be (T, {self.needed}){self._why}, but are {shape}")
        self.needed = shape[1]


@contextmanager
def errors_at(place: object) -> Iterator[None]:
    """Put the file, or the place in it, before the text of each input error.

    >>> with errors_at("some.npz"):
    ...     raise InputError("call: needs labels")
    Traceback (most recent call last):
    uisrnn.errors.InputError: some.npz: call: needs labels
    """
    try:
        yield
    except (InputError, InputTypeError) as error:
        raise type(error)(f"{place}: {error}") from error
