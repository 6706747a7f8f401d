"""STM files: transcribed segments of speakers, read as turns."""

import os

from uisrnn.errors import InputError
from uisrnn.turns.channels import Channel
from uisrnn.turns.lines import NOT_AVAILABLE, read_fields, start_and_end
from uisrnn.turns.turn import Turn

_FEWEST = 5  # fields; labels and transcript may follow
_NOBODY = "inter_segment_gap"  # the speaker of segments in which nobody is transcribed
_IGNORED = "ignore_time_segment_in_scoring"  # the transcript of segments that are no turn


def read(path: str | os.PathLike[str]) -> dict[Channel, list[Turn]]:
    """Read the turns of an STM file, NIST's segment time marks.

    Args:
        path: the file, UTF-8. A line is `<file id> <channel> <speaker> <start> <end> [<labels>] [transcript]`; `;` or
            `#` begins a comment line. Segments of the speaker `inter_segment_gap`, and segments with the transcript
            `ignore_time_segment_in_scoring`, are no turns.

    Returns:
        The turns of each channel, both in the order of the file.

    Raises:
        InputError: a line is not a segment; the message names file and line.
        OSError: the file cannot be read.
    """
    channels: dict[Channel, list[Turn]] = {}
    for where, fields in read_fields(path, "an STM file"):
        if len(fields) < _FEWEST:
            raise InputError(
                f"{where}: a segment needs {_FEWEST} fields (file id, channel, speaker, start, end), "
                f"but has {len(fields)}"
            )
        channel = Channel(*fields[:2])
        speaker, start, end, *rest = fields[2:]
        if speaker.lower() == _NOBODY or (rest and rest[-1].lower() == _IGNORED):
            continue
        if speaker == NOT_AVAILABLE:
            raise InputError(f"{where}: the speaker must have a name, but is {NOT_AVAILABLE}")
        channels.setdefault(channel, []).append(Turn(*_span(start, end, where), speaker))
    return channels


def _span(start: str, end: str, where: str) -> tuple[float, float]:
    try:
        return start_and_end(start, end, where)
    except InputError as error:
        raise InputError(f"{error} (does a name have a space?)") from error
