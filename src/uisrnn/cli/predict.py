"""`uisrnn predict`: label observations from files or from a pipe."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.arguments import InferenceArguments
from uisrnn.cli import options, pipe
from uisrnn.cli.console import tell
from uisrnn.cli.files import require_place
from uisrnn.cli.results import put_turns, show_label, turns_in
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import dataset_of, model_of, require_hop
from uisrnn.distributed.prediction import RTTM
from uisrnn.distributed.prediction import predict as predict_on_cluster
from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats import registry, save_sequences
from uisrnn.sequences.labeled import LabeledSequence, with_times
from uisrnn.sequences.labels import Label
from uisrnn.turns.rttm import is_rttm
from uisrnn.uisrnn import UISRNN

_PRINTED = ("labels", RTTM, "-")

_EPILOG = """Examples:

uisrnn predict model.uisrnn meetings.npz

uisrnn predict model.uisrnn meetings.npz --out meetings.rttm --min-turn 0.3

uisrnn predict model.uisrnn meetings.parquet --out labelled.parquet

uisrnn predict model.uisrnn s3://bucket/meetings --ray head:6379 --out s3://bucket/labels

some_encoder | uisrnn predict model.uisrnn - --commit-lag 5
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(predict)


def predict(
    model: options.Model,
    data: Annotated[
        str,
        typer.Argument(
            help="Sequences, as for train; - for JSON lines from standard input; with --ray Parquet, path or URL."
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="'labels' (JSON lines) or 'rttm' to print; or a file: .rttm, .npz, .parquet, .jsonl, ...; with --ray "
            "an .rttm file or a folder."
        ),
    ] = "labels",
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    commit_lag: Annotated[
        int | None,
        typer.Option(help="From a pipe: a label is final after this many more observations of its sequence."),
    ] = None,
    min_gap: options.MinGap = 0.0,
    min_turn: options.MinTurn = 0.0,
    hop: options.Hop = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    ray: options.Ray = None,
    workers: options.Workers = None,
    on_error: options.OnError = "stop",
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="With --ray and a folder: write the embeddings too.")
    ] = False,
) -> None:
    """Label observations.

    A line of labels is {"sequence", "position", "time", "label", "final"}. From a pipe, each observation gets a line at
    once, and another line when its label changes or becomes final.
    """
    args = inference_of(config, assignments)
    turns = _Turns(hop, min_gap, min_turn)
    if ray is not None:
        if data == "-" or commit_lag is not None or device not in ("auto", "cpu"):
            raise ArgumentError(
                "--ray reads Parquet and computes on CPUs: it excludes -, --commit-lag and --device cuda"
            )
        _predict_on_cluster(
            model_of(model, "cpu"), data, args, out, turns, address=options.address_of(ray), workers=workers,
            on_error=on_error, embeddings=embeddings,
        )  # fmt: skip
        return
    if workers is not None or embeddings:
        raise ArgumentError("--workers and --embeddings need --ray")
    _require_out(out)
    if Path(out).exists() and Path(data).exists() and os.path.samefile(out, data):
        raise ArgumentError(f"--out must not be the data, whose labels it would replace, but is {out}")
    predictor = model_of(model, device)
    if data == "-":
        if out not in ("labels", "-"):
            raise ArgumentError(f"--out must be labels if observations come from a pipe, but is {out}")
        lag = args.commit_lag if commit_lag is None else commit_lag
        pipe.follow(predictor, replace(args, commit_lag=lag))
        return
    require_hop(hop)
    dataset = dataset_of([Path(data)], on_error=on_error)
    sequences = [with_times(sequence, hop) for sequence in dataset.sequences()]
    for shard in dataset.skipped:
        tell(f"left out: {shard.why}")
    labelled = [
        replace(sequence, labels=tuple(labels))
        for sequence, labels in zip(sequences, predictor.predict(sequences, args), strict=True)
    ]
    _put(labelled, out, turns)


@dataclass(frozen=True)
class _Turns:
    """Arguments of `to_turns`."""

    hop: float | None
    min_gap: float
    min_turn: float


def _predict_on_cluster(
    model: UISRNN, data: str, args: InferenceArguments, out: str, turns: _Turns, **how: Any
) -> None:
    """Print or write turns and labels in this process; workers write files of sequences."""
    wants_turns = out == RTTM or is_rttm(Path(out))
    if wants_turns:
        _require_out(out)
    place = RTTM if wants_turns else None if out in _PRINTED else out
    result = predict_on_cluster(data, model, args, out=place, **asdict(turns), **how)
    if result.turns is not None:
        put_turns(result.turns.items(), out)
    elif result.labels is None or result.times is None:
        tell(f"wrote {out}")
    else:
        for name, labels, times in zip(result.names, result.labels, result.times, strict=True):
            _show_labels(name, labels, times)


def _require_out(out: str) -> None:
    """Require a value of `--out` that can be printed or written.

    Raises:
        ArgumentError: the folder of the file does not exist, or its suffix belongs to no format.
    """
    if out in _PRINTED or (is_rttm(Path(out)) and Path(out).parent.is_dir()):
        return
    try:
        registry.to_write(Path(out), None)
    except InputError as error:
        raise ArgumentError(f"--out must be labels, rttm, .rttm or a file of sequences: {error}") from error
    require_place(Path(out))


def _put(sequences: Sequence[LabeledSequence], out: str, turns: _Turns) -> None:
    if out in ("labels", "-"):
        for sequence in sequences:
            times = None if sequence.times is None else sequence.times.tolist()
            _show_labels(sequence.name, sequence.labels or (), times)
    elif out == RTTM or is_rttm(Path(out)):
        put_turns([(sequence.name, turns_in(sequence, **asdict(turns))) for sequence in sequences], out)
    else:
        save_sequences(out, sequences)
        tell(f"wrote {out}")


def _show_labels(name: str, labels: Sequence[Label], times: Sequence[float] | None) -> None:
    for position, label in enumerate(labels):
        show_label(name, position, None if times is None else times[position], label, final=True)
