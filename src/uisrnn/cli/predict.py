"""`uisrnn predict`: labels of observations, of files or of a pipe."""

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
    """Add the command."""
    app.command(epilog=_EPILOG)(predict)


def predict(
    model: options.Model,
    data: Annotated[
        str,
        typer.Argument(
            help="Sequences, as for train; - for JSON lines from standard input; with --ray Parquet, also at a URL."
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            help="'labels' (JSON lines) or 'rttm' to print; or a file: .rttm, .npz, .parquet, .jsonl, ...; with --ray "
            ".rttm or a folder."
        ),
    ] = "labels",
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    commit_lag: Annotated[
        int | None, typer.Option(help="From a pipe: a label is final after so many more observations of its sequence.")
    ] = None,
    min_gap: options.MinGap = 0.0,
    min_turn: options.MinTurn = 0.0,
    hop: options.Hop = None,
    device: options.Device = "auto",
    ray: options.Ray = None,
    workers: options.Workers = None,
    on_error: options.OnError = "stop",
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="With --ray: the files of a folder have the embeddings too.")
    ] = False,
) -> None:
    """Label observations.

    A line of labels is {"sequence", "position", "time", "label", "final"}. From a pipe, a line comes for each
    observation at once, and another one where its label changes or becomes final.
    """
    args = inference_of(config, assignments)
    turns = _Turns(hop, min_gap, min_turn)
    if ray is not None:
        if data == "-" or commit_lag is not None or device not in ("auto", "cpu"):
            raise ArgumentError("--ray is for Parquet files and processors: without -, --commit-lag or --device cuda")
        _predict_on_cluster(
            model_of(model, "cpu"), data, args, out, turns, address=options.address_of(ray), workers=workers,
            on_error=on_error, embeddings=embeddings,
        )  # fmt: skip
        return
    if workers is not None or embeddings:
        raise ArgumentError("--workers and --embeddings need --ray")
    _require_out(out)
    if Path(out).exists() and Path(data).exists() and os.path.samefile(out, data):
        raise ArgumentError(f"--out must be another file than the data, whose labels it would replace, but is {out}")
    predictor = model_of(model, device)
    if data == "-":
        if out not in ("labels", "-"):
            raise ArgumentError(f"--out must be labels where observations come from a pipe, but is {out}")
        lag = args.commit_lag if commit_lag is None else commit_lag
        pipe.follow(predictor, replace(args, commit_lag=lag))
        return
    require_hop(hop)
    dataset = dataset_of([Path(data)], on_error=on_error)
    sequences = [with_times(one, hop) for one in dataset.sequences()]
    for one in dataset.skipped:
        tell(f"left out: {one.why}")
    found = [
        replace(one, labels=tuple(labels))
        for one, labels in zip(sequences, predictor.predict(sequences, args), strict=True)
    ]
    _put(found, out, turns)


@dataclass(frozen=True)
class _Turns:
    """How turns are made, see `to_turns`."""

    hop: float | None
    min_gap: float
    min_turn: float


def _predict_on_cluster(
    model: UISRNN, data: str, args: InferenceArguments, out: str, turns: _Turns, **how: Any
) -> None:
    """Turns and labels come back and are put as always; what is larger is written by the workers."""
    is_turns = out == RTTM or is_rttm(Path(out))
    if is_turns:
        _require_out(out)
    place = RTTM if is_turns else None if out in _PRINTED else out
    found = predict_on_cluster(data, model, args, out=place, **asdict(turns), **how)
    if found.turns is not None:
        put_turns(found.turns.items(), out)
    elif found.labels is None or found.times is None:
        tell(f"wrote {out}")
    else:
        for name, labels, times in zip(found.names, found.labels, found.times, strict=True):
            _show_labels(name, labels, times)


def _require_out(out: str) -> None:
    """Refuse what cannot be written before the work.

    Raises:
        ArgumentError: it is no file in a folder that exists, or its suffix says no format.
    """
    if out in _PRINTED or (is_rttm(Path(out)) and Path(out).parent.is_dir()):
        return
    try:
        registry.to_write(Path(out), None)
    except InputError as error:
        raise ArgumentError(f"--out must be labels, rttm, .rttm or a file of sequences: {error}") from error
    require_place(Path(out))


def _put(found: Sequence[LabeledSequence], out: str, turns: _Turns) -> None:
    if out in ("labels", "-"):
        for one in found:
            _show_labels(one.name, one.labels or (), None if one.times is None else one.times.tolist())
    elif out == RTTM or is_rttm(Path(out)):
        put_turns([(one.name, turns_in(one, **asdict(turns))) for one in found], out)
    else:
        save_sequences(out, found)
        tell(f"wrote {out}")


def _show_labels(name: str, labels: Sequence[Label], times: Sequence[float] | None) -> None:
    for position, label in enumerate(labels):
        show_label(name, position, None if times is None else times[position], label, final=True)
