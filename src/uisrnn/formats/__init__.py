"""Sequences in files: npz, Parquet, JSON lines and Kaldi, each read into `LabeledSequence`s and written from them."""

import os
from collections.abc import Iterable, Iterator

from uisrnn.errors import InputTypeError
from uisrnn.formats import registry
from uisrnn.formats.format import Format, errors_at
from uisrnn.formats.portable import portable
from uisrnn.formats.reader import SequenceReader
from uisrnn.formats.reading import Stopping, place_of
from uisrnn.formats.registry import register
from uisrnn.formats.sources import Files
from uisrnn.sequences.labeled import LabeledSequence

__all__ = ["Format", "errors_at", "iterate_sequences", "load_sequences", "register", "save_sequences"]

_Path = str | os.PathLike[str]


def load_sequences(
    path: _Path, *, format: str | None = None, rttm: _Path | None = None, silence: str = "drop", overlap: str = "drop"
) -> list[LabeledSequence]:
    """Read all sequences of a file or a folder.

    Args:
        path: `.npz` (the conversation format, or training and test files of uisrnn 0.1.2), `.parquet`, `.jsonl`, or a
            folder of such files; a Kaldi folder, `.scp` or `.ark`.
        format: `"npz"`, `"parquet"`, `"jsonl"` or `"kaldi"`; None: by the suffix, or by what the folder holds.
        rttm: an RTTM file that labels the observations: by who speaks at their times in the recording that is called
            as the sequence, or in its only recording.
        silence: with `rttm`, see `label_by_turns`.
        overlap: with `rttm`, see `label_by_turns`.

    Returns:
        The sequences in their order, of one dimension.

    Raises:
        InputError: what is there is damaged, not of a known format, or wrong; the message tells file and place.
        ArgumentError: an argument has a value that it cannot have.
        MissingExtraError: the package that reads the format is not installed.
        OSError: there is no such file, or it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_sequences(f"{folder}/call.jsonl", [LabeledSequence([[0.5], [2]], ["ann", 7], name="call")])
    ...     load_sequences(f"{folder}/call.jsonl")[0].labels
    ('ann', 7)
    """
    return list(iterate_sequences(path, format=format, rttm=rttm, silence=silence, overlap=overlap))


def iterate_sequences(
    path: _Path, *, format: str | None = None, rttm: _Path | None = None, silence: str = "drop", overlap: str = "drop"
) -> Iterator[LabeledSequence]:
    """Read sequences one at a time; of npz files all that are in one, else only one, are in memory.

    Args:
        path: see `load_sequences`, as for all that follows.
        format: of the file.
        rttm: an RTTM file.
        silence: with `rttm`.
        overlap: with `rttm`.

    Raises:
        UISRNNError, OSError: as `load_sequences`; what is wrong with a sequence when it is reached.
    """
    reader = SequenceReader(Files((place_of(path),), format), rttm, silence, overlap)
    return (sequence for _place, sequence in reader.read(Stopping()))


def save_sequences(path: _Path, sequences: Iterable[LabeledSequence], *, format: str | None = None) -> None:
    """Write sequences to a file, or to a new folder, in one step: all of them or nothing.

    Reading the file again gives the same: observations bit for bit, labels with their types, times, names and info.
    What a format cannot hold is an error.

    Args:
        path: `.npz` (the conversation format), `.parquet`, `.jsonl`, or a name without suffix, which becomes a Kaldi
            folder.
        sequences: at least one, of one dimension, each with a name of its own; those without a name, but for the first,
            get a number. Where they come from an iterator, all formats but npz write them while they come.
        format: see `load_sequences`; None: by the suffix.

    Raises:
        InputError: a sequence cannot be written; the message begins with its name.
        InputTypeError: something is not a `LabeledSequence`.
        ArgumentError: there is no such format.
        MissingExtraError: the package that writes the format is not installed.
        OSError: the file cannot be written.
    """
    place = place_of(path)
    kind = registry.to_write(place, format)
    if isinstance(sequences, LabeledSequence) or not isinstance(sequences, Iterable):
        raise InputTypeError(f"sequences must be a list of LabeledSequences, but are {type(sequences).__name__}")
    checked = portable(sequences)
    kind.write(place, list(checked) if isinstance(sequences, (list, tuple)) else checked)
