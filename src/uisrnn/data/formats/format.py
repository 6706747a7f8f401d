"""The seam: what the library knows of a file format."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from uisrnn.data.labeled import LabeledSequence
from uisrnn.errors import InputError, InputTypeError


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

    def iterate(self, path: Path) -> Iterator[LabeledSequence]:
        """The sequences in their order, one in memory at a time where the format allows it."""

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write sequences, at least one, in one step: all of them or nothing."""


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
