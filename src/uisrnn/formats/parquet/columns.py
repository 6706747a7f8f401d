"""The meaning of the columns of a Parquet file, by the names that are usual for them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from uisrnn.errors import InputError

ROLES = ("sequence", "time", "label", "embedding", "info")
SEQUENCE, TIME, LABEL, EMBEDDING, INFO = ROLES
END = "end"
"""The column with the ends of spans, if `TIME` has their starts."""
DURATION = "duration"
"""The column with the lengths of spans, if `TIME` has their starts and there is no column of ends."""


def _with(words: str, endings: tuple[str, ...] = ("",)) -> frozenset[str]:
    return frozenset(word + ending for word, ending in product(words.split(), endings))


_SECONDS = ("", "time", "s", "sec", "seconds")
_STARTS = _with("start begin onset offset tstart tbeg", _SECONDS) | {"timestart", "timebegin"}
_USUAL = {
    SEQUENCE: _with(
        "sequence file recording rec reco session conversation dialogue dialog call meeting episode utterance utt uri "
        "audio audiofile video filepath audiopath path wav clip",
        ("", "id", "name"),
    ),
    LABEL: _with("label speaker spk spkr talker person identity client cluster", ("", "id", "name", "label")),
    EMBEDDING: _with(
        "embedding emb vector feature feat representation observation x dvector xvector ivector ecapa", ("", "s")
    ),
    TIME: _STARTS | _with("time timestamp center centre middle seconds t", ("", "s", "sec", "seconds")),
    END: _with("end stop tend", _SECONDS) | {"timeend", "timestop"},
    DURATION: _with("duration dur", _SECONDS),
}
"""Words for each role, in small letters and without signs between them."""


@dataclass(frozen=True)
class Columns:
    """Which column of a table has which role.

    Attributes:
        names: of the columns, by their roles.
        partitions: values of columns that the names of folders tell, by the names of the columns.
        notes: what the log should say about the choice.
    """

    names: Mapping[str, str]
    partitions: Mapping[str, str | None]
    notes: tuple[str, ...]

    @staticmethod
    def of(arrow: Any, path: Path, schema: Any, partitions: Mapping[str, str | None]) -> "Columns":
        """Find the columns of a file.

        A column that is called as its role has this role. Else a column with a usual name has it.

        Args:
            arrow: the module pyarrow.
            path: of the file; error messages begin with it.
            schema: of the file.
            partitions: see above; a column of the file comes before a partition of the same name.

        Raises:
            InputError: there is no column of embeddings, a column is there twice, or several columns may have a role.
        """
        types = dict(zip(schema.names, schema.types, strict=True))
        constants = {name: value for name, value in partitions.items() if name not in types}
        search = _Search(arrow, path, [*schema.names, *constants], types)
        chosen = {role: search.column(role) for role in ROLES}
        names = {role: name for role, name in chosen.items() if name is not None}
        if EMBEDDING not in names:
            raise InputError(
                f"{path}: needs a column 'embedding' with lists of numbers, but has {', '.join(types):.200}"
            )
        search.require_lists(names[EMBEDDING])
        notes = [f"read column {name!r} as {role!r}" for role, name in names.items() if name != role]
        if _plain(names.get(TIME, "")) in _STARTS:
            for role in (END, DURATION):
                length = search.column(role)
                if length is not None:
                    names[role] = length
                    notes.append(f"read the middle of {names[TIME]!r} with {length!r} as 'time'")
                    break
        return Columns(names, constants, (*notes, *search.ignored(names)))

    @property
    def in_file(self) -> list[str]:
        """The names of the columns to read from the file."""
        return [name for name in self.names.values() if name not in self.partitions]

    def table(self, arrow: Any, batch: Any) -> Any:
        """A batch of rows with a column for each role, called as the role."""
        arrays = [self._array(arrow, batch, name) for name in self.names.values()]
        return arrow.RecordBatch.from_arrays(arrays, list(self.names))

    def _array(self, arrow: Any, batch: Any, name: str) -> Any:
        if name not in self.partitions:
            return usual_array(arrow, batch.column(name))
        value = self.partitions[name]
        if name == self.names.get(TIME) and value is not None:
            return arrow.array([float(value)] * batch.num_rows)
        return arrow.array([value] * batch.num_rows, arrow.string())


def usual_array(arrow: Any, array: Any) -> Any:
    """An array of a type that all functions of Arrow know: extensions and views become the usual types."""
    kind = array.type
    if hasattr(array, "storage"):
        return array.storage
    if str(kind) == "string_view":
        return array.cast("string")
    if str(kind).startswith(("list_view", "large_list_view")):
        return array.cast(arrow.large_list(kind.value_type))
    return array


def _plain(name: str) -> str:
    """A name in small letters, without signs between words.

    >>> _plain("Speaker-ID")
    'speakerid'
    """
    return re.sub(r"[\W_]", "", name).lower()


@dataclass(frozen=True)
class _Search:
    """The columns among which roles are dealt out.

    Attributes:
        arrow: the module pyarrow.
        path: of the file.
        names: of columns of the file and of partitions.
        types: of the columns of the file.
    """

    arrow: Any
    path: Path
    names: list[str]
    types: Mapping[str, Any]

    def column(self, role: str) -> str | None:
        """The name of the column with a role; None if no column has it."""
        if self.names.count(role) > 1:
            raise InputError(f"{self.path}: needs each column once, but has {role!r} twice")
        if role in self.names:
            return role
        candidates = self.candidates(role)
        if len(candidates) > 1:
            columns = " and ".join(map(repr, candidates))
            raise InputError(
                f"{self.path}: columns {columns:.200} may each be the {role}; rename the right column to {role!r}"
            )
        return candidates[0] if candidates else None

    def candidates(self, role: str) -> list[str]:
        """The columns whose name and type are usual for a role."""
        usual = _USUAL.get(role, frozenset())
        return [name for name in self.names if _plain(name) in usual and self._may_be(role, name)]

    def ignored(self, chosen: Mapping[str, str]) -> list[str]:
        """What the log should say of columns that look like names of sequences or labels, but are not read."""
        notes = [
            f"ignored column {name!r}, because there is a column {role!r}"
            for role in (SEQUENCE, LABEL)
            for name in self.candidates(role)
            if name not in chosen.values()
        ]
        unread = [name for name in self.names if name not in chosen.values()]
        if SEQUENCE not in chosen and unread:
            notes.append(
                f"all rows are a single sequence, because no column is 'sequence'; unread: {', '.join(unread)}"
            )
        return notes

    def require_lists(self, name: str) -> None:
        """Require a column with lists of numbers.

        Raises:
            InputError: the column holds something else.
        """
        if not self._holds_lists(name):
            raise InputError(
                f"{self.path}: the column {name} must hold lists of numbers, but holds {self.types.get(name)!s:.80}"
            )

    def _may_be(self, role: str, name: str) -> bool:
        if role == EMBEDDING:
            return self._holds_lists(name)
        return role not in (TIME, END, DURATION) or name not in self.types or self._is_number(self.types[name])

    def _holds_lists(self, name: str) -> bool:
        kind = self.types.get(name)
        kind = getattr(kind, "storage_type", kind)
        return kind is not None and any(test(kind) for test in self._lists()) and self._is_number(kind.value_type)

    def _lists(self) -> list[Callable[[Any], bool]]:
        names = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
        return [getattr(self.arrow.types, name) for name in names if hasattr(self.arrow.types, name)]

    def _is_number(self, kind: Any) -> bool:
        return bool(self.arrow.types.is_floating(kind) or self.arrow.types.is_integer(kind))
