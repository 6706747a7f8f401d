"""Models and sequences that words of the command line name."""

from collections.abc import Iterable
from pathlib import Path

from uisrnn.arguments import ModelArguments
from uisrnn.corpus.dataset import Dataset
from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats import iterate_sequences, registry
from uisrnn.pretrained import PRETRAINED, load_pretrained
from uisrnn.sequences.labeled import LabeledSequence, with_times
from uisrnn.uisrnn import UISRNN

_LONGEST_HOP = 1e6  # seconds


def model_of(word: str, device: str = "auto") -> UISRNN:
    """The model in a file, or the pretrained model of a name.

    Args:
        word: the path of a file, or a name.
        device: for the computation, see `ModelArguments.device`.

    Raises:
        ArgumentError: there is no such device.
        InputError: there is no such file, and no such name.
        CheckpointError: the file is not a model.
    """
    process = ModelArguments(verbosity=2, device=device)
    if Path(word).exists():
        return UISRNN.from_file(word, process)
    if word in PRETRAINED:
        return load_pretrained(word, process)
    raise InputError(
        f"{word}: there is no such file, and models that come with the package are {', '.join(PRETRAINED)}"
    )


def holds_data(path: Path) -> bool:
    """Whether a path is a folder, or has the suffix of a file of sequences."""
    return path.is_dir() or registry.holds_sequences(path)


def sequences_of(
    paths: Iterable[Path], rttm: Path | None = None, hop: float | None = None, **marks: str
) -> list[LabeledSequence]:
    """Read the sequences of files and folders.

    Args:
        paths: of the files and folders.
        rttm: an RTTM file; observations get the speakers at their times as labels.
        hop: seconds between observations, for sequences without times.
        marks: `silence` and `overlap`, see `iterate_sequences`.

    Raises:
        InputError: a file cannot be read, or has no sequence; the message names the file.
        OSError: there is no such file.
    """
    require_hop(hop)
    return [with_times(sequence, hop) for path in paths for sequence in iterate_sequences(path, rttm=rttm, **marks)]


def require_hop(hop: float | None) -> None:
    """Require that `--hop` is a number of seconds, or None.

    Raises:
        ArgumentError: it is not.
    """
    if hop is not None and not 0 < hop < _LONGEST_HOP:
        raise ArgumentError(f"--hop must be a number of seconds > 0 and < {_LONGEST_HOP:g}, but is {hop}")


def dataset_of(
    paths: Iterable[Path],
    rttm: Path | None = None,
    on_error: str = "stop",
    scratch: Path | None = None,
    **marks: str,
) -> Dataset:
    """A dataset of files and folders.

    Args:
        paths: of the files and folders.
        rttm: an RTTM file; observations get the speakers at their times as labels.
        on_error: see `Dataset`.
        scratch: see `Dataset`.
        marks: `silence` and `overlap`, see `iterate_sequences`.

    Raises:
        ArgumentError: an argument has a value that it cannot have.
        OSError: a file or folder is missing.
    """
    places = list(paths)
    for path in places:
        path.stat()
    return Dataset(places, rttm=rttm, on_error=on_error, scratch=scratch, **marks)
