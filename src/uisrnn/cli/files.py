"""Checks of paths before the work, so that hours of work are not lost because the result cannot be written."""

import os
from pathlib import Path

from uisrnn.errors import ArgumentError


def require_place(out: Path, option: str = "--out") -> None:
    """Require a path to which a file can be written.

    Raises:
        ArgumentError: the folder does not exist or is not writable, or the path is a folder.
    """
    if not out.parent.is_dir() or out.is_dir():
        raise ArgumentError(f"{option} must be a file in a folder that exists, but is {out}")
    if not os.access(out if out.exists() and not out.is_file() else out.parent, os.W_OK):
        raise ArgumentError(f"{option} must be a writable file, but is {out}")


def require_folder_place(out: Path, option: str = "--out") -> None:
    """Require a path at which a folder can be made.

    Raises:
        ArgumentError: the parent folder does not exist or is not writable, or the folder is not empty.
    """
    if not out.parent.is_dir() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise ArgumentError(f"{option} must be a new or empty folder in a folder that exists, but is {out}")
    if not os.access(out.parent, os.W_OK):
        raise ArgumentError(f"{option} must be in a writable folder, but is {out}")
