"""What becomes of labels: the worker that found them makes of them what the driver needs, or a file."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from uisrnn import extras
from uisrnn.distributed.plan import Place
from uisrnn.errors import ClusterError, InputError
from uisrnn.files import filling, write_atomically
from uisrnn.formats import save_sequences
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns import rttm
from uisrnn.turns.segmentation import to_turns
from uisrnn.turns.turn import Turn


class Output(Protocol):
    """What shall be made of labelled sequences."""

    def prepare(self, places: Sequence[Place]) -> "AbstractContextManager[Output]":
        """What workers shall have; entered before the work and left after it.

        Raises:
            InputError: these sequences cannot be put out.
            OSError: there is no room for it.
        """

    def make(self, number: int, found: list[LabeledSequence]) -> Any:
        """On a worker: what the driver shall have of a batch, as JSON knows it."""

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        """Attributes of the `Prediction`, from what was made of the batches with these sequences."""


@dataclass(frozen=True)
class Labels:
    """Labels and times, in memory."""

    def prepare(self, places: Sequence[Place]) -> AbstractContextManager["Labels"]:
        """Nothing is needed."""
        return nullcontext(self)

    def make(self, number: int, found: list[LabeledSequence]) -> Any:
        """Labels and times, or None, of each sequence."""
        return [[list(one.labels or ()), None if one.times is None else one.times.tolist()] for one in found]

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        """Both, in order."""
        pairs = list(chain.from_iterable(made))
        return {"labels": [labels for labels, _times in pairs], "times": [times for _labels, times in pairs]}


@dataclass(frozen=True)
class Turns:
    """Turns, in memory.

    Attributes:
        hop: see `to_turns`, as for what follows.
        min_gap: in seconds.
        min_turn: in seconds.
        as_words: whether names must be words, as in RTTM.
    """

    hop: float | None
    min_gap: float
    min_turn: float
    as_words: bool

    def prepare(self, places: Sequence[Place]) -> AbstractContextManager["Turns"]:
        """Names are looked at before the work."""
        if self.as_words:
            rttm.text_of({one.name: [] for one in places})
        return nullcontext(self)

    def make(self, number: int, found: list[LabeledSequence]) -> Any:
        """The turns of each sequence."""
        return [self._turns(one) for one in found]

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        """Turns by name."""
        each = chain.from_iterable(made)
        return {"turns": {name: [Turn(*one) for one in turns] for name, turns in zip(names, each, strict=True)}}

    def _turns(self, one: LabeledSequence) -> list[Turn]:
        if one.times is None:
            raise InputError(f"{one.name}: turns need times, but it has none; give `hop`")
        return to_turns(one.labels, one.times, hop=self.hop, min_gap=self.min_gap, min_turn=self.min_turn)


@dataclass(frozen=True)
class Parts:
    """A folder of Parquet files, one a batch; done again, a batch takes the place of its own file.

    Attributes:
        url: of the folder.
        embeddings: whether the files hold observations too, and all else that is known; None of it by default, because
            labels and times are a hundredth of it.
    """

    url: str
    embeddings: bool

    @contextmanager
    def prepare(self, places: Sequence[Place]) -> Iterator["Parts"]:
        """The folder. Where one can be renamed, it is there when all is in it; else it has `_SUCCESS` in it then."""
        system, path = _store(self.url)
        if _is_local(system):
            with filling(path) as folder:
                yield replace(self, url=str(folder))
            return
        if system.exists(path) and any(one.endswith(".parquet") for one in system.ls(path, detail=False)):
            raise InputError(
                f"{self.url}: the folder to write must hold no .parquet files yet (without _SUCCESS they are of a run "
                "that failed)"
            )
        system.makedirs(path, exist_ok=True)
        yield self
        system.pipe_file(f"{path}/_SUCCESS", b"")

    def make(self, number: int, found: list[LabeledSequence]) -> None:
        """The file of a batch."""
        system, path = _store(self.url)
        target = f"{path}/part-{number:05d}.parquet"
        content = _whole(found) if self.embeddings else _labels_alone(found)
        if not _is_local(system):
            system.pipe_file(target, content)
        elif Path(path).is_dir():
            write_atomically(target, content)
        else:
            raise ClusterError(f"{path}: the folder to write must be seen by all machines of the cluster; give a URL")

    def collect(self, names: Sequence[str], made: Sequence[Any]) -> dict[str, Any]:
        """Nothing: all is in the files."""
        return {}


def _store(url: str) -> tuple[Any, str]:
    try:
        system, path = extras.load("fsspec.core", "ray", "prediction on a cluster").url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError(f"{url}: cannot be written to: {error}") from error
    return system, path.rstrip("/")


def _is_local(system: Any) -> bool:
    return "file" in system.protocol


def _labels_alone(found: list[LabeledSequence]) -> bytes:
    arrow = extras.load("pyarrow", "ray", "Parquet")
    parquet = extras.load("pyarrow.parquet", "ray", "Parquet")
    columns = {
        "sequence": [one.name for one in found for _label in one.labels or ()],
        "time": [time for one in found for time in ([None] * len(one) if one.times is None else one.times.tolist())],
        "label": [label for one in found for label in one.labels or ()],
    }
    schema = arrow.schema({"sequence": arrow.string(), "time": arrow.float64(), "label": arrow.int64()})
    content = io.BytesIO()
    parquet.write_table(arrow.table(columns, schema=schema), content, use_dictionary=["sequence", "label"])
    return content.getvalue()


def _whole(found: list[LabeledSequence]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.parquet")
        save_sequences(path, found)
        return path.read_bytes()
