"""What a worker does: reads batches of whole sequences, labels them, and says what came of it."""

import json
from dataclasses import dataclass, replace
from typing import Any

import torch

from uisrnn import errors
from uisrnn.arguments import InferenceArguments, ModelArguments
from uisrnn.distributed.outputs import Output
from uisrnn.distributed.plan import Batch
from uisrnn.distributed.shards import Shards, UnreadableShardError
from uisrnn.errors import UISRNNError
from uisrnn.sequences.labeled import LabeledSequence, with_times
from uisrnn.uisrnn import UISRNN


@dataclass(frozen=True)
class Work:
    """All that a worker must know.

    Attributes:
        model: the bytes of its file.
        args: of inference.
        url: of the dataset.
        dim: D.
        hop: seconds between observations where there are no times.
        output: what is made of labels.
    """

    model: bytes
    args: InferenceArguments
    url: str
    dim: int
    hop: float | None
    output: Output


class Worker:
    """A process with a model of its own, on one core.

    Args:
        work: what it must know.
    """

    def __init__(self, work: Work) -> None:
        torch.set_num_threads(1)
        self._model = model_from(work.model)
        self._shards = Shards(work.url, work.dim)
        self._work = work

    def __call__(self, rows: dict[str, Any]) -> dict[str, list[str]]:
        """Batches to outcomes, both as JSON in a column, as they travel through Ray Data."""
        batches = [Batch.from_json(str(text)) for text in rows["batch"]]
        return {"outcome": [json.dumps({"number": one.number, **self._outcome(one)}) for one in batches]}

    def _outcome(self, batch: Batch) -> dict[str, Any]:
        """What was made of it, or what went wrong, of which Ray Data would bring back no more than a text."""
        try:
            return {"made": self._made(batch)}
        except UnreadableShardError as error:
            return {"shard": error.shard, "why": str(error)}
        except (UISRNNError, OSError) as error:
            return {"error": told(error)}

    def _made(self, batch: Batch) -> Any:
        sequences = self._sequences(batch)
        labels = self._model.predict(sequences, self._work.args)
        found = [replace(one, labels=tuple(each)) for one, each in zip(sequences, labels, strict=True)]
        return self._work.output.make(batch.number, found)

    def _sequences(self, batch: Batch) -> list[LabeledSequence]:
        found = self._shards.sequences(batch.stretches())
        if [(one.name, len(one)) for one in found] != [(place.name, len(place)) for place in batch.places]:
            raise UnreadableShardError(batch.shard, f"{batch.shard}: the shard has changed since the work began")
        return [with_times(one, self._work.hop) for one in found]


def told(error: UISRNNError | OSError) -> list[Any]:
    """An error as JSON knows it.

    >>> raised(told(errors.InputError("call: is wrong")))
    InputError('call: is wrong')
    >>> raised(told(FileNotFoundError(2, "No such file or directory", "a.parquet")))
    FileNotFoundError(2, 'No such file or directory')
    """
    if isinstance(error, OSError):
        return ["OSError", error.errno, error.strerror or str(error), error.filename]
    return [type(error).__name__, str(error)]


def raised(parts: list[Any]) -> Exception:
    """What `told` was told."""
    name, *args = parts
    made: Exception = (OSError if name == "OSError" else getattr(errors, name))(*args)
    return made


def model_from(content: bytes) -> UISRNN:
    """The model of a file's bytes, on the processor and without words."""
    model = UISRNN(ModelArguments(verbosity=0, device="cpu"))
    model.load_bytes(content)
    return model
