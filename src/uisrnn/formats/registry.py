"""All formats, and the choice of a format for a path."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats.foreign import ForeignKind, kind_of, kind_without_sequences
from uisrnn.formats.format import Format
from uisrnn.formats.jsonl import JsonLines
from uisrnn.formats.kaldi.kaldi import Kaldi
from uisrnn.formats.npz.npy import Npy
from uisrnn.formats.npz.npz import Npz
from uisrnn.formats.parquet.parquet import Parquet

FORMATS: list[Format] = [Npz(), Parquet(), JsonLines(), Kaldi(), Npy()]


def register(format: Format) -> None:
    """Add a format, so that `load_sequences`, `save_sequences`, `Dataset` and all commands know it.

    Args:
        format: an object with the attributes and methods of `uisrnn.formats.Format`. It replaces a format of the same
            name.

    Raises:
        ArgumentError: a suffix of the format belongs to another format.
    """
    others = [other for other in FORMATS if other.name != format.name]
    for other in others:
        taken = set(other.suffixes) & set(format.suffixes)
        if taken:
            raise ArgumentError(f"suffixes of {format.name} must be its own, but {min(taken)!r} is of {other.name}")
    FORMATS[:] = [*others, format]


def suffixes() -> list[str]:
    """The suffixes of all formats, without the empty suffix of folders."""
    return [suffix for format in FORMATS for suffix in format.suffixes if suffix]


def holds_sequences(path: Path) -> bool:
    """Whether the suffix of a path is of a format."""
    return suffix_of(path) in suffixes()


def kind_without_model(path: Path) -> ForeignKind | None:
    """The kind of a file that holds no model; None if the suffix tells nothing."""
    if holds_sequences(path):
        return ForeignKind("a file of sequences", "give a model file in its place")
    return kind_of(path)


def suffix_of(path: Path) -> str:
    """The suffix of a path in small letters, with the suffix before `.gz`.

    >>> suffix_of(Path("a.NPZ")), suffix_of(Path("feats.scp.gz"))
    ('.npz', '.scp.gz')
    """
    last = path.suffix.lower()
    return path.with_suffix("").suffix.lower() + last if last == ".gz" else last


def to_read(path: Path, name: str | None) -> Format:
    """The format of a file or a folder: the format of a name, else by the contents of the folder or by the suffix.

    Raises:
        ArgumentError: there is no format of this name.
        InputError: the suffix is unknown, or the folder holds files of no format or of several formats.
        FileNotFoundError: there is no such file or folder.
    """
    if name is not None:
        return named(name)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not path.is_dir():
        foreign = None if holds_sequences(path) else kind_without_sequences(path)
        if foreign is not None:
            raise InputError(f"{path}: {foreign.error('a file of sequences')}")
        return _by_suffix(path, FORMATS if path.suffix else [])
    fitting = [format for format in FORMATS if format.fits_folder(path)]
    if len(fitting) != 1:
        names = " and ".join(format.name for format in fitting) or "nothing known"
        raise InputError(f"{path}: the folder must hold files of one format, but holds {names}; give `format`")
    return fitting[0]


def to_write(path: Path, name: str | None) -> Format:
    """The format to write: the format of a name, else by the suffix.

    Raises:
        ArgumentError: there is no format of this name.
        InputError: the suffix is unknown.
    """
    return _by_suffix(path, FORMATS) if name is None else named(name)


def named(name: str) -> Format:
    """The format of a name.

    Raises:
        ArgumentError: there is no such format.
    """
    for format in FORMATS:
        if format.name == name:
            return format
    names = ", ".join(format.name for format in FORMATS)
    raise ArgumentError(f"format must be one of {names}, but is {name!r:.80}")


def _by_suffix(path: Path, formats: Iterable[Format]) -> Format:
    suffix = suffix_of(path)
    for format in formats:
        if suffix in format.suffixes:
            return format
    raise InputError(f"{path}: the suffix must be one of {', '.join(suffixes())}, but is {suffix!r}; or give `format`")
