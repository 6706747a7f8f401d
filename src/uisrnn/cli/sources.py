"""What a word of the command line stands for: a model or data."""

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
    """The model in a file, or the one that comes with the package under this name.

    Args:
        word: the file or the name.
        device: where it computes, see `ModelArguments.device`.

    Raises:
        ArgumentError: there is no such device.
        InputError: there is neither.
        CheckpointError: the file is no model.
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
    """Whether this is a folder, or has the suffix of a file of sequences."""
    return path.is_dir() or registry.holds_sequences(path)


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
    require_hop(hop)
    return [with_times(one, hop) for path in paths for one in iterate_sequences(path, rttm=rttm, **marks)]


def require_hop(hop: float | None) -> None:
    """Refuse what cannot be the seconds between observations.

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
    """The same sequences, not in memory.

    Args:
        paths: of files and folders; they are read when the dataset is.
        rttm: labels by the speaker at each observation's time.
        on_error: see `Dataset`.
        scratch: see `Dataset`.
        marks: `silence` and `overlap`, see `iterate_sequences`.

    Raises:
        ArgumentError: an argument has a value that it cannot have.
        OSError: one of the paths is not there.
    """
    places = list(paths)
    for path in places:
        path.stat()
    return Dataset(places, rttm=rttm, on_error=on_error, scratch=scratch, **marks)
