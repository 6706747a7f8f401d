"""`uisrnn evaluate`: score a model, or labels and turns, against a reference."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.arguments import InferenceArguments
from uisrnn.cli import options
from uisrnn.cli.console import show_json, show_table, tell
from uisrnn.cli.files import require_place
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sides import Source, by_name, sides_of, source_of
from uisrnn.cli.sources import holds_data, model_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.evals import Comparison, Evaluation, compare
from uisrnn.evals import evaluate as evaluation_of
from uisrnn.report import write_report
from uisrnn.turns.files import holds_turns, refuse_other_kinds

_SHOWN = (
    "der", "missed", "false_alarm", "confusion", "jer", "purity", "coverage", "accuracy", "v_measure",
    "speaker_count_error",
)  # fmt: skip
_EPILOG = """Examples:

uisrnn evaluate model.uisrnn test.npz

uisrnn evaluate hypothesis.rttm reference.rttm --collar 0.25 --report out.html

uisrnn evaluate hypothesis.rttm reference.stm --uem scored.uem

uisrnn evaluate better.uisrnn test.npz --against model.uisrnn
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(evaluate)


def evaluate(
    system: Annotated[
        str,
        typer.Argument(
            help="Turns (.rttm, .ctm, .stm), labelled sequences, or a model that labels the sequences of the reference."
        ),
    ],
    reference: Annotated[Path, typer.Argument(help="True turns (.rttm, .ctm, .stm), or labelled sequences.")],
    collar: Annotated[
        float, typer.Option(help="Seconds before and after each boundary of the reference that are not scored.")
    ] = 0.0,
    skip_overlap: Annotated[
        bool, typer.Option("--skip-overlap", help="Do not score time in which several speak in the reference.")
    ] = False,
    uem: Annotated[
        Path | None, typer.Option(help="UEM file with the regions to score; files that it does not name are left out.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Another system; prints the difference with its interval by paired bootstrap.")
    ] = None,
    metric: Annotated[str | None, typer.Option(help="The figure to compare with --against: der, accuracy, ...")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML file to write, with timelines.")] = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    hop: options.Hop = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    json: options.Json = False,
) -> None:
    """Score a system by file and in total: DER, JER, purity, coverage, accuracy, count of speakers.

    Turns and labels with times have DER, JER, purity and coverage; labels of observations have accuracy and measures of
    clustering. The output states the conditions (collar, overlap, regions).
    """
    args = inference_of(config, assignments)
    if report is not None:
        require_place(report, "--report")
    if metric is not None and against is None:
        raise ArgumentError("--metric names the figure for --against, but there is no --against")
    truth = source_of(reference, hop)
    outputs = [_output(word, truth, args, hop, device) for word in (system, against) if word is not None]
    sides = sides_of(truth, outputs, uem)
    conditions: dict[str, Any] = {"collar": collar, "skip_overlap": skip_overlap, "uem": sides.regions, "hop": hop}
    evaluation, *others = (evaluation_of(sides.truth, output, **conditions) for output in sides.outputs)
    comparison = _comparison(evaluation, others[0], metric) if others else None
    if report is not None:
        write_report(report, evaluation, sides.truth, sides.outputs[0], hop=hop)
        tell(f"wrote {report}")
    if json:
        more = {} if comparison is None else {"comparison": vars(comparison)}
        show_json({"conditions": evaluation.conditions, **evaluation.to_dict(), **more})
        return
    _show(evaluation)
    if comparison is not None:
        print(comparison)


def _output(word: str, truth: Source, args: InferenceArguments, hop: float | None, device: str) -> Source:
    """The output of a system: turns, labelled sequences, or the reference's sequences labelled by a model."""
    path = Path(word)
    if holds_turns(path) or holds_data(path):
        return source_of(path, hop)
    refuse_other_kinds(path)
    model = model_of(word, device)
    sequences = list(truth.sequences.values())
    if not sequences:
        raise InputError(f"{word}: a model needs observations to label, but the reference has turns only")
    labels = model.predict(sequences, args)
    labelled = [replace(sequence, labels=tuple(ids)) for sequence, ids in zip(sequences, labels, strict=True)]
    return Source(word, None, by_name(labelled, word))


def _comparison(evaluation: Evaluation, other: Evaluation, metric: str | None) -> Comparison:
    return compare(other, evaluation, metric or evaluation.main_figure)


def _show(evaluation: Evaluation) -> None:
    """Print the most important figures; JSON and the report have all figures."""
    names = [name for name in _SHOWN if name in evaluation.figures]
    titles, *rows, total = evaluation.table(names)
    show_table(titles, rows, total)
    print(evaluation.conditions)
