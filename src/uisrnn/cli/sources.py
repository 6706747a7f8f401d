"""What a word of the command line stands for: a model or data."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from uisrnn.arguments import ModelArguments
from uisrnn.data.formats import iterate_sequences
from uisrnn.data.formats.registry import FORMATS
from uisrnn.data.labeled import LabeledSequence
from uisrnn.errors import ArgumentError, InputError
from uisrnn.pretrained import PRETRAINED, load_pretrained
from uisrnn.uisrnn import UISRNN

_LONGEST_HOP = 1e6  # seconds
_PROCESS = ModelArguments(verbosity=2)


def model_of(word: str) -> UISRNN:
    """The model in a file, or the one that comes with the package under this name.

    Raises:
        InputError: there is neither.
        CheckpointError: the file is no model.
    """
    if Path(word).exists():
        return UISRNN.from_file(word, _PROCESS)
    if word in PRETRAINED:
        return load_pretrained(word, _PROCESS)
    raise InputError(
        f"{word}: there is no such file, and models that come with the package are {', '.join(PRETRAINED)}"
    )


def holds_data(path: Path) -> bool:
    """Whether this is a folder, or has the suffix of a file of sequences."""
    suffixes = {suffix for one in FORMATS for suffix in one.suffixes if suffix}
    return path.is_dir() or path.suffix.lower() in suffixes


def is_rttm(path: Path) -> bool:
    """Whether this is a file of turns, by its suffix."""
    return path.suffix.lower() == ".rttm"


def sequences_of(
    paths: Iterable[Path], rttm: Path | None = None, hop: float | None = None, **marks: str
) -> list[LabeledSequence]:
    """The sequences of all these files and folders.

    Args:
        paths: of them.
        rttm: labels by the speaker at each observation's time.
        hop: seconds between observations, which gives times to sequences that have none.
        marks: `silence` and `overlap`, see `iterate_sequences`.

    Raises:
        InputError: one of them cannot be read, or there is no sequence in it; the message names it.
        OSError: there is no such file.
    """
    if hop is not None and not 0 < hop < _LONGEST_HOP:
        raise ArgumentError(f"--hop must be a number of seconds > 0 and < {_LONGEST_HOP:g}, but is {hop}")
    return [_with_times(one, hop) for path in paths for one in iterate_sequences(path, rttm=rttm, **marks)]


def _with_times(sequence: LabeledSequence, hop: float | None) -> LabeledSequence:
    if hop is None or sequence.times is not None:
        return sequence
    return replace(sequence, times=np.asarray(hop * (0.5 + np.arange(len(sequence))), dtype=np.float64))
