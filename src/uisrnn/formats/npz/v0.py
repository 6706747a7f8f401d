"""The npz files that scripts of uisrnn 0.1.2 train on and test with, and those of `demo.py`."""

from collections.abc import Iterator

from uisrnn.errors import InputError
from uisrnn.formats.format import errors_at
from uisrnn.formats.npz.archive import Archive
from uisrnn.sequences.labeled import LabeledSequence


class TrainingFile:
    """`train_sequence` (N, D), all sequences one after another, with `train_cluster_id` (N,): read as one sequence."""

    needs = "train_sequence"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        """The one sequence, called as the file."""
        observations = arrays.array(self.needs, "fiu", (2,), "an (N, D) array of numbers")
        labels = None
        if "train_cluster_id" in arrays.names:
            labels = arrays.values("train_cluster_id", "Uiu", (1,), "an (N,) array of cluster ids, <U or integers")
        with errors_at(arrays.path):
            yield LabeledSequence(observations, labels, name=arrays.path.stem)


class TestFile:
    """`test_sequences` (n, T, D) with `test_cluster_ids` (n, T)."""

    needs = "test_sequences"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        """The n sequences, numbered."""
        observations = arrays.array(self.needs, "fiu", (3,), "an (n, T, D) array of numbers")
        labels = [None] * len(observations)
        if "test_cluster_ids" in arrays.names:
            labels = arrays.values("test_cluster_ids", "Uiu", (2,), "an (n, T) array of cluster ids, <U or integers")
        if len(labels) != len(observations):
            raise InputError(
                f"{arrays.path}: {len(observations)} test_sequences need as many test_cluster_ids, "
                f"but there are {len(labels)}"
            )
        for number, (one, ids) in enumerate(zip(observations, labels, strict=True)):
            with errors_at(arrays.path):
                yield LabeledSequence(one, ids, name=f"{arrays.path.stem}-{number}")
