"""Kaldi folders: archives of vectors or matrices, and text files about them.

    *.scp      the place of the vector or matrix of an utterance
    segments   which part of which recording, or of which channel of it, an utterance is; the time of a vector is the
               center of its part
    reco2dur   the seconds of a recording, for parts that go on to its end
    utt2spk    the label of an utterance

Each file may be packed by gzip, with `.gz` behind its name.

A matrix is a sequence. The vectors of a recording are a sequence in the order of time; without `segments` all vectors
are a sequence.

`save_sequences` writes such a folder: `xvector.ark`, `xvector.scp`, `segments`, `utt2spk`, with vectors for a sequence
with times and a matrix for a sequence without times. `uisrnn.jsonl` has the name of each sequence, its `times` to the
last digit, its `info`, and the labels of the rows of a matrix, for which the other files have no place. Signs that are
not allowed in Kaldi's words are written as in URLs.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from uisrnn import extras
from uisrnn.errors import InputError
from uisrnn.files import filling, replacing
from uisrnn.formats import json_text
from uisrnn.formats.format import errors_at
from uisrnn.formats.kaldi import ark
from uisrnn.formats.kaldi import tables as kaldi_tables
from uisrnn.formats.kaldi import words as kaldi_words
from uisrnn.formats.kaldi.folder import OWN, SEGMENTS, SPEAKERS, Arrays, ForeignFolder, OwnFolder
from uisrnn.formats.kaldi.tables import Entry
from uisrnn.sequences.labeled import LabeledSequence, Times
from uisrnn.sequences.observations import Observations
from uisrnn.turns.turn import FARTHEST

_ARK = "xvector.ark"
_SCP = "xvector.scp"
_HALF_WINDOW = 0.5  # seconds, if a sequence has no two times
_PREFERRED = (_SCP, "ivector.scp", "feats.scp")
_OTHER_THINGS = frozenset(["wav.scp", "vad.scp", "cmvn.scp", "spk_xvector.scp", "spk_ivector.scp"])


class Kaldi:
    """The format of Kaldi folders, scp files and archives."""

    name = "kaldi"
    suffixes: tuple[str, ...] = ("", ".scp", ".ark", ".scp.gz", ".ark.gz")

    def fits_folder(self, folder: Path) -> bool:
        return bool(_files(folder, ".scp") or _files(folder, ".ark"))

    def shards(self, path: Path) -> list[Path]:
        """The path itself, because its files belong together."""
        return [path]

    def iterate(self, path: Path, shards: Sequence[Path]) -> Iterator[tuple[Path, LabeledSequence]]:
        """Read with the arrays of one sequence and all text files in memory."""
        return ((shard, sequence) for shard in shards for sequence in _sequences(shard))

    def write(self, path: Path, sequences: Iterable[LabeledSequence]) -> None:
        """Write a folder, with one sequence in memory."""
        if path.suffix in (".scp", ".ark", ".gz"):
            raise InputError(f"{path}: Kaldi is written as a folder, whose name must have no such suffix")
        with filling(path) as folder:
            with ExitStack() as files:
                names = (_ARK, _SCP, SEGMENTS, SPEAKERS, OWN)
                writer = _Writer({name: files.enter_context(replacing(folder / name)) for name in names})
                for sequence in sequences:
                    writer.write(sequence)
            for name in (SEGMENTS, SPEAKERS):
                if not (folder / name).stat().st_size:
                    (folder / name).unlink()


def _sequences(path: Path) -> Iterator[LabeledSequence]:
    entries = _entries(path)
    folder = path if path.is_dir() else path.parent
    with Arrays() as arrays:
        texts = (OwnFolder if (folder / OWN).exists() else ForeignFolder)(folder, path)
        groups: dict[str, list[Entry]] = {}
        is_vector = bool(entries) and arrays.read(entries[0]).ndim == 1
        for entry in entries:
            groups.setdefault(texts.group_of(entry, is_vector), []).append(entry)
        for name, group in groups.items():
            with errors_at(path):
                sequence = texts.sequence(name, group, arrays)
            yield sequence


def _entries(path: Path) -> list[Entry]:
    """The entries of a folder, of an scp file, or of an archive."""
    if path.is_dir():
        scp = _main_scp(path)
        archives = [] if scp else list(_files(path, ".ark").values())
    else:
        is_archive = _plain_name(path).endswith(".ark")
        scp = None if is_archive else path
        archives = [path] if is_archive else []
    if scp is not None:
        return list(kaldi_tables.read_scp(scp))
    return list(_in_archives(archives))


def _in_archives(archives: list[Path]) -> Iterator[Entry]:
    first: dict[str, Path] = {}
    for archive in archives:
        for key, offset in ark.entries(archive):
            if first.setdefault(key, archive) != archive:
                raise InputError(f"{archive}: must not have keys of {first[key].name}, but has {key!r:.80} too")
            yield Entry(key, archive, offset, archive)


def _main_scp(folder: Path) -> Path | None:
    files = {name: file for name, file in _files(folder, ".scp").items() if name not in _OTHER_THINGS}
    preferred = [name for name in _PREFERRED if name in files][:1] or list(files)
    if len(preferred) > 1:
        raise InputError(f"{folder}: give the path of one of {', '.join(files):.200}")
    return files[preferred[0]] if preferred else None


def _files(folder: Path, suffix: str) -> dict[str, Path]:
    """The files of a folder with a suffix, by their names without `.gz`; a plain file comes before a packed file."""
    files = sorted(folder.iterdir(), reverse=True)  # "a.scp.gz" comes before "a.scp", which replaces it
    by_name = {_plain_name(file): file for file in files if _plain_name(file).endswith(suffix)}
    return dict(sorted(by_name.items()))


def _plain_name(path: Path) -> str:
    return path.name.removesuffix(".gz")


class _Writer:
    """Writes sequences to the files of a folder.

    Args:
        files: open files, by their names.
    """

    def __init__(self, files: dict[str, BinaryIO]) -> None:
        self._files = files
        self._save = extras.load("kaldiio", "kaldi", "Kaldi").save_mat

    def write(self, sequence: LabeledSequence) -> None:
        """Add a sequence."""
        key = kaldi_words.sequence_word(sequence.name)
        record: dict[str, Any] = {"sequence": sequence.name}
        if sequence.times is None:
            self._array(key, sequence.observations)
            record |= {} if sequence.labels is None else {"labels": list(sequence.labels)}
        else:
            self._vectors(key, sequence, sequence.times)
            record["times"] = sequence.times.tolist()
        record |= {"info": dict(sequence.info)} if sequence.info else {}
        self._line(OWN, json_text.dump(record))

    def _vectors(self, key: str, sequence: LabeledSequence, times: Times) -> None:
        if not 0 <= times[0] <= times[-1] < FARTHEST:
            raise InputError(
                f"{sequence.name}: Kaldi needs times from 0 to {FARTHEST:g} s, but they go from {times[0]} on"
            )
        steps = np.diff(times)[np.diff(times) > 0]
        half = float(np.median(steps)) / 2 if len(steps) else _HALF_WINDOW
        for number, (observation, time) in enumerate(zip(sequence.observations, times.tolist(), strict=True)):
            utterance = kaldi_words.observation_word(key, number)
            reach = min(half, time)
            self._array(utterance, observation)
            self._line(SEGMENTS, f"{utterance} {key} {time - reach:.6f} {time + reach:.6f}")
            if sequence.labels is not None:
                self._line(SPEAKERS, f"{utterance} {kaldi_words.label_word(sequence.labels[number])}")

    def _array(self, utterance: str, array: Observations) -> None:
        file = self._files[_ARK]
        file.write(f"{utterance} ".encode())
        self._line(_SCP, f"{utterance} {_ARK}:{file.tell()}")
        self._save(file, array)

    def _line(self, name: str, text: str) -> None:
        self._files[name].write(f"{text}\n".encode())
