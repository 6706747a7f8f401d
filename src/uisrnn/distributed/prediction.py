"""Labels for datasets that are larger than a machine: batches of whole sequences, dealt out to workers by Ray Data."""

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from uisrnn.arguments import InferenceArguments
from uisrnn.checks import require_integer, require_seconds
from uisrnn.distributed.cluster import connect
from uisrnn.distributed.dealing import outcomes_of
from uisrnn.distributed.decoding import Work, raised
from uisrnn.distributed.outputs import Labels, Output, Parts, Turns
from uisrnn.distributed.plan import Batch, Place, batches_of, places_of, require_each_once
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
"""What `out` is for turns in memory."""
_ROUNDS = 2  # batches for each worker, at least, so that none waits long for the last one
_FIGURES = 3  # after the point, of seconds in RTTM


@dataclass(frozen=True)
class Prediction:
    """What came of a prediction.

    Attributes:
        names: of the sequences that were labelled, in the order of the dataset.
        observations: how many they have.
        labels: T labels for each of them, 0, 1, 2, ... in the order of their first appearance; None where they were
            written or became turns.
        times: T seconds for each of them, None where a sequence has none; None as `labels` is.
        turns: of each sequence by its name, where RTTM was asked for; else None.
        skipped: shards that could not be read, and why.
        left_out: names of sequences that were not labelled, because they, or a part of them, are in such a shard; what
            is in a shard that cannot be read at all nobody knows.
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
    """Label the sequences of a dataset as `UISRNN.predict` does, by several processes on one machine or many.

    Each worker holds the model and a batch of sequences. Where one is lost, its batch is done again by another.

    Args:
        dataset: a Parquet file or a folder of shards, as `save_sequences` writes them: a path, or any URL that fsspec
            knows. Every machine must see it.
        model: the model, or the path of its file.
        args: `InferenceArguments`, any object with those attributes, or None for all defaults.
        out: a path or URL of a folder that is not there or empty, for Parquet files with the columns `sequence`,
            `time` and `label`, one file a batch; or an `.rttm` file; or `"rttm"` for turns in memory; None: labels in
            memory.
        address: of the cluster, see `uisrnn.distributed.connect`.
        workers: how many processes; None: one a core of the cluster.
        batch_size: sequences that a worker decodes together, at most.
        on_error: a shard that cannot be read, or has another dimension, stops the work, `"stop"`, or is named in the
            log and in what is returned, `"skip"`. Of a shard that turns out to be damaged in its middle, the batches
            that need what is damaged are left out.
        hop: seconds between observations; gives times to sequences that have none.
        min_gap: see `to_turns`, for RTTM.
        min_turn: see `to_turns`, for RTTM.
        embeddings: whether the Parquet files shall hold the observations too, so that `load_sequences` reads them.

    Raises:
        ArgumentError: an argument is not acceptable.
        InputError: what is read is wrong; the message tells shard and place.
        InputTypeError: something is not a path at all.
        ClusterError: the cluster cannot be reached, or workers were lost too often.
        CheckpointError, NotFittedError: the model cannot be read or was not trained.
        MissingExtraError: Ray is not installed.
        OSError: there is no such file, or what is found cannot be written.
    """
    require_integer("batch_size", batch_size, least=1)
    output = _output_of(out, hop, min_gap, min_turn, embeddings)
    tally = Tally(on_error)
    inference = InferenceArguments.of(args)
    predictor = _model_of(model)
    predictor.decoder(inference)  # says what is wrong with either
    shards = Shards.of(dataset, predictor.observation_dim)
    with connect(address, workers) as number:
        places = tally.survey(shards)
        batches = batches_of(places, min(batch_size, max(1, -(-len(places) // (_ROUNDS * number)))))
        with (
            output.prepare(places) as prepared,
            bar_for(predictor.arguments.verbosity, len(places), "prediction") as bar,
        ):
            work = Work(predictor.to_bytes(), inference, shards.url, shards.dim, hop, prepared)
            with closing(outcomes_of(work, batches, number)) as outcomes:
                for outcome in outcomes:
                    batch = batches[outcome["number"]]
                    tally.take(batch, outcome)
                    bar.advance(len(batch.places))
            require_each_once(batches, tally.seen)
    for one in tally.skipped:
        predictor.logger.warning("skipped: %s", one.why)
    found = tally.prediction(batches, output)
    if found.turns is not None and str(out) != RTTM:
        rttm.write(str(out), found.turns, decimals=_FIGURES)
    return found


class Tally:
    """What came of each shard and each batch.

    Args:
        on_error: see `predict`.

    Attributes:
        seen: numbers of the batches, as their outcomes came.
        skipped: shards that could not be read.

    Raises:
        ArgumentError: `on_error` is no such word.
    """

    def __init__(self, on_error: str) -> None:
        if on_error not in ("stop", "skip"):
            raise ArgumentError(f"on_error must be one of stop, skip, but is {on_error!r:.80}")
        self._stops = on_error == "stop"
        self.seen: list[int] = []
        self.skipped: list[Skipped] = []
        self._torn: list[str] = []
        self._failed: set[int] = set()
        self._made: dict[int, Any] = {}

    def survey(self, shards: Shards) -> list[Place]:
        """Where the sequences are.

        Raises:
            InputError: a shard cannot be read, and that stops the work; or no sequence is left.
        """
        places, torn = places_of((path, self._runs(shards, path)) for path in shards.paths())
        self._torn += torn
        if not places:
            why = f"; the first shard was skipped because: {self.skipped[0].why}" if self.skipped else ""
            raise InputError(f"{shards.url}: at least one sequence is needed, but there is none{why}")
        return places

    def _runs(self, shards: Shards, path: str) -> list[tuple[str, int]] | None:
        try:
            return shards.runs(path)
        except UnreadableShardError as error:
            self._skip(error)
            return None

    def take(self, batch: Batch, outcome: Mapping[str, Any]) -> None:
        """The outcome of a batch.

        Raises:
            UnreadableShardError: it could not be read, and that stops the work.
            UISRNNError, OSError: what else went wrong.
        """
        if "error" in outcome:
            raise raised(outcome["error"])
        self.seen.append(batch.number)
        if "why" in outcome:
            self._skip(UnreadableShardError(outcome["shard"], outcome["why"]))
            self._failed.add(batch.number)
        else:
            self._made[batch.number] = outcome["made"]

    def _skip(self, error: UnreadableShardError) -> None:
        if self._stops:
            raise error
        if error.shard not in {one.name for one in self.skipped}:
            self.skipped.append(Skipped(error.shard, str(error)))

    def prediction(self, batches: Sequence[Batch], output: Output) -> Prediction:
        """All of it."""
        done = [one for one in batches if one.number in self._made]
        places = [place for batch in done for place in batch.places]
        names = tuple(one.name for one in places)
        failed = [place for batch in batches if batch.number in self._failed for place in batch.places]
        return Prediction(
            names,
            sum(map(len, places)),
            skipped=tuple(self.skipped),
            left_out=(*self._torn, *(place.name for place in failed)),
            **output.collect(names, [self._made[one.number] for one in done]),
        )


def _model_of(model: Any) -> UISRNN:
    if isinstance(model, UISRNN):
        return model
    if not isinstance(model, (str, os.PathLike)):
        raise InputTypeError(f"model must be a UISRNN or the path of its file, but is {type(model).__name__}")
    return UISRNN.from_file(model)


def _output_of(out: Any, hop: float | None, min_gap: float, min_turn: float, embeddings: bool) -> Output:
    """What shall be made of labels, looked at before the work.

    Raises:
        ArgumentError: it cannot be made.
    """
    for name, value in {"hop": hop, "min_gap": min_gap, "min_turn": min_turn}.items():
        if value is not None:
            require_seconds(name, value)
    if hop is not None and not hop > 0:
        raise ArgumentError(f"hop must be a number of seconds > 0, but is {hop!r}")
    if out is None:
        return Labels()
    text = os.fspath(out) if isinstance(out, (str, os.PathLike)) else None
    if not isinstance(text, str) or "\0" in text or text.startswith("memory:"):
        raise ArgumentError(f"out must be the path or URL of a folder, or an .rttm file, but is {out!r:.80}")
    if text == RTTM:
        return Turns(hop, min_gap, min_turn, as_words=False)
    if is_rttm(text):
        if not Path(text).parent.is_dir():
            raise ArgumentError(f"out must be an .rttm file in a folder that is there, but is {text}")
        return Turns(hop, min_gap, min_turn, as_words=True)
    suffix = PurePosixPath(text).suffix.lower()
    if suffix != ".parquet" and suffix in registry.suffixes():
        raise ArgumentError(f"out must be a folder, for Parquet files, or an .rttm file, but is {text}")
    if "://" not in text and not Path(os.path.abspath(text)).parent.is_dir():
        raise ArgumentError(f"out must be a folder to make in one that is there, but is {text}")
    return Parts(text, embeddings)
