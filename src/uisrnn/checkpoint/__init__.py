"""Model files: the format of this library, and a reader for files of 0.1.2."""

import os
from pathlib import Path

from uisrnn.checkpoint import native, v0
from uisrnn.checkpoint.contents import Checkpoint
from uisrnn.errors import CheckpointError
from uisrnn.formats.registry import kind_without_model

__all__ = ["Checkpoint", "pack", "read", "unpack", "write"]

pack = native.pack
write = native.write


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a model file of this library or of 0.1.2; the first bytes tell the format.

    Args:
        path: the file.

    Raises:
        CheckpointError: the file is truncated, foreign, hostile or of a later format; nothing in the file was run.
        OSError: the file does not exist, or cannot be opened.
    """
    content = Path(path).read_bytes()
    try:
        return unpack(content)
    except CheckpointError as error:
        kind = kind_without_model(Path(path))
        reason = str(error) if kind is None else kind.error("a model file")
        raise CheckpointError(f"{os.fspath(path)}: {reason}") from error.__cause__


def unpack(content: bytes) -> Checkpoint:
    """The model in the bytes of a model file.

    Args:
        content: bytes of a file of this library or of 0.1.2.

    Raises:
        CheckpointError: see `read`.
    """
    checkpoint = v0.parse(content) if v0.recognises(content) else native.parse(content)
    checkpoint.check()
    return checkpoint
