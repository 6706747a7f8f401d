"""One pass over sequences, and what becomes of what is wrong with them."""

import os
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

from uisrnn.errors import InputError, InputTypeError
from uisrnn.formats.format import Dimension, Format, within
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.files import read_turns
from uisrnn.turns.turn_labels import label_by_turns

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Skipped(NamedTuple):
    """What was left out of a pass.

    Attributes:
        name: of the shard or the sequence.
        why: the message of the error.
    """

    name: str
    why: str


class Reading(Protocol):
    """One pass.

    Attributes:
        dimension: that all sequences of it have.
    """

    dimension: Dimension

    def usable(self, kind: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        """Those of some shards of a path that are read."""

    def attempt(self, name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """What is made of the arguments, or None where this fails and is left out."""


class Stopping:
    """A pass that ends with the first error.

    Args:
        dim: that is needed, None for any.
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dimension = Dimension(dim)

    def usable(self, kind: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        """All."""
        return shards

    def attempt(self, _name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What is made."""
        return make(*args, **kwargs)


class Skipping:
    """A pass that leaves out what is wrong: shards as a whole, which are read through before anything of them is used.

    Args:
        dim: that is needed, None for any.
        skipped: where it is said what was left out.
    """

    def __init__(self, dim: int | None, skipped: list[Skipped]) -> None:
        self.dimension, self._skipped = Dimension(dim), skipped

    def usable(self, kind: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        """Those that can be read to their end and have the dimension."""
        whole = []
        for shard in shards:
            dimension = self.attempt(str(shard), self._read_through, kind, path, shard)
            if dimension is not None:
                self.dimension = dimension
                whole.append(shard)
        return whole

    def _read_through(self, kind: Format, path: Path, shard: Path) -> Dimension:
        dimension = copy(self.dimension)  # that of a shard which turns out damaged is not that of the rest
        for where, one in kind.iterate(path, [shard]):
            dimension.require(one, where)
        return dimension

    def attempt(self, name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """What is made, or None after an error of the input or of the disk."""
        try:
            return make(*args, **kwargs)
        except (InputError, InputTypeError, OSError) as error:
            self._skipped.append(Skipped(name, " ".join(_reason(error, name).split())))
            return None


def _reason(error: Exception, name: str) -> str:
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)


class Recordings:
    """The turns of an RTTM file, which label sequences.

    Args:
        path: of the file.
        silence: see `label_by_turns`.
        overlap: see `label_by_turns`.

    Raises:
        InputError, OSError: see `uisrnn.turns.files.read_turns`.
    """

    def __init__(self, path: str | os.PathLike[str], silence: str, overlap: str) -> None:
        self._turns, self._path = read_turns(path), os.fsdecode(path)
        self._silence, self._overlap = silence, overlap

    def label(self, number: int, one: LabeledSequence) -> LabeledSequence:
        """The sequence of a number, labelled by its recording, or, if it is the first, by the only one.

        Raises:
            InputError: it has no turns, or see `label_by_turns`.
        """
        turns = self._turns.get(one.name)
        if turns is None and len(self._turns) == 1 and number == 0:
            turns = next(iter(self._turns.values()))
        if turns is None:
            known = ", ".join(self._turns) or "no recordings"
            raise InputError(f"{self._path}: must have the turns of {one.name!r:.80}, but has {known:.200}")
        return label_by_turns(one, turns, silence=self._silence, overlap=self._overlap)


def place_of(path: Any) -> Path:
    """A path that a caller gives.

    Raises:
        InputTypeError: it is none.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise InputTypeError(f"path must be that of a file or a folder, but is {path!r:.80}")
    return Path(path)


def read(
    path: Path, kind: Format, shards: Sequence[Path], recordings: Recordings | None, reading: Reading
) -> Iterator[tuple[Path, LabeledSequence]]:
    """The sequences of a path, each with the shard in which it begins.

    Args:
        path: of a file or a folder.
        kind: its format.
        shards: of the path, all or some.
        recordings: label them; None: they keep their labels.
        reading: the pass.

    Raises:
        InputError, OSError: what is there is wrong; the message tells file and place.
    """
    usable = reading.usable(kind, path, shards)
    for number, (shard, one) in enumerate(_whole(path, kind, _neighbours(shards, usable), reading)):
        found = reading.attempt(f"{shard}: {one.name}", checked, shard, number, one, recordings, reading.dimension)
        if found is not None:
            yield shard, found


def _neighbours(shards: Sequence[Path], usable: Sequence[Path]) -> list[list[Path]]:
    """The usable shards, cut where others are between them."""
    kept, parts = set(usable), list[list[Path]]()
    for before, shard in zip([None, *shards], shards, strict=False):
        if shard in kept:
            if before not in kept:
                parts.append([])
            parts[-1].append(shard)
    return parts


def _whole(
    path: Path, kind: Format, parts: list[list[Path]], reading: Reading
) -> Iterator[tuple[Path, LabeledSequence]]:
    """The sequences of parts of a path, but for those that begin in one part and go on in the next."""
    last: tuple[Path, LabeledSequence] | None = None
    if len(parts) == 1:  # no sequence needs to wait for the next one
        yield from kind.iterate(path, parts[0])
        return
    for part in parts:
        is_first = True
        for shard, one in kind.iterate(path, part):
            if is_first and last is not None and last[1].name == one.name:
                reading.attempt(f"{shard}: {one.name}", _refuse_torn, *last)
                last = None
            else:
                if last is not None:
                    yield last
                last = shard, one
            is_first = False
    if last is not None:
        yield last


def _refuse_torn(shard: Path, one: LabeledSequence) -> None:
    raise InputError(f"{shard}: {one.name}: its middle is in a shard that is left out")


def checked(
    where: object, number: int, one: Any, recordings: Recordings | None, dimension: Dimension
) -> LabeledSequence:
    """One sequence, labelled where there are recordings.

    Args:
        where: it is; error messages begin with it.
        number: of the sequence there.
        one: of which it is not known what it is.
        recordings: label it; None: it keeps its labels.
        dimension: that it must have.

    Raises:
        InputTypeError: it is not a `LabeledSequence`.
        InputError: it has another dimension, or cannot be labelled.
    """
    if not isinstance(one, LabeledSequence):
        raise InputTypeError(f"{where}: must be a LabeledSequence, but is {type(one).__name__}")
    dimension.require(one, where)
    if recordings is None:
        return one
    with within(where):
        return recordings.label(number, one)
