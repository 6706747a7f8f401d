"""All formats, and which one a path is of. To add a format: one file with its class, one entry here."""

import errno
import os
from pathlib import Path

from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats.format import Format
from uisrnn.formats.jsonl import JsonLines
from uisrnn.formats.kaldi.kaldi import Kaldi
from uisrnn.formats.npz.npz import Npz
from uisrnn.formats.parquet.parquet import Parquet

FORMATS: tuple[Format, ...] = (Npz(), Parquet(), JsonLines(), Kaldi())


def to_read(path: Path, name: str | None) -> Format:
    """The format of what is there: by its name, by what the folder holds, or by the suffix.

    Raises:
        ArgumentError: there is no format of this name.
        InputError: the suffix is not known, or the folder holds no or several formats.
        FileNotFoundError: there is nothing.
    """
    if name is not None:
        return named(name)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not path.is_dir():
        return _by_suffix(path, [one for one in FORMATS if path.suffix])
    fitting = [one for one in FORMATS if one.fits_folder(path)]
    if len(fitting) != 1:
        found = " and ".join(one.name for one in fitting) or "nothing known"
        raise InputError(f"{path}: the folder must hold files of one format, but holds {found}; give `format`")
    return fitting[0]


def to_write(path: Path, name: str | None) -> Format:
    """The format to write: by its name, or by the suffix.

    Raises:
        ArgumentError: there is no format of this name.
        InputError: the suffix is not known.
    """
    return _by_suffix(path, list(FORMATS)) if name is None else named(name)


def named(name: str) -> Format:
    """The format of this name.

    Raises:
        ArgumentError: there is none.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise ArgumentError(f"format must be one of {', '.join(one.name for one in FORMATS)}, but is {name!r:.80}")


def _by_suffix(path: Path, formats: list[Format]) -> Format:
    for one in formats:
        if path.suffix.lower() in one.suffixes:
            return one
    known = ", ".join(suffix for one in FORMATS for suffix in one.suffixes if suffix)
    raise InputError(f"{path}: the suffix must be one of {known}, but is {path.suffix!r}; or give `format`")
