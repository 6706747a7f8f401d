"""The conversation format: an npz file with the rows of all sequences.

    embeddings  float32 (sum of lengths, D)
    labels      int32 (sum of lengths), local to a conversation
    lengths     int64 (number of conversations)
    meta        a JSON text: a list with an object a conversation; its "speakers" name the voices behind the labels

Further arrays are written only if they are needed, and readers of the four arrays can ignore them:

    names       a JSON text: a list of names
    times       float64 (sum of lengths), NaN for a sequence without times
    labeled     bool (number of conversations), if only some conversations have labels; `labels` is missing if no
                conversation has labels
    info        a JSON text: a list with the info of each conversation, null if `meta` has it
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.formats import json_text
from uisrnn.formats.format import errors_at
from uisrnn.formats.npz.archive import Archive, ArchiveWriter
from uisrnn.sequences import labels as labelling
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label

_SPEAKERS = "speakers"
_INT32 = np.iinfo(np.int32)
_INT64 = np.iinfo(np.int64)
_NO_LABEL = -1
_Labels = tuple[Label, ...] | None


class Conversations:
    """The schema of the conversation format."""

    needs = "embeddings"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        embeddings = arrays.array("embeddings", "fiu", (2,), "an (N, D) array of numbers")
        cuts = _cuts(arrays, len(embeddings))
        number = len(cuts) - 1
        names = _texts(arrays, "names", number, str) or _default_names(arrays.path, number)
        meta = _texts(arrays, "meta", number, dict) or [{}] * number
        info = _texts(arrays, "info", number, (dict, type(None))) or [None] * number
        times = _times(arrays, cuts)
        codes = _codes(arrays, cuts)
        for i in range(number):
            labels = _named(codes[i], _table(meta[i]))
            own_info = _without_own_table(meta[i], labels) if info[i] is None else info[i]
            with errors_at(arrays.path):
                yield LabeledSequence(embeddings[cuts[i] : cuts[i + 1]], labels, times[i], names[i], own_info)

    def write(self, arrays: ArchiveWriter, sequences: list[LabeledSequence]) -> None:
        """Write sequences of the same dimension."""
        coded = [_coded(sequence.labels, sequence.info) for sequence in sequences]
        meta = [entry for _codes, entry in coded]
        arrays.write_rows("embeddings", [sequence.observations for sequence in sequences])
        if any(sequence.labels is not None for sequence in sequences):
            _write_labels(arrays, sequences, [codes for codes, _entry in coded])
        arrays.write("lengths", np.array([len(sequence) for sequence in sequences], dtype=np.int64))
        arrays.write("meta", np.array(json_text.dump(meta)))
        arrays.write("names", np.array(json_text.dump([sequence.name for sequence in sequences])))
        if any(sequence.times is not None for sequence in sequences):
            arrays.write_rows("times", [_times_or_nan(sequence) for sequence in sequences])
        _write_info(arrays, sequences, meta)


def _times_or_nan(sequence: LabeledSequence) -> NDArray[Any]:
    return np.full(len(sequence), np.nan) if sequence.times is None else sequence.times


def _write_info(arrays: ArchiveWriter, sequences: list[LabeledSequence], meta: list[dict[str, Any]]) -> None:
    """Write the info of each sequence for which `meta` does not give the same info."""
    rest = []
    for sequence, entry in zip(sequences, meta, strict=True):
        is_in_meta = sequence.info == _without_own_table(entry, sequence.labels)
        rest.append(None if is_in_meta else dict(sequence.info))
    if any(info is not None for info in rest):
        arrays.write("info", np.array(json_text.dump(rest)))


def _cuts(arrays: Archive, total: int) -> list[int]:
    """The first row of each sequence, and the end of the last sequence."""
    if "lengths" not in arrays.names:
        raise InputError(f"{arrays.path}: beside embeddings, lengths are needed, but there are none")
    lengths = arrays.values("lengths", "iu", (1,), "an array of integers")
    if any(length < 1 for length in lengths) or sum(lengths) != total:
        raise InputError(
            f"{arrays.path}: lengths must be positive and sum to the {total} rows of embeddings, "
            f"but the least is {min(lengths, default=0)} and the sum {sum(lengths)}"
        )
    ends: list[int] = np.cumsum(np.array(lengths, dtype=np.int64)).tolist()
    return [0, *ends]


def _texts(arrays: Archive, name: str, number: int, kinds: Any) -> list[Any] | None:
    """A list with an entry for each sequence, from JSON; None if the array is missing."""
    if name not in arrays.names:
        return None
    where = f"{arrays.path}, {name}"
    values = json_text.parse(arrays.values(name, "U", (0,), "a JSON text"), where)
    if not isinstance(values, list) or len(values) != number or not all(isinstance(value, kinds) for value in values):
        raise InputError(
            f"{where}: must be a list with an entry for each of the {number} lengths, but is {values!r:.80}"
        )
    return values


def _default_names(path: Path, number: int) -> list[str]:
    return [path.stem] if number == 1 else [f"{path.stem}-{i}" for i in range(number)]


def _rows(arrays: Archive, name: str, kinds: str, cuts: list[int]) -> NDArray[Any]:
    array = arrays.array(name, kinds, (1,), "an array with an entry for each observation")
    if len(array) != cuts[-1]:
        raise InputError(
            f"{arrays.path}: {cuts[-1]} rows of embeddings need as many {name}, but there are {len(array)}"
        )
    return array


def _times(arrays: Archive, cuts: list[int]) -> list[NDArray[Any] | None]:
    if "times" not in arrays.names:
        return [None] * (len(cuts) - 1)
    parts = np.split(_rows(arrays, "times", "f", cuts), cuts[1:-1])
    return [None if np.isnan(part).all() else part for part in parts]


def _codes(arrays: Archive, cuts: list[int]) -> list[list[int] | None]:
    number = len(cuts) - 1
    if "labels" not in arrays.names:
        return [None] * number
    parts = np.split(_rows(arrays, "labels", "iu", cuts), cuts[1:-1])
    labeled = [True] * number
    if "labeled" in arrays.names:
        labeled = arrays.values("labeled", "b", (1,), "an array of booleans")
    if len(labeled) != number:
        raise InputError(f"{arrays.path}: {number} lengths need as many labeled, but there are {len(labeled)}")
    return [part.tolist() if is_labeled else None for part, is_labeled in zip(parts, labeled, strict=True)]


def _write_labels(arrays: ArchiveWriter, sequences: list[LabeledSequence], codes: list[list[int]]) -> None:
    filled = [given or [_NO_LABEL] * len(sequence) for given, sequence in zip(codes, sequences, strict=True)]
    array = np.concatenate([np.array(part, dtype=np.int64) for part in filled])
    is_small = array.min() >= _INT32.min and array.max() <= _INT32.max
    arrays.write("labels", array.astype(np.int32) if is_small else array)
    labeled = np.array([sequence.labels is not None for sequence in sequences])
    if not labeled.all():
        arrays.write("labeled", labeled)


def _table(info: Mapping[str, Any]) -> dict[int, Label]:
    """The labels by their codes, from "speakers"; empty if "speakers" is not such a table."""
    speakers = info.get(_SPEAKERS)
    if not isinstance(speakers, dict) or not all(
        _is_code(code) and isinstance(name, (str, int)) and not isinstance(name, bool)
        for code, name in speakers.items()
    ):
        return {}
    return {int(code): name for code, name in speakers.items()}


def _is_code(text: str) -> bool:
    is_number = len(text) <= 20 and text.isascii() and text.removeprefix("-").isdecimal()
    return is_number and str(int(text)) == text and _INT64.min <= int(text) <= _INT64.max


def _named(codes: list[int] | None, table: dict[int, Label]) -> _Labels:
    return None if codes is None else tuple(table.get(code, code) for code in codes)


def _own_table(labels: _Labels) -> dict[str, Label]:
    """The table for labels of a sequence whose info has no table: codes by first appearance."""
    if labels is None or all(isinstance(label, int) and _INT64.min <= label <= _INT64.max for label in labels):
        return {}
    return {str(code): label for code, label in enumerate(dict.fromkeys(labels))}


def _coded(labels: _Labels, info: Mapping[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """The codes of labels, and the entry of `meta` whose "speakers" give the labels back."""
    if labels is None:
        return [], dict(info)
    brought = {name: code for code, name in _table(info).items()}
    if all(label in brought for label in labels):
        return [brought[label] for label in labels], dict(info)
    own = _own_table(labels)
    rest = {key: value for key, value in info.items() if key != _SPEAKERS}
    if not own:
        return [int(label) for label in labels], rest
    return labelling.encode(list(labels)).tolist(), {_SPEAKERS: own, **rest}


def _without_own_table(entry: Mapping[str, Any], labels: _Labels) -> dict[str, Any]:
    """An entry of `meta` without the table that was made for the labels."""
    if labels is None or entry.get(_SPEAKERS) != _own_table(labels):
        return dict(entry)
    return {key: value for key, value in entry.items() if key != _SPEAKERS}
