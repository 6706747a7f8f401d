"""Sound files of voices, found in a folder or listed in a manifest."""

import csv
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from uisrnn.errors import InputError

_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".w64", ".caf"})
_MANIFEST = "manifest.csv"
_FILE_COLUMNS = ("file", "path")
_VOICE_COLUMNS = ("speaker", "voice")


def find_voices(path: str | os.PathLike[str], split: str | None = None) -> dict[str, list[Path]]:
    """The sound files of each voice, for `compose`.

    Args:
        path: a CSV file with columns `file` (or `path`, relative to the CSV file) and `speaker` (or `voice`); or a
            folder with such a file, `manifest.csv`; or a folder with a subfolder for each voice.
        split: only rows of the CSV file with this value in the column `split`. None: all rows.

    Raises:
        InputError: the path is not a CSV file or such a folder, a column is missing, or there is no sound file.
        OSError: the path cannot be read.
    """
    place = Path(path)
    if place.is_dir() and (place / _MANIFEST).exists():
        place = place / _MANIFEST
    if place.is_dir():
        if split is not None:
            raise InputError(f"{place}: split {split!r} needs a {_MANIFEST} with a column 'split'")
        voices = _subfolders(place)
    else:
        voices = _manifest(place, split)
    if not voices:
        rows = "rows" if split is None else f"rows of split {split!r}"
        wanted = f"sound files in a subfolder for each voice, or a {_MANIFEST}" if place.is_dir() else rows
        raise InputError(f"{place}: there must be {wanted}, but there are none")
    return voices


def _subfolders(folder: Path) -> dict[str, list[Path]]:
    voices = {
        inner.name: sorted(path for path in inner.rglob("*") if path.suffix.lower() in _SUFFIXES)
        for inner in sorted(folder.iterdir())
        if inner.is_dir()
    }
    return {name: paths for name, paths in voices.items() if paths}


def _manifest(path: Path, split: str | None) -> dict[str, list[Path]]:
    voices: dict[str, list[Path]] = defaultdict(list)
    with open(path, encoding="utf-8-sig", newline="") as file:
        try:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            file_column = _column(columns, _FILE_COLUMNS, path)
            voice_column = _column(columns, _VOICE_COLUMNS, path)
            split_column = _column(columns, ("split",), path) if split is not None else ""
            for row in rows:
                if split is None or row[split_column] == split:
                    if not row[file_column] or not row[voice_column]:
                        raise InputError(f"{path}, line {rows.line_num}: a file and a voice are needed")
                    voices[row[voice_column]].append(path.parent / row[file_column])
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path}: cannot be read as a CSV file: {error}") from error
    return dict(voices)


def _column(columns: Sequence[str], names: tuple[str, ...], path: Path) -> str:
    for name in names:
        if name in columns:
            return name
    wanted = " or ".join(map(repr, names))
    raise InputError(f"{path}: a column {wanted} is needed, but the columns are {', '.join(columns) or 'none'}")
