"""`uisrnn evaluate`: a model or what it found, against what is true."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.arguments import InferenceArguments
from uisrnn.cli import options
from uisrnn.cli.console import show_json, show_table, tell
from uisrnn.cli.files import require_place
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import holds_data, model_of, sequences_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.evals import METRICS, Evaluation, compare
from uisrnn.evals import evaluate as evaluation_of
from uisrnn.report import write_report
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.turns import rttm
from uisrnn.turns.rttm import is_rttm

_SHOWN = (
    "der", "missed", "false_alarm", "confusion", "jer", "purity", "coverage", "accuracy", "v_measure",
    "speaker_count_error",
)  # fmt: skip
_EPILOG = """Examples:

uisrnn evaluate model.uisrnn test.npz

uisrnn evaluate found.rttm reference.rttm --collar 0.25 --report out.html

uisrnn evaluate better.uisrnn test.npz --against model.uisrnn
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(evaluate)


def evaluate(
    system: Annotated[
        str, typer.Argument(help="A model, which labels the reference's observations; or labels: .rttm, .npz, ...")
    ],
    reference: Annotated[Path, typer.Argument(help="What is true: .rttm, or labelled sequences.")],
    collar: Annotated[
        float, typer.Option(help="Seconds before and after each boundary of the reference that are not evaluated.")
    ] = 0.0,
    skip_overlap: Annotated[
        bool, typer.Option("--skip-overlap", help="Do not evaluate where several speak in the reference.")
    ] = False,
    against: Annotated[
        str | None, typer.Option(help="Another system; the difference comes with its interval by paired bootstrap.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="What to compare with --against: der, accuracy, ...")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file to write, with timelines.")] = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    hop: options.Hop = None,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Score a system by file and in total: DER, JER, purity, coverage, accuracy, count of speakers.

    Turns (RTTM) and labels with times have DER, JER, purity and coverage; labels of observations have accuracy and
    measures of clustering. The conditions (collar, overlap) are stated.
    """
    args = inference_of(config, assignments)
    if report is not None:
        require_place(report, "--report")
    if metric is not None and against is None:
        raise ArgumentError("--metric says what --against is compared by, but there is no --against")
    truth = _reference(reference, hop)
    conditions: dict[str, Any] = {"collar": collar, "skip_overlap": skip_overlap, "hop": hop}
    found = _hypotheses(system, truth, args, hop, device)
    evaluation = evaluation_of(truth, found, **conditions)
    comparison = None
    if against is not None:
        other = evaluation_of(truth, _hypotheses(against, truth, args, hop, device), **conditions)
        chosen = metric or ("der" if "der" in evaluation.figures else "accuracy")
        comparison = compare(other, evaluation, chosen)
    if report is not None:
        write_report(report, evaluation, truth, found, hop=hop)
        tell(f"wrote {report}")
    if json:
        more = {} if comparison is None else {"comparison": vars(comparison)}
        show_json({"conditions": evaluation.conditions, **evaluation.to_dict(), **more})
        return
    _show(evaluation)
    if comparison is not None:
        print(comparison)


def _show(evaluation: Evaluation) -> None:
    """What people look at first; JSON and the report have all."""
    names = [name for name in _SHOWN if name in evaluation.figures]
    *rows, total = (
        [row.name, *(METRICS[name].text(row.value(name)) for name in names)]
        for row in (*evaluation.rows, evaluation.total)
    )
    show_table(["file", *(METRICS[name].title for name in names)], rows, total)
    print(evaluation.conditions)


def _reference(path: Path, hop: float | None) -> Mapping[str, Any]:
    if is_rttm(path):
        return rttm.read(path)
    return _by_name(sequences_of([path], hop=hop), str(path))


def _hypotheses(
    word: str, truth: Mapping[str, Any], args: InferenceArguments, hop: float | None, device: str
) -> Mapping[str, Any]:
    path = Path(word)
    if is_rttm(path):
        return _with_silent_ones(rttm.read(path), truth, word)
    if holds_data(path):
        return _by_name(sequences_of([path], hop=hop), word)
    model = model_of(word, device)
    sequences = [one for one in truth.values() if isinstance(one, LabeledSequence)]
    if not sequences:
        raise InputError(f"{word}: a model needs observations to label, but the reference has turns only")
    labels = model.predict(sequences, args)
    return {one.name: replace(one, labels=tuple(ids)) for one, ids in zip(sequences, labels, strict=True)}


def _with_silent_ones(found: dict[str, Any], truth: Mapping[str, Any], word: str) -> dict[str, Any]:
    """RTTM cannot say that nobody speaks: a recording that it leaves out has no turns."""
    silent = [name for name in truth if name not in found]
    if silent:
        tell(f"{word}: has no turns of {', '.join(silent[:5])}{', ...' * (len(silent) > 5)}, taken for silence")
    return {**found, **{name: [] for name in silent}}


def _by_name(sequences: list[LabeledSequence], where: str) -> dict[str, LabeledSequence]:
    found = {one.name: one for one in sequences}
    if len(found) < len(sequences):
        raise InputError(f"{where}: sequences must have different names, but {len(sequences)} have {len(found)}")
    return found
