"""npy files: an array a file, as `train_sequence.npy` with `train_cluster_id.npy`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.formats.format import files_in
from uisrnn.formats.npz.arrays import plain_values, read_header, reading, require_kind
from uisrnn.formats.npz.v0 import NEEDS, NEEDS_IDS, SEVERAL, SINGLE, labelled
from uisrnn.sequences.labeled import LabeledSequence

_SEQUENCE = "sequence"
_CLUSTER_ID = "cluster_id"


class Npy:
    """The format of npy files, or of folders with such files; it is only read.

    A (T, D) array is a sequence, a (n, T, D) array is n sequences. If "sequence" is a part of the name of a file, the
    labels are in the file with "cluster_id" in its place.
    """

    name = "npy"
    suffixes: tuple[str, ...] = (".npy",)

    def fits_folder(self, folder: Path) -> bool:
        return bool(self.shards(folder))

    def shards(self, path: Path) -> list[Path]:
        files = files_in(path, ".npy")
        read_with_others = set(map(_ids_of, files))
        return files if files == [path] else [file for file in files if file not in read_with_others]

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        for shard in shards:
            for sequence in _sequences(shard):
                yield shard, sequence

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        raise InputError(f"{path}: an npy file has no place for names, labels and times; write an .npz file instead")


def _sequences(path: Path) -> Iterator[LabeledSequence]:
    if _CLUSTER_ID in path.stem:
        beside = path.with_name(path.name.replace(_CLUSTER_ID, _SEQUENCE))
        raise InputError(f"{path}: holds cluster ids; give the path of their observations, {beside.name}, instead")
    observations = _array(path, "fiu", (SINGLE, SEVERAL), f"{NEEDS[SINGLE]}, or {NEEDS[SEVERAL]}")
    path_of_ids = _ids_of(path)
    if path_of_ids is None or not path_of_ids.exists():
        return labelled(observations, None, path)
    ids = _array(path_of_ids, "Uiu", (observations.ndim - 1,), NEEDS_IDS[observations.ndim])
    return labelled(observations, plain_values(ids, str(path_of_ids)), path)


def _ids_of(path: Path) -> Path | None:
    """The path of the labels of a file; None if its name tells none."""
    if _SEQUENCE not in path.stem:
        return None
    return path.with_name(path.name.replace(_SEQUENCE, _CLUSTER_ID))


def _array(path: Path, kinds: str, dimensions: tuple[int, ...], needs: str) -> NDArray[Any]:
    place = str(path)
    with open(path, "rb") as file, reading(place, "npy"):
        read_header(file, place).require_fit(os.fstat(file.fileno()).st_size, place)
        file.seek(0)
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return require_kind(array, kinds, dimensions, needs, place)
