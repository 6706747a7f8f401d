"""Sequences from the archives and the text files of a Kaldi folder."""

import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.formats import json_text
from uisrnn.formats.compressed import open_plain
from uisrnn.formats.format import errors_at
from uisrnn.formats.kaldi import ark
from uisrnn.formats.kaldi import tables as kaldi_tables
from uisrnn.formats.kaldi import words as kaldi_words
from uisrnn.formats.kaldi.segments import Segment, read_durations, read_segments
from uisrnn.formats.kaldi.tables import Entry, text_file
from uisrnn.formats.text import line_of, numbered_lines
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.labels import Label

SEGMENTS = "segments"
SPEAKERS = "utt2spk"
OWN = "uisrnn.jsonl"
_DURATIONS = "reco2dur"
_TOLERANCE = 1e-3  # seconds between a time and the center of its segment, which has fewer digits
_Array = NDArray[np.float32]


class Arrays:
    """Reads arrays from archives; the last archive stays open."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> "Arrays":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self, entry: Entry) -> _Array:
        """The vector or matrix of an entry."""
        if self._file is None or self._path != entry.path:
            self.__exit__()
            self._file = open_plain(entry.path)
            self._path = entry.path
        with errors_at(entry.where):
            if entry.offset >= os.fstat(self._file.fileno()).st_size:
                raise InputError(f"{entry.path} ends before byte {entry.offset}")
            self._file.seek(entry.offset)
            return ark.read_array(self._file)

    def rows(self, group: list[Entry]) -> _Array:
        """The matrix of an entry, or the vectors of several entries as rows of a matrix."""
        first = self.read(group[0])
        if first.ndim == 2 and len(group) == 1:
            return first
        rows = [first, *(self.read(entry) for entry in group[1:])]
        for entry, row in zip(group, rows, strict=True):
            if row.ndim != 1 or row.shape != first.shape:
                raise InputError(f"{entry.where}: must be a vector as {group[0].key} is, but is {row.shape}")
        return np.stack(rows)


class ForeignFolder:
    """The text files of a folder that another program wrote.

    Args:
        folder: of the files.
        path: of the folder, or of the scp file or archive in it that is read.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self.path = path
        speakers = text_file(folder, SPEAKERS)
        self.segments = _segments_of(folder)
        self.speakers = {} if speakers is None else kaldi_tables.read_speakers(speakers, self.label_of)

    def label_of(self, word: str) -> Label:
        """The label for a word of `utt2spk`."""
        return word

    def group_of(self, entry: Entry, is_vector: bool) -> str:
        """The name of the sequence of an entry; `is_vector` if the entries of the folder are vectors."""
        if not is_vector:
            return entry.key
        if not self.segments:
            return self.path.stem
        if entry.key not in self.segments:
            raise InputError(f"{entry.where}: {entry.key!r:.80} must be in {self.folder / SEGMENTS}, but is not")
        return self.segments[entry.key].recording

    def sequence(self, name: str, group: list[Entry], arrays: Arrays) -> LabeledSequence:
        """The sequence of a group: a matrix, or vectors in the order of their times."""
        group = self._in_order(group) if len(group) > 1 else group
        observations = arrays.rows(group)
        labels = self.labels(group)
        if len(observations) != len(group):  # a matrix, of one utterance
            return LabeledSequence(observations, labels and labels * len(observations), None, name)
        return LabeledSequence(observations, labels, self.centers(group), name)

    def _in_order(self, group: list[Entry]) -> list[Entry]:
        times = self.centers(group)
        return group if times is None else [group[i] for i in np.argsort(times, kind="stable").tolist()]

    def centers(self, group: list[Entry]) -> Times | None:
        """The centers of the segments; None if an utterance has no segment.

        Raises:
            InputError: a segment goes on to the end of its recording, which is unknown.
        """
        if not all(entry.key in self.segments for entry in group):
            return None
        centers = [self.segments[entry.key].center for entry in group]
        if None in centers:
            key = group[centers.index(None)].key
            raise InputError(
                f"{self.folder / SEGMENTS}: {key!r:.80} goes on to the end (-1) of its recording, so {_DURATIONS} "
                "must have the seconds of the recording, but has not"
            )
        return np.array(centers, dtype=np.float64)

    def labels(self, group: list[Entry]) -> tuple[Label, ...] | None:
        """The labels of utterances; None if no utterance has a label."""
        given = [self.speakers.get(entry.key) for entry in group]
        labels = tuple(label for label in given if label is not None)
        if labels and len(labels) < len(group):
            key = group[given.index(None)].key
            raise InputError(f"{self.folder / SPEAKERS}: needs a line for {key!r:.80} too")
        return labels or None


class OwnFolder(ForeignFolder):
    """The text files of a folder that this library wrote."""

    def __init__(self, folder: Path, path: Path) -> None:
        super().__init__(folder, path)
        lines = numbered_lines(folder / OWN)
        self.records = dict(_record(line, line_of(folder / OWN, number)) for number, line in lines)

    def label_of(self, word: str) -> Label:
        return kaldi_words.label_of(word)

    def group_of(self, entry: Entry, is_vector: bool) -> str:
        """The name of the sequence of an entry: vectors are in `segments`, matrices are not."""
        segment = self.segments.get(entry.key)
        return entry.key if segment is None else segment.recording

    def sequence(self, name: str, group: list[Entry], arrays: Arrays) -> LabeledSequence:
        if name not in self.records:
            raise InputError(f"{self.folder / OWN}: needs a line for {name!r:.80}, but has no such line")
        record = self.records[name]
        observations = arrays.rows(group)
        times = self.times(name, group)
        labels = record.get("labels") if times is None else self.labels(group)
        return LabeledSequence(observations, labels, times, record["sequence"], record.get("info", {}))

    def times(self, name: str, group: list[Entry]) -> Times | None:
        """The times of our own file, with all digits, which must be near the centers of the segments."""
        centers = self.centers(group)
        if centers is None:
            return None
        times = np.array(self.records[name]["times"])
        if len(times) != len(centers) or (np.abs(times - centers) > _TOLERANCE).any():
            raise InputError(
                f"{name}: {OWN} must have the times of {SEGMENTS}, but they differ; remove {OWN} if it is older"
            )
        return times


def _record(line: str, where: str) -> tuple[str, dict[str, Any]]:
    """The word for a sequence, and the object in its line of our own file."""
    value = json_text.parse(line, where)
    if not isinstance(value, dict) or not isinstance(value.get("sequence"), str):
        raise InputError(f"{where}: must be an object with the name of a sequence, but is {value!r:.80}")
    if not isinstance(value.get("times", []), list):
        raise InputError(f"{where}: times must be a list of seconds, but is {value['times']!r:.80}")
    value["times"] = [json_text.number(time, f"{where}: times") for time in value.get("times", [])]
    return kaldi_words.sequence_word(value["sequence"]), value


def _segments_of(folder: Path) -> dict[str, Segment]:
    segments = text_file(folder, SEGMENTS)
    durations = text_file(folder, _DURATIONS)
    if segments is None:
        return {}
    return read_segments(segments, {} if durations is None else read_durations(durations))
