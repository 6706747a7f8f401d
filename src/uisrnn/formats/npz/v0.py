"""Arrays in the form that scripts of uisrnn 0.1.2 have them: `train_sequence` with `train_cluster_id`, and so on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.formats.format import errors_at
from uisrnn.formats.npz.archive import Archive
from uisrnn.sequences.labeled import LabeledSequence

SINGLE = 2  # dimensions of the array of a sequence, (T, D)
SEVERAL = 3  # dimensions of the array of several sequences, (n, T, D)
NEEDS = {SINGLE: "an (N, D) array of numbers", SEVERAL: "an (n, T, D) array of numbers"}
NEEDS_IDS = {
    SINGLE: "an (N,) array of cluster ids, <U or integers",
    SEVERAL: "an (n, T) array of cluster ids, <U or integers",
}


class TrainingFile:
    """`train_sequence` (N, D) with `train_cluster_id` (N,): read as a sequence with the name of the file."""

    needs = "train_sequence"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        return _sequences(arrays, self.needs, "train_cluster_id", SINGLE)


class TestFile:
    """`test_sequences` (n, T, D) with `test_cluster_ids` (n, T): read as n numbered sequences."""

    needs = "test_sequences"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        return _sequences(arrays, self.needs, "test_cluster_ids", SEVERAL)


def _sequences(arrays: Archive, name: str, name_of_ids: str, dimensions: int) -> Iterator[LabeledSequence]:
    observations = arrays.array(name, "fiu", (dimensions,), NEEDS[dimensions])
    ids = None
    if name_of_ids in arrays.names:
        ids = arrays.values(name_of_ids, "Uiu", (dimensions - 1,), NEEDS_IDS[dimensions])
    return labelled(observations, ids, arrays.path)


def labelled(observations: NDArray[Any], ids: list[Any] | None, path: Path) -> Iterator[LabeledSequence]:
    """The sequences of an array.

    Args:
        observations: (T, D), one sequence; or (n, T, D), n sequences.
        ids: T cluster ids, or n lists of T cluster ids; None: there are no labels.
        path: of the file, which names the sequences.

    Raises:
        InputError: the numbers of observations and cluster ids differ; the message begins with `path`.
    """
    if observations.ndim == SINGLE:
        with errors_at(path):
            yield LabeledSequence(observations, ids, name=path.stem)
        return
    if ids is not None and len(ids) != len(observations):
        raise InputError(
            f"{path}: {len(observations)} sequences need as many lists of cluster ids, but there are {len(ids)}"
        )
    for number, sequence in enumerate(observations):
        with errors_at(path):
            yield LabeledSequence(sequence, None if ids is None else ids[number], name=f"{path.stem}-{number}")
