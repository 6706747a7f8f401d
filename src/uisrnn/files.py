"""Writing a file so that a reader finds either the old one or the new one, never a half."""

import contextlib
import os
import secrets
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace the file at `path` by `content` in one step.

    The content goes to a temporary file in the same folder, is forced to disk and then renamed over the target, so
    that a process killed at any moment leaves the old file whole (and perhaps a hidden `.tmp` file beside it).

    Args:
        path: the file to write; its folder must exist. A symbolic link is followed; what is no file, like a pipe or
            `/dev/null`, is written to directly.
        content: all of the new content.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        target.write_bytes(content)
        return
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be opened (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
