"""The conversation format: an npz file with all sequences one after another.

    embeddings  float32 (sum of lengths, D)
    labels      int32 (sum of lengths), local to a conversation
    lengths     int64 (number of conversations)
    meta        a JSON text: a list with an object a conversation; its "speakers" name the voices behind the labels

What this has no place for is added where there is such a thing, so that readers of these four still read the file:

    names       a JSON text: a list of names
    times       float64 (sum of lengths), NaN where a sequence has none
    labeled     bool (number of conversations), where some have labels and some do not; without labels at all,
                `labels` is missing
    info        a JSON text: a list with what is known of each conversation where `meta` cannot say it, or null
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
_INT32, _INT64 = np.iinfo(np.int32), np.iinfo(np.int64)
_NO_LABEL = -1
_Labels = tuple[Label, ...] | None


class Conversations:
    """The layout of such files."""

    needs = "embeddings"

    def sequences(self, arrays: Archive) -> Iterator[LabeledSequence]:
        """The sequences in their order."""
        embeddings = arrays.array("embeddings", "fiu", (2,), "an (N, D) array of numbers")
        cuts = _cuts(arrays, len(embeddings))
        number = len(cuts) - 1
        names = _texts(arrays, "names", number, str) or _default_names(arrays.path, number)
        meta = _texts(arrays, "meta", number, dict) or [{}] * number
        info = _texts(arrays, "info", number, (dict, type(None))) or [None] * number
        times, codes = _times(arrays, cuts), _codes(arrays, cuts)
        for i in range(number):
            labels = _named(codes[i], _table(meta[i]))
            known = _without_own_table(meta[i], labels) if info[i] is None else info[i]
            with errors_at(arrays.path):
                yield LabeledSequence(embeddings[cuts[i] : cuts[i + 1]], labels, times[i], names[i], known)

    def write(self, arrays: ArchiveWriter, sequences: list[LabeledSequence]) -> None:
        """Write the sequences; their observations are all of one dimension."""
        coded = [_coded(one.labels, one.info) for one in sequences]
        meta = [said for _codes, said in coded]
        arrays.write_rows("embeddings", [one.observations for one in sequences])
        if any(one.labels is not None for one in sequences):
            _write_labels(arrays, sequences, [codes for codes, _said in coded])
        arrays.write("lengths", np.array([len(one) for one in sequences], dtype=np.int64))
        arrays.write("meta", np.array(json_text.dump(meta)))
        arrays.write("names", np.array(json_text.dump([one.name for one in sequences])))
        if any(one.times is not None for one in sequences):
            times = [np.full(len(one), np.nan) if one.times is None else one.times for one in sequences]
            arrays.write_rows("times", list(times))
        told = [_without_own_table(said, one.labels) for said, one in zip(meta, sequences, strict=True)]
        untold = [None if one.info == said else dict(one.info) for said, one in zip(told, sequences, strict=True)]
        if any(one is not None for one in untold):
            arrays.write("info", np.array(json_text.dump(untold)))


def _cuts(arrays: Archive, total: int) -> list[int]:
    """Where sequences begin and end."""
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
    """A list with an entry a sequence, from JSON."""
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
    array = arrays.array(name, kinds, (1,), "an array with one entry an observation")
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
    filled = [given or [_NO_LABEL] * len(one) for given, one in zip(codes, sequences, strict=True)]
    array = np.concatenate([np.array(one, dtype=np.int64) for one in filled])
    is_small = array.min() >= _INT32.min and array.max() <= _INT32.max
    arrays.write("labels", array.astype(np.int32) if is_small else array)
    labeled = np.array([one.labels is not None for one in sequences])
    if not labeled.all():
        arrays.write("labeled", labeled)


def _table(info: Mapping[str, Any]) -> dict[int, Label]:
    """The names of labels by their codes; empty where "speakers" are no such thing."""
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
    """The table that is made for labels where the sequence brings none: codes by first appearance."""
    if labels is None or all(isinstance(one, int) and _INT64.min <= one <= _INT64.max for one in labels):
        return {}
    return {str(code): label for code, label in enumerate(dict.fromkeys(labels))}


def _coded(labels: _Labels, info: Mapping[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """The codes of labels, and the object of `meta` by whose "speakers" these become the labels again."""
    if labels is None:
        return [], dict(info)
    brought = {name: code for code, name in _table(info).items()}
    if all(label in brought for label in labels):
        return [brought[label] for label in labels], dict(info)
    own = _own_table(labels)
    said = {key: value for key, value in info.items() if key != _SPEAKERS}
    if not own:
        return [int(label) for label in labels], said
    return labelling.encode(list(labels)).tolist(), {_SPEAKERS: own, **said}


def _without_own_table(said: Mapping[str, Any], labels: _Labels) -> dict[str, Any]:
    """What `meta` says beside the table that was made for the labels."""
    if labels is None or said.get(_SPEAKERS) != _own_table(labels):
        return dict(said)
    return {key: value for key, value in said.items() if key != _SPEAKERS}
