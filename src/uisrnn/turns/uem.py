"""UEM files: the regions of recordings that are scored."""

import os

from uisrnn.errors import InputError
from uisrnn.turns.channels import Channel
from uisrnn.turns.lines import read_fields, start_and_end
from uisrnn.turns.turn import Span

_FIELDS = 4


def read(path: str | os.PathLike[str]) -> dict[Channel, list[Span]]:
    """Read the regions of a UEM file, NIST's un-partitioned evaluation map.

    Args:
        path: the file, UTF-8. A line is `<file id> <channel> <start> <end>`, in seconds; `;` or `#` begins
            a comment line.

    Returns:
        The regions (start seconds, end seconds) of each channel, both in the order of the file.

    Raises:
        InputError: a line is not a region; the message names file and line.
        OSError: the file cannot be read.
    """
    regions: dict[Channel, list[Span]] = {}
    for where, fields in read_fields(path, "a UEM file"):
        if len(fields) != _FIELDS:
            raise InputError(
                f"{where}: a region needs {_FIELDS} fields (file id, channel, start, end), but has {len(fields)}"
            )
        recording, channel, start, end = fields
        regions.setdefault(Channel(recording, channel), []).append(start_and_end(start, end, where))
    return regions
