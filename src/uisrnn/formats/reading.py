"""One pass over sequences in files, and the two ways to treat errors: stop, or skip."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from uisrnn.errors import InputError, InputTypeError
from uisrnn.formats.format import Dimension, Format, errors_at
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns.files import read_turns
from uisrnn.turns.turn_labels import label_by_turns

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Skipped(NamedTuple):
    """A shard or a sequence that a pass left out.

    Attributes:
        name: of the shard or the sequence.
        why: the message of the error.
    """

    name: str
    why: str


class Reading(ABC):
    """One pass over sequences.

    Args:
        dim: the required D, None for any.

    Attributes:
        dimension: the D of all sequences.
        skipped: the shards and sequences that the pass left out.
    """

    def __init__(self, dim: int | None = None) -> None:
        self.dimension = Dimension(dim)
        self.skipped: list[Skipped] = []

    @abstractmethod
    def usable(self, format: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        """The shards that the pass reads."""

    @abstractmethod
    def attempt(self, name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        """Call `make`; None if the call fails and the pass goes on."""


class Stopping(Reading):
    """A pass that ends with the first error."""

    def usable(self, format: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        return shards

    def attempt(self, _name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return make(*args, **kwargs)


class Skipping(Reading):
    """A pass that leaves out bad sequences, and bad shards as a whole: each shard is read to its end before its use."""

    def usable(self, format: Format, path: Path, shards: Sequence[Path]) -> Sequence[Path]:
        """The shards that can be read to their end and have the dimension."""
        whole = []
        for shard in shards:
            dimension = self.attempt(str(shard), self._read_through, format, path, shard)
            if dimension is not None:
                self.dimension = dimension
                whole.append(shard)
        return whole

    def _read_through(self, format: Format, path: Path, shard: Path) -> Dimension:
        dimension = copy(self.dimension)  # a damaged shard must not set the dimension of the others
        for place, sequence in format.iterate(path, [shard]):
            with errors_at(place):
                dimension.require(sequence)
        return dimension

    def attempt(self, name: str, make: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        try:
            return make(*args, **kwargs)
        except (InputError, InputTypeError, OSError) as error:
            self.skipped.append(Skipped(name, " ".join(_reason(error, name).split())))
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
        self._turns = read_turns(path)
        self._path = os.fsdecode(path)
        self._silence = silence
        self._overlap = overlap

    def label(self, number: int, sequence: LabeledSequence) -> LabeledSequence:
        """Label a sequence by the recording of its name; the first sequence may take the only recording.

        Raises:
            InputError: the sequence has no turns, or see `label_by_turns`.
        """
        turns = self._turns.get(sequence.name)
        if turns is None and len(self._turns) == 1 and number == 0:
            turns = next(iter(self._turns.values()))
        if turns is None:
            names = ", ".join(self._turns) or "no recordings"
            raise InputError(f"{self._path}: must have the turns of {sequence.name!r:.80}, but has {names:.200}")
        return label_by_turns(sequence, turns, silence=self._silence, overlap=self._overlap)


def place_of(path: Any) -> Path:
    """Check a path that a caller gives.

    Raises:
        InputTypeError: it is not a path.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise InputTypeError(f"path must be that of a file or a folder, but is {path!r:.80}")
    return Path(path)


def read(
    path: Path, format: Format, shards: Sequence[Path], recordings: Recordings | None, reading: Reading
) -> Iterator[tuple[Path, LabeledSequence]]:
    """Read sequences of a path, each with the shard in which it begins.

    Args:
        path: of a file or a folder.
        format: of the path.
        shards: all or some shards of the path.
        recordings: label the sequences; None: the sequences keep their labels.
        reading: the pass.

    Raises:
        InputError, OSError: a file is wrong or cannot be read; the message names the file and the place.
    """
    usable = reading.usable(format, path, shards)
    for number, (shard, sequence) in enumerate(_whole(path, format, _neighbours(shards, usable), reading)):
        place = f"{shard}: {sequence.name}"
        labelled = reading.attempt(place, checked, shard, number, sequence, recordings, reading.dimension)
        if labelled is not None:
            yield shard, labelled


def _neighbours(shards: Sequence[Path], usable: Sequence[Path]) -> list[list[Path]]:
    """The usable shards as lists of neighbours, without a bad shard between them."""
    kept = set(usable)
    parts: list[list[Path]] = []
    for before, shard in zip([None, *shards], shards, strict=False):
        if shard in kept:
            if before not in kept:
                parts.append([])
            parts[-1].append(shard)
    return parts


def _whole(
    path: Path, format: Format, parts: list[list[Path]], reading: Reading
) -> Iterator[tuple[Path, LabeledSequence]]:
    """The sequences of parts of a path, without the sequences that begin in one part and go on in the next part."""
    last: tuple[Path, LabeledSequence] | None = None
    if len(parts) == 1:  # no sequence needs to wait for the next one
        yield from format.iterate(path, parts[0])
        return
    for part in parts:
        is_first = True
        for shard, sequence in format.iterate(path, part):
            if is_first and last is not None and last[1].name == sequence.name:
                reading.attempt(f"{shard}: {sequence.name}", _refuse_torn, *last)
                last = None
            else:
                if last is not None:
                    yield last
                last = shard, sequence
            is_first = False
    if last is not None:
        yield last


def _refuse_torn(shard: Path, sequence: LabeledSequence) -> None:
    raise InputError(f"{shard}: {sequence.name}: its middle is in a shard that is left out")


def checked(
    place: object, number: int, sequence: Any, recordings: Recordings | None, dimension: Dimension
) -> LabeledSequence:
    """Check a sequence, and label it if there are recordings.

    Args:
        place: of the sequence; error messages begin with it.
        number: of the sequence at its place.
        sequence: any object; must be a `LabeledSequence`.
        recordings: label the sequence; None: it keeps its labels.
        dimension: of all sequences.

    Raises:
        InputTypeError: `sequence` is not a `LabeledSequence`.
        InputError: the sequence has another dimension, or cannot be labelled.
    """
    if not isinstance(sequence, LabeledSequence):
        raise InputTypeError(f"{place}: must be a LabeledSequence, but is {type(sequence).__name__}")
    with errors_at(place):
        dimension.require(sequence)
        return sequence if recordings is None else recordings.label(number, sequence)
