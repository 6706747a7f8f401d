"""The seam: what the library knows of a file format."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from uisrnn.errors import InputError, InputTypeError
from uisrnn.sequences.labeled import LabeledSequence


class Format(Protocol):
    """A way to keep sequences in a file or in a folder.

    Names, dimensions and what JSON must hold were checked before `write` is called, and are checked after `iterate`.

    Attributes:
        name: by which users ask for it.
        suffixes: of the paths that are of this format, in small letters; `""` where it is written as a folder.
    """

    name: str
    suffixes: tuple[str, ...]

    def fits_folder(self, folder: Path) -> bool:
        """Whether a folder holds files of this format."""

    def shards(self, path: Path) -> list[Path]:
        """What there is to read at a path, in its order; each can be left out, and the rest be read."""

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """The sequences of some shards of a path, each with the shard in which it begins.

        One is in memory at a time where the format allows it, else one shard.
        """

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write sequences, at least one, in one step: all of them or nothing."""


def files_in(path: Path, suffix: str) -> list[Path]:
    """The files of a folder that have this suffix, by name, but for hidden ones; of a file itself."""
    if not path.is_dir():
        return [path]
    return sorted(one for one in path.iterdir() if one.suffix.lower() == suffix and not one.name.startswith("."))


class Dimension:
    """The D that all sequences of a reading have: that which is needed, or that of the first.

    Attributes:
        needed: None until there is one.

    >>> dimension = Dimension()
    >>> dimension.require(LabeledSequence([[1, 2]]), "a.npz")
    >>> dimension.require(LabeledSequence([[1]], name="call"), "b.npz")
    Traceback (most recent call last):
    uisrnn.errors.InputError: b.npz: call: observations must be (T, 2) as those before, but are (1, 1)
    """

    def __init__(self, needed: int | None = None) -> None:
        self.needed = needed
        self._why = "" if needed is not None else " as those before"

    def require(self, one: LabeledSequence, where: object) -> None:
        """Check the next sequence.

        Raises:
            InputError: it has another dimension; the message begins with `where` and its name.
        """
        shape = one.observations.shape
        if self.needed not in (None, shape[1]):
            raise InputError(
                f"{where}: {one.name}: observations must be (T, {self.needed}){self._why}, but are {shape}"
            )
        self.needed = shape[1]


@contextmanager
def within(where: object) -> Iterator[None]:
    """Errors of input that is made inside begin with the file, or the place in it.

    >>> with within("some.npz"):
    ...     raise InputError("call: needs labels")
    Traceback (most recent call last):
    uisrnn.errors.InputError: some.npz: call: needs labels
    """
    try:
        yield
    except (InputError, InputTypeError) as error:
        raise type(error)(f"{where}: {error}") from error
