"""Prediction of datasets larger than the memory of a machine: workers label batches of whole sequences."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.checks import require_integer, require_seconds
from uisrnn.distributed.cluster import connect
from uisrnn.distributed.decoding import Work, error_from_json
from uisrnn.distributed.execution import outcomes_of
from uisrnn.distributed.outputs import LabelOutput, Output, ParquetOutput, TurnOutput
from uisrnn.distributed.plan import SequenceBatch, SequenceLocation, batches_of, locations_of, require_each_once
from uisrnn.distributed.shards import Shards, UnreadableShardError
from uisrnn.errors import ArgumentError, InputError, InputTypeError
from uisrnn.formats import registry
from uisrnn.formats.reading import Skipped
from uisrnn.progress import bar_for
from uisrnn.turns import rttm
from uisrnn.turns.rttm import is_rttm
from uisrnn.turns.turn import Turn
from uisrnn.uisrnn import UISRNN

RTTM = "rttm"
"""The value of `out` for turns in memory."""
_ROUNDS = 2  # least number of batches for each worker, so that workers end at about the same time
_DECIMALS = 3  # of seconds in RTTM


@dataclass(frozen=True)
class Prediction:
    """The result of a prediction.

    Attributes:
        names: of the labelled sequences, in the order of the dataset.
        observations: number of observations of these sequences.
        labels: for each sequence T labels 0, 1, 2, ... in the order of their first appearance; None if the output is
            files or turns.
        times: for each sequence T seconds, or None if the sequence has no times; None if `labels` is None.
        turns: the turns of each sequence by its name, if the output is RTTM; else None.
        skipped: shards that could not be read, with reasons.
        left_out: names of sequences that were not labelled because a skipped shard holds rows of them. Names in a shard
            that cannot be opened are unknown, and are not among them.
    """

    names: tuple[str, ...]
    observations: int
    labels: list[list[int]] | None = None
    times: list[list[float] | None] | None = None
    turns: dict[str, list[Turn]] | None = None
    skipped: tuple[Skipped, ...] = ()
    left_out: tuple[str, ...] = ()


def predict(
    dataset: str | os.PathLike[str],
    model: UISRNN | str | os.PathLike[str],
    args: object = None,
    *,
    out: str | os.PathLike[str] | None = None,
    address: str | None = None,
    workers: int | None = None,
    batch_size: int = 32,
    on_error: str = "stop",
    hop: float | None = None,
    min_gap: float = 0.0,
    min_turn: float = 0.0,
    embeddings: bool = False,
) -> Prediction:
    """Label the sequences of a dataset as `UISRNN.predict` does, by several processes on one or several machines.

    Each worker holds the model and a batch of sequences. If a worker is lost, another worker repeats its batch.

    Args:
        dataset: a Parquet file or a folder of shards, as `save_sequences` writes them: a path, or any URL that fsspec
            opens. Every machine must see it.
        model: the model, or the path of its file.
        args: `InferenceArguments`, or any object with its attributes; None: all defaults.
        out: the output. A path or URL of a new or empty folder: Parquet files with the columns `sequence`, `time` and
            `label`, a file for each batch. A path of an `.rttm` file: this file. `"rttm"`: turns in memory. None:
            labels in memory.
        address: of the cluster, see `uisrnn.distributed.connect`.
        workers: number of processes; None: the number of cores of the cluster.
        batch_size: the largest number of sequences that a worker decodes together.
        on_error: the treatment of a shard that cannot be read or has another dimension. `"stop"`: it is an error.
            `"skip"`: the log and the result name it, and batches that need its damaged part are left out.
        hop: seconds between observations; gives times to sequences without times.
        min_gap: see `to_turns`, for RTTM.
        min_turn: see `to_turns`, for RTTM.
        embeddings: whether the Parquet files hold the observations too, so that `load_sequences` reads them.

    Raises:
        ArgumentError: an argument is out of its range.
        InputError: the dataset is wrong; the message names shard and row.
        InputTypeError: `dataset` or `model` has a wrong type.
        ClusterError: the cluster cannot be reached, or workers were lost too often.
        CheckpointError, NotFittedError: the model cannot be read or was not trained.
        MissingExtraError: Ray is not installed.
        OSError: there is no such file, or the output cannot be written.
    """
    require_integer("batch_size", batch_size, least=1)
    output = _output_of(out, hop, min_gap, min_turn, embeddings)
    collector = Collector(on_error)
    inference = InferenceArguments.of(args)
    predictor = _model_of(model)
    predictor.decoder(inference)  # wrong arguments and untrained models are errors here, not on workers
    shards = Shards.of(dataset, predictor.observation_dim)
    with connect(address, workers) as number:
        sequences = collector.sequences(shards)
        batches = batches_of(sequences, min(batch_size, max(1, -(-len(sequences) // (_ROUNDS * number)))))
        with (
            output.prepare(sequences) as prepared,
            bar_for(predictor.arguments.verbosity, len(sequences), "prediction") as bar,
        ):
            work = Work(predictor.to_bytes(), inference, shards.url, shards.dim, hop, prepared)
            with closing(outcomes_of(work, batches, number)) as outcomes:
                for outcome in outcomes:
                    batch = batches[outcome["number"]]
                    collector.take(batch, outcome)
                    bar.advance(len(batch.sequences))
            require_each_once(batches, collector.done)
    for shard in collector.skipped:
        predictor.logger.warning("skipped: %s", shard.why)
    prediction = collector.prediction(batches, output)
    if prediction.turns is not None and str(out) != RTTM:
        rttm.write(str(out), prediction.turns, decimals=_DECIMALS)
    return prediction


class Collector:
    """Collects the outcomes of batches, and the errors of shards.

    Args:
        on_error: see `predict`.

    Attributes:
        done: numbers of the batches, in the order of their outcomes.
        skipped: shards that could not be read.

    Raises:
        ArgumentError: `on_error` is not "stop" or "skip".
    """

    def __init__(self, on_error: str) -> None:
        if on_error not in ("stop", "skip"):
            raise ArgumentError(f"on_error must be one of stop, skip, but is {on_error!r:.80}")
        self._stops = on_error == "stop"
        self.done: list[int] = []
        self.skipped: list[Skipped] = []
        self._torn: list[str] = []
        self._made: dict[int, Any] = {}

    def sequences(self, shards: Shards) -> list[SequenceLocation]:
        """The locations of all sequences that can be read.

        Raises:
            InputError: a shard cannot be read and is not skipped, or no sequence is left.
        """
        sequences, torn = locations_of((path, self._runs(shards, path)) for path in shards.paths())
        self._torn += torn
        if not sequences:
            why = f"; the first shard was skipped because: {self.skipped[0].why}" if self.skipped else ""
            raise InputError(f"{shards.url}: at least one sequence is needed, but there is none{why}")
        return sequences

    def _runs(self, shards: Shards, path: str) -> list[tuple[str, int]] | None:
        try:
            return shards.runs(path)
        except UnreadableShardError as error:
            self._skip(error)
            return None

    def take(self, batch: SequenceBatch, outcome: Mapping[str, Any]) -> None:
        """Take the outcome of a batch.

        Raises:
            UnreadableShardError: the worker could not read a shard, and the shard is not skipped.
            UISRNNError, OSError: the worker raised this error.
        """
        if "error" in outcome:
            raise error_from_json(outcome["error"])
        self.done.append(batch.number)
        if "why" in outcome:
            self._skip(UnreadableShardError(outcome["shard"], outcome["why"]))
        else:
            self._made[batch.number] = outcome["made"]

    def _skip(self, error: UnreadableShardError) -> None:
        if self._stops:
            raise error
        if error.shard not in {shard.name for shard in self.skipped}:
            self.skipped.append(Skipped(error.shard, str(error)))

    def prediction(self, batches: Sequence[SequenceBatch], output: Output) -> Prediction:
        """The result of the prediction, after the outcomes of all batches; a batch without a result was skipped."""
        labelled = [batch for batch in batches if batch.number in self._made]
        sequences = [sequence for batch in labelled for sequence in batch.sequences]
        names = tuple(sequence.name for sequence in sequences)
        failed = [sequence for batch in batches if batch.number not in self._made for sequence in batch.sequences]
        return Prediction(
            names,
            sum(map(len, sequences)),
            skipped=tuple(self.skipped),
            left_out=(*self._torn, *(sequence.name for sequence in failed)),
            **output.collect(names, [self._made[batch.number] for batch in labelled]),
        )


def _model_of(model: Any) -> UISRNN:
    if isinstance(model, UISRNN):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise InputTypeError(f"model must be a UISRNN or the path of its file, but is {type(model).__name__}")
    return UISRNN.from_file(model)


def _output_of(out: Any, hop: float | None, min_gap: float, min_turn: float, embeddings: bool) -> Output:
    """The output for the argument `out` of `predict`.

    Raises:
        ArgumentError: an argument is out of its range.
    """
    for name, value in {"hop": hop, "min_gap": min_gap, "min_turn": min_turn}.items():
        if value is not None:
            require_seconds(name, value)
    if hop is not None and not hop > 0:
        raise ArgumentError(f"hop must be a number of seconds > 0, but is {hop!r}")
    if out is None:
        return LabelOutput()
    text = os.fspath(out) if isinstance(out, (str, os.PathLike)) else None
    if not isinstance(text, str) or "\0" in text or text.startswith("memory:"):
        raise ArgumentError(f"out must be the path or URL of a folder, or an .rttm file, but is {out!r:.80}")
    if text == RTTM:
        return TurnOutput(hop, min_gap, min_turn, as_words=False)
    if is_rttm(text):
        if not Path(text).parent.is_dir():
            raise ArgumentError(f"out must be an .rttm file in a folder that exists, but is {text}")
        return TurnOutput(hop, min_gap, min_turn, as_words=True)
    suffix = PurePosixPath(text).suffix.lower()
    if suffix != ".parquet" and suffix in registry.suffixes():
        raise ArgumentError(f"out must be a folder, for Parquet files, or an .rttm file, but is {text}")
    if "://" not in text and not Path(os.path.abspath(text)).parent.is_dir():
        raise ArgumentError(f"out must be a new folder in a folder that exists, but is {text}")
    return ParquetOutput(text, embeddings)
