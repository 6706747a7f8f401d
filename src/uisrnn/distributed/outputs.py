"""Outputs of a prediction: a worker converts labels to values for the driver, or to a file."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Protocol

from uisrnn import extras
from uisrnn.distributed.plan import SequenceLocation
from uisrnn.errors import ClusterError, InputError
from uisrnn.files import filling, write_atomically
from uisrnn.formats import save_sequences
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns import rttm
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn


class Output(Protocol):
    """Converts labelled sequences to the output of a prediction."""

    def prepare(self, sequences: Sequence[SequenceLocation]) -> "AbstractContextManager[Output]":
        """A context around the work, which yields the output for the workers.

        Raises:
            InputError: the output cannot hold these sequences.
            OSError: the output cannot be written.
        """

    def make(self, number: int, labelled: list[LabeledSequence]) -> Any:
        """On a worker: the output of a batch for the driver, as values of JSON."""

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        """On the driver: attributes of the `Prediction`.

        Args:
            names: of all labelled sequences.
            made: the outputs of all batches with these sequences.
        """


@dataclass(frozen=True)
class LabelOutput:
    """Labels and times in memory; a sequence without times has None in their place."""

    def prepare(self, sequences: Sequence[SequenceLocation]) -> AbstractContextManager["LabelOutput"]:
        return nullcontext(self)

    def make(self, number: int, labelled: list[LabeledSequence]) -> Any:
        return [[list(sequence.labels or ()), _times_of(sequence)] for sequence in labelled]

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        pairs = list(chain.from_iterable(made))
        return {"labels": [labels for labels, _times in pairs], "times": [times for _labels, times in pairs]}


@dataclass(frozen=True)
class TurnOutput:
    """Turns in memory.

    Attributes:
        hop: see `to_turns`, in seconds.
        min_gap: see `to_turns`, in seconds.
        min_turn: see `to_turns`, in seconds.
        as_words: whether names must be words, as in RTTM; they are checked before the work.
    """

    hop: float | None
    min_gap: float
    min_turn: float
    as_words: bool

    def prepare(self, sequences: Sequence[SequenceLocation]) -> AbstractContextManager["TurnOutput"]:
        if self.as_words:
            rttm.text_of({sequence.name: [] for sequence in sequences})
        return nullcontext(self)

    def make(self, number: int, labelled: list[LabeledSequence]) -> Any:
        return [self._turns(sequence) for sequence in labelled]

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        all_turns = chain.from_iterable(made)
        return {"turns": {name: [Turn(*turn) for turn in turns] for name, turns in zip(names, all_turns, strict=True)}}

    def _turns(self, sequence: LabeledSequence) -> list[Turn]:
        if sequence.times is None:
            raise InputError(f"{sequence.name}: turns need times, but it has none; give `hop`")
        return to_turns(sequence.labels, sequence.times, hop=self.hop, min_gap=self.min_gap, min_turn=self.min_turn)


@dataclass(frozen=True)
class ParquetOutput:
    """A folder of Parquet files, a file for each batch; a batch that is repeated replaces its file.

    In a local file system, the folder is renamed to its place when all files are complete. In other stores, a file
    `_SUCCESS` is written last.

    Attributes:
        url: of the folder.
        embeddings: whether the files hold whole sequences with their observations. Files of labels and times alone are
            about a hundred times smaller.
    """

    url: str
    embeddings: bool

    @contextmanager
    def prepare(self, sequences: Sequence[SequenceLocation]) -> Iterator["ParquetOutput"]:
        system, path = _store(self.url)
        if _is_local(system):
            with filling(path) as folder:
                yield replace(self, url=str(folder))
            return
        if system.exists(path) and any(name.endswith(".parquet") for name in system.ls(path, detail=False)):
            raise InputError(
                f"{self.url}: the folder to write must hold no .parquet files yet (without _SUCCESS they are of a run "
                "that failed)"
            )
        system.makedirs(path, exist_ok=True)
        yield self
        system.pipe_file(f"{path}/_SUCCESS", b"")

    def make(self, number: int, labelled: list[LabeledSequence]) -> None:
        system, path = _store(self.url)
        target = f"{path}/part-{number:05d}.parquet"
        content = _sequences_as_parquet(labelled) if self.embeddings else _labels_as_parquet(labelled)
        if not _is_local(system):
            system.pipe_file(target, content)
        elif Path(path).is_dir():
            write_atomically(target, content)
        else:
            raise ClusterError(f"{path}: all machines of the cluster must see the folder to write; give a URL")

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        return {}


def _store(url: str) -> tuple[Any, str]:
    try:
        system, path = extras.load("fsspec.core", "ray", "prediction on a cluster").url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError(f"{url}: cannot be written to: {error}") from error
    return system, path.rstrip("/")


def _is_local(system: Any) -> bool:
    return "file" in system.protocol


def _times_of(sequence: LabeledSequence) -> list[float] | None:
    return None if sequence.times is None else sequence.times.tolist()


def _labels_as_parquet(labelled: list[LabeledSequence]) -> bytes:
    arrow = extras.load("pyarrow", "ray", "Parquet")
    parquet = extras.load("pyarrow.parquet", "ray", "Parquet")
    columns = {
        "sequence": [sequence.name for sequence in labelled for _label in sequence.labels or ()],
        "time": [time for sequence in labelled for time in _times_of(sequence) or repeat(None, len(sequence))],
        "label": [label for sequence in labelled for label in sequence.labels or ()],
    }
    schema = arrow.schema({"sequence": arrow.string(), "time": arrow.float64(), "label": arrow.int64()})
    content = io.BytesIO()
    parquet.write_table(arrow.table(columns, schema=schema), content, use_dictionary=["sequence", "label"])
    return content.getvalue()


def _sequences_as_parquet(labelled: list[LabeledSequence]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.parquet")
        save_sequences(path, labelled)
        return path.read_bytes()
