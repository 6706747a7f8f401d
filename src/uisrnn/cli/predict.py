"""`uisrnn predict`: labels of observations, of files or of a pipe."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from uisrnn.cli import options, pipe
from uisrnn.cli.console import tell
from uisrnn.cli.files import require_place
from uisrnn.cli.results import put_turns, show_label, turns_in
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import is_rttm, model_of, sequences_of
from uisrnn.data.formats import registry, save_sequences
from uisrnn.data.labeled import LabeledSequence
from uisrnn.errors import ArgumentError, InputError

_PRINTED = ("labels", "rttm", "-")

_EPILOG = """Examples:

uisrnn predict model.uisrnn meetings.npz

uisrnn predict model.uisrnn meetings.npz --out meetings.rttm --min-turn 0.3

uisrnn predict model.uisrnn meetings.parquet --out labelled.parquet

some_encoder | uisrnn predict model.uisrnn - --commit-lag 5
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(predict)


def predict(
    model: options.Model,
    data: Annotated[Path, typer.Argument(help="Sequences, as for train; - for JSON lines from standard input.")],
    out: Annotated[
        str,
        typer.Option(help="'labels' (JSON lines) or 'rttm' to print; or a file: .rttm, .npz, .parquet, .jsonl, ..."),
    ] = "labels",
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    commit_lag: Annotated[
        int | None, typer.Option(help="From a pipe: a label is final after so many more observations of its sequence.")
    ] = None,
    min_gap: options.MinGap = 0.0,
    min_turn: options.MinTurn = 0.0,
    hop: options.Hop = None,
) -> None:
    """Label observations.

    A line of labels is {"sequence", "position", "time", "label", "final"}. From a pipe, a line comes for each
    observation at once, and another one where its label changes or becomes final.
    """
    args = inference_of(config, assignments)
    _require_out(out)
    if Path(out).exists() and data.exists() and os.path.samefile(out, data):
        raise ArgumentError(f"--out must be another file than the data, whose labels it would replace, but is {out}")
    predictor = model_of(model)
    if str(data) == "-":
        if out not in ("labels", "-"):
            raise ArgumentError(f"--out must be labels where observations come from a pipe, but is {out}")
        lag = args.commit_lag if commit_lag is None else commit_lag
        pipe.follow(predictor, replace(args, commit_lag=lag))
        return
    sequences = sequences_of([data], hop=hop)
    found = [
        replace(one, labels=tuple(labels))
        for one, labels in zip(sequences, predictor.predict(sequences, args), strict=True)
    ]
    _put(found, out, hop, min_gap, min_turn)


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


def _put(found: Sequence[LabeledSequence], out: str, hop: float | None, min_gap: float, min_turn: float) -> None:
    if out in ("labels", "-"):
        for one in found:
            _show_labels(one)
    elif out == "rttm" or is_rttm(Path(out)):
        put_turns([(one.name, turns_in(one, hop, min_gap, min_turn)) for one in found], out)
    else:
        save_sequences(out, found)
        tell(f"wrote {out}")


def _show_labels(sequence: LabeledSequence) -> None:
    times = [None] * len(sequence) if sequence.times is None else sequence.times.tolist()
    for position, (label, time) in enumerate(zip(sequence.labels or (), times, strict=True)):
        show_label(sequence.name, position, time, label, final=True)
