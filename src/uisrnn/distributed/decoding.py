"""The work of a process on a cluster: read batches of whole sequences, label them, and report the outcome."""

import json
from dataclasses import dataclass, replace
from typing import Any

from uisrnn import errors
from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.distributed.outputs import Output
from uisrnn.distributed.plan import SequenceBatch
from uisrnn.distributed.shards import Shards, UnreadableShardError
from uisrnn.errors import UISRNNError
from uisrnn.sequences.labeled import LabeledSequence, with_times
from uisrnn.uisrnn import UISRNN


@dataclass(frozen=True)
class Work:
    """The description of the work, which each worker gets.

    Attributes:
        model: the bytes of its file.
        args: of inference.
        url: of the dataset.
        dim: D.
        hop: seconds between observations of sequences without times.
        output: converts labels to the output.
    """

    model: bytes
    args: InferenceArguments
    url: str
    dim: int
    hop: float | None
    output: Output


class Worker:
    """A process with its own copy of the model, on a single core.

    Args:
        work: the description of the work.
    """

    def __init__(self, work: Work) -> None:
        self._model = model_from(work.model)
        self._shards = Shards(work.url, work.dim)
        self._work = work

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[str]]:
        """Batches to outcomes, both as JSON in a column, because Ray Data sends tables."""
        batches = [SequenceBatch.from_json(str(text)) for text in rows["batch"]]
        return {"outcome": [json.dumps({"number": batch.number, **self._outcome(batch)}) for batch in batches]}

    def _outcome(self, batch: SequenceBatch) -> dict[str, Any]:
        """The output of a batch, or the error, because Ray Data would return only the text of an error."""
        try:
            return {"made": self._made(batch)}
        except UnreadableShardError as error:
            return {"shard": error.shard, "why": str(error)}
        except (UISRNNError, OSError) as error:
            return {"error": error_to_json(error)}

    def _made(self, batch: SequenceBatch) -> Any:
        sequences = self._sequences(batch)
        labels = self._model.predict(sequences, self._work.args)
        labelled = [replace(sequence, labels=tuple(ids)) for sequence, ids in zip(sequences, labels, strict=True)]
        return self._work.output.make(batch.number, labelled)

    def _sequences(self, batch: SequenceBatch) -> list[LabeledSequence]:
        sequences = self._shards.sequences(batch.ranges())
        planned = [(location.name, len(location)) for location in batch.sequences]
        if [(sequence.name, len(sequence)) for sequence in sequences] != planned:
            raise UnreadableShardError(batch.shard, f"{batch.shard}: the shard has changed since the work began")
        return [with_times(sequence, self._work.hop) for sequence in sequences]


def error_to_json(error: UISRNNError | OSError) -> list[Any]:
    """The name and the arguments of an error, as values of JSON.

    >>> error_from_json(error_to_json(errors.InputError("call: is wrong")))
    InputError('call: is wrong')
    >>> error_from_json(error_to_json(FileNotFoundError(2, "No such file or directory", "a.parquet")))
    FileNotFoundError(2, 'No such file or directory')
    """
    if isinstance(error, OSError):
        return ["OSError", error.errno, error.strerror or str(error), error.filename]
    return [type(error).__name__, str(error)]


def error_from_json(parts: list[Any]) -> Exception:
    """The error of which `error_to_json` made `parts`."""
    name, *args = parts
    error: Exception = (OSError if name == "OSError" else getattr(errors, name))(*args)
    return error


def model_from(content: bytes) -> UISRNN:
    """The model in the bytes of a file, on a single core of the CPU, without log messages."""
    model = UISRNN(ModelArguments(verbosity=0, device="cpu", threads=1))
    model.load_bytes(content)
    return model
