"""Sequences in files: npz, npy, Parquet, JSON lines and Kaldi, read into and written from `LabeledSequence`s."""

import os
from collections.abc import Iterable, Iterator

from uisrnn.errors import InputTypeError
from uisrnn.formats import registry
from uisrnn.formats.format import Format, errors_at
from uisrnn.formats.portable import portable
from uisrnn.formats.reader import SequenceReader
from uisrnn.formats.reading import Stopping, place_of
from uisrnn.formats.registry import register
from uisrnn.formats.sequence_sources import Files
from uisrnn.sequences.labeled import LabeledSequence

__all__ = ["Format", "errors_at", "iterate_sequences", "load_sequences", "register", "save_sequences"]

_Path = str | os.PathLike[str]


def load_sequences(
    path: _Path, *, format: str | None = None, rttm: _Path | None = None, silence: str = "drop", overlap: str = "drop"
) -> list[LabeledSequence]:
    """Read all sequences of a file or a folder.

    Args:
        path: `.npz` (the conversation format, or training and test files of uisrnn 0.1.2), `.npy` (observations, with
            labels in a file beside it, as `train_sequence.npy` and `train_cluster_id.npy`), `.parquet`, `.jsonl`, or a
            folder of such files, for Parquet also with partitions of hive; a Kaldi folder, `.scp` or `.ark`.
        format: `"npz"`, `"npy"`, `"parquet"`, `"jsonl"`, `"kaldi"`, or the name of a format that `register` added;
            None: by the suffix, or by the files in the folder.
        rttm: an RTTM file that labels the observations by the turns at their times. The recording with the name of the
            sequence counts, or the only recording of the file.
        silence: with `rttm`, see `label_by_turns`.
        overlap: with `rttm`, see `label_by_turns`.

    Returns:
        The sequences in their order, of equal dimensions. Parquet files of other programs may have other usual names
        for columns (`file`, `speaker`, `features`, ...); the log says how they are read.

    Raises:
        InputError: a file is damaged, of an unknown format, or wrong; the message names the file and the place.
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
    """Read sequences one at a time; one sequence is in memory, but for npz and npy files, which are read whole.

    Args:
        path: see `load_sequences`.
        format: see `load_sequences`.
        rttm: see `load_sequences`.
        silence: see `load_sequences`.
        overlap: see `load_sequences`.

    Raises:
        UISRNNError, OSError: see `load_sequences`. A missing file is an error at once, a bad sequence when its turn
            comes.
    """
    reader = SequenceReader(Files((place_of(path),), format), rttm, silence, overlap)
    return (sequence for _place, sequence in reader.read(Stopping()))


def save_sequences(path: _Path, sequences: Iterable[LabeledSequence], *, format: str | None = None) -> None:
    """Write sequences to a file, or to a new folder, in one step: all sequences or nothing.

    Reading the file gives the same sequences: observations bit for bit, labels with their types, times, names and info.
    A sequence that the format cannot hold is an error.

    Args:
        path: `.npz` (the conversation format), `.parquet`, `.jsonl`, or a name without suffix, which becomes a Kaldi
            folder.
        sequences: at least one sequence, of equal dimensions, with distinct names; sequences without a name get a
            number, but for the first. All formats but npz write the sequences of an iterator while they come.
        format: see `load_sequences`; None: by the suffix.

    Raises:
        InputError: a sequence cannot be written; the message begins with its name.
        InputTypeError: an object is not a `LabeledSequence`.
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
