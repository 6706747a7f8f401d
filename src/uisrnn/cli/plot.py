"""`uisrnn plot`: pictures of turns, observations, training and confidence."""

import io
import json
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn import plots
from uisrnn.cli import options
from uisrnn.cli.console import tell
from uisrnn.cli.files import require_place
from uisrnn.cli.results import turns_in
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import model_of, sequences_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.files import write_atomically
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.training.history import History
from uisrnn.turns.files import holds_turns, read_turns
from uisrnn.turns.turn import Turn

_FORMATS = (".png", ".svg", ".pdf")

Out = Annotated[Path, typer.Option(help=f"Picture to write: {', '.join(_FORMATS)}.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the sequence or recording; by default the first.")]
Picture = Annotated[Path, typer.Argument(help="Sequences, or turns (.rttm).")]

_EPILOG = """Examples:

uisrnn plot timeline reference.rttm hypothesis.rttm --out timeline.png

uisrnn plot embedding meetings.npz --model model.uisrnn --out map.svg

uisrnn plot history history.json --out training.png
"""


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    pictures = typer.Typer(help="Draw turns, observations, training, confidence.", no_args_is_help=True, epilog=_EPILOG)
    for command in (timeline, embedding, similarity, confidence, history):
        pictures.command()(command)
    app.add_typer(pictures, name="plot")


def timeline(
    reference: Picture,
    hypothesis: Annotated[Path | None, typer.Argument(help="Predicted turns; their errors are marked.")] = None,
    out: Out = Path("timeline.png"),
    name: Name = None,
) -> None:
    """Draw who speaks when; with a hypothesis, below the reference."""
    _require_picture(out)
    recording, turns = _turns_of(reference, name)
    predicted = None if hypothesis is None else _turns_of(hypothesis, recording)[1]
    _save(plots.plot_timeline(turns, predicted), out)


def embedding(
    data: Annotated[Path, typer.Argument(help="Labelled sequences.")],
    model: Annotated[str | None, typer.Option(help="Model whose labels are drawn beside the true labels.")] = None,
    out: Out = Path("embedding.png"),
    name: Name = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
) -> None:
    """Draw observations on their two first principal components, coloured by label."""
    _require_picture(out)
    args = inference_of(config, assignments)
    sequence = _sequence_of(data, name)
    predicted = None if model is None else model_of(model).predict(sequence, args)
    labels = sequence.labels if sequence.labels is not None else predicted
    if labels is None:
        raise InputError(f"{sequence.name}: labels are needed, but it has none; --model predicts labels")
    _save(plots.plot_embedding(sequence.observations, labels, predicted), out)


def similarity(
    data: Annotated[Path, typer.Argument(help="Sequences.")], out: Out = Path("similarity.png"), name: Name = None
) -> None:
    """Draw the similarity of all pairs of observations of a sequence."""
    _require_picture(out)
    sequence = _sequence_of(data, name)
    _save(plots.plot_similarity(sequence.observations, sequence.labels), out)


def confidence(
    model: options.Model,
    data: Annotated[Path, typer.Argument(help="Sequences.")],
    out: Out = Path("confidence.png"),
    name: Name = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
) -> None:
    """Draw the confidence of a model in its labels over time."""
    _require_picture(out)
    args = inference_of(config, assignments)
    sequence = _sequence_of(data, name)
    labels, scores = model_of(model).predict(sequence, args, return_scores=True)
    _save(plots.plot_confidence(scores.confidence, sequence.times, labels), out)


def history(
    file: Annotated[Path, typer.Argument(help="File that train --history wrote.")], out: Out = Path("history.png")
) -> None:
    """Draw the losses of a training."""
    _require_picture(out)
    _save(plots.plot_history(_history_of(file)), out)


# --- reading ---


def _sequence_of(path: Path, name: str | None) -> LabeledSequence:
    sequences = {sequence.name: sequence for sequence in reversed(sequences_of([path]))}
    return sequences[_chosen_name(name, list(reversed(sequences)), path)]


def _turns_of(path: Path, name: str | None) -> tuple[str, list[Turn]]:
    """The name of a recording and its turns."""
    if holds_turns(path):
        recordings = read_turns(path)
        chosen = _chosen_name(name, list(recordings), path)
        return chosen, recordings[chosen]
    sequence = _sequence_of(path, name)
    return sequence.name, turns_in(sequence)


def _chosen_name(name: str | None, names: list[str], path: Path) -> str:
    if not names:
        raise InputError(f"{path}: there are no turns in it")
    if name is not None and name not in names:
        raise InputError(f"{path}: must have {name!r}, but has {', '.join(names[:10])}{', ...' * (len(names) > 10)}")
    return names[0] if name is None else name


def _history_of(file: Path) -> History:
    try:
        fields = json.loads(file.read_bytes())
        fields["development"] = {int(iteration): loss for iteration, loss in fields["development"].items()}
        return History(**fields)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: must be a file that train --history wrote, but is not: {error!r:.100}") from error


# --- writing ---


def _require_picture(out: Path) -> None:
    require_place(out)
    if out.suffix.lower() not in _FORMATS:
        raise ArgumentError(f"--out must end with {', '.join(_FORMATS)}, but is {out}")


def _save(axes: Any, out: Path) -> None:
    figure = (axes[0] if isinstance(axes, (list, tuple)) or hasattr(axes, "__len__") else axes).figure
    content = io.BytesIO()
    with warnings.catch_warnings():  # boxes stand for letters that the font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(content, format=out.suffix[1:].lower(), dpi=150, bbox_inches="tight")
    write_atomically(out, content.getvalue())
    tell(f"wrote {out}")
