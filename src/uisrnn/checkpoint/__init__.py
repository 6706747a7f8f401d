"""Model files: this library's own format, and a reader for those of 0.1.2."""

import os
from pathlib import Path

from uisrnn.checkpoint import native, v0
from uisrnn.checkpoint.contents import Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.formats.registry import kind_without_model

__all__ = ["Checkpoint", "pack", "read", "unpack", "write"]

pack, write = native.pack, native.write


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a model file of either kind; what it is shows in its first bytes.

    Args:
        path: the file.

    Raises:
        CheckpointError: the file is truncated, foreign, hostile or of a later format; nothing in it was run.
        OSError: there is no such file, or it cannot be opened.
    """
    content = Path(path).read_bytes()
    try:
        return unpack(content)
    except CheckpointError as error:
        kind = kind_without_model(Path(path))
        reason = str(error) if kind is None else kind.error("a model file")
        raise CheckpointError(f"{os.fspath(path)}: {reason}") from error.__cause__


def unpack(content: bytes) -> Checkpoint:
    """What the bytes of a model file of either kind hold.

    Raises:
        CheckpointError: see `read`.
    """
    checkpoint = v0.parse(content) if v0.recognises(content) else native.parse(content)
    checkpoint.check()
    return checkpoint
