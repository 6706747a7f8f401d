"""Files that a command will write."""

import os
from pathlib import Path

from uisrnn.errors import ArgumentError


def require_place(out: Path, option: str = "--out") -> None:
    """Nobody shall wait for an hour to learn that there is nowhere to put the result.

    Raises:
        ArgumentError: there is no such folder, it cannot be written to, or the path is one.
    """
    if not out.parent.is_dir() or out.is_dir():
        raise ArgumentError(f"{option} must be a file in a folder that exists, but is {out}")
    if not os.access(out if out.exists() and not out.is_file() else out.parent, os.W_OK):
        raise ArgumentError(f"{option} must be where files can be written, but is {out}")


def require_folder_place(out: Path, option: str = "--out") -> None:
    """Refuse a folder that cannot be made, before work begins.

    Raises:
        ArgumentError: there is no folder around it, that folder cannot be written to, or there are files in it already.
    """
    if not out.parent.is_dir() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise ArgumentError(f"{option} must be a new or empty folder in a folder that exists, but is {out}")
    if not os.access(out.parent, os.W_OK):
        raise ArgumentError(f"{option} must be where files can be written, but is {out}")
