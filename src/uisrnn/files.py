"""Atomic writing: a reader finds the old file or the new file, never a part of the new file."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace the file at `path` by `content` in a single step.

    Args:
        path: as for `replacing`.
        content: all of the new content.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write to, and replace the file at `path` by it in a single step at the end.

    The yielded file is a temporary file in the same folder. It is forced to disk and then renamed over the target. A
    process that is killed at any moment leaves the old file whole, and perhaps a hidden `.tmp` file beside it. After
    an error, the temporary file is removed.

    Args:
        path: the file to write; its folder must exist. A symbolic link is followed. A pipe or a device, such as
            `/dev/null`, is written to directly.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file() and not target.is_dir():
        with open(target, "wb") as file:
            yield file
        return
    temporary = _beside(target)
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):  # the caller knows only `path`
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _sync_folder(target.parent)


@contextlib.contextmanager
def filling(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a folder to write files to, and rename it to `path` in a single step at the end.

    Args:
        path: the folder to make; its parent folder must exist. An empty folder is replaced. A folder with files is an
            error, because it cannot be replaced in a single step.

    Raises:
        FileExistsError: `path` is a file, or a folder that is not empty.
        OSError: the folder cannot be made, or the disk is full.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileExistsError(errno.EEXIST, "There must be no such file, nor a folder that is not empty", str(path))
    temporary = _beside(target)
    temporary.mkdir()
    try:
        yield temporary
        if target.exists():
            target.rmdir()
        os.replace(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync_folder(target.parent)


def _beside(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(8)}.tmp")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, if the system can open folders (Windows cannot)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
