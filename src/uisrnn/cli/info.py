"""`uisrnn info`: what is in a file, and whether it looks healthy."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.cli import options
from uisrnn.cli.console import complain, show_facts, show_json
from uisrnn.cli.sources import holds_data, model_of, sequences_of
from uisrnn.data import rttm
from uisrnn.data.health import Health, health_of
from uisrnn.data.labeled import LabeledSequence
from uisrnn.data.rttm import is_rttm
from uisrnn.model.assignment import estimate_crp_alpha
from uisrnn.model.kinds import KINDS
from uisrnn.model.transition import estimate_transition_bias
from uisrnn.uisrnn import UISRNN

_EPILOG = """Examples:

uisrnn info meetings.npz

uisrnn info model.uisrnn --json
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(info)


def info(
    file: Annotated[Path, typer.Argument(help="A model, sequences or an RTTM file.")],
    json: options.Json = False,
) -> None:
    """Show what a file holds: sizes, speakers, scalars, and warnings about what often goes wrong."""
    if is_rttm(file):
        facts, warnings = _of_turns(file), []
    elif holds_data(file):
        sequences = sequences_of([file])
        health = health_of(sequences)
        facts, warnings = {**_of_data(health), **_estimates(sequences)}, health.warnings
    else:
        facts, warnings = _of_model(model_of(str(file), "cpu")), []
    if json:
        show_json({**facts, "warnings": warnings})
        return
    show_facts((name.replace("_", " "), value) for name, value in facts.items())
    for warning in warnings:
        complain(f"warning: {warning}")


def _of_model(model: UISRNN) -> dict[str, Any]:
    shapes = KINDS[model.arguments.observation_model].shapes(model.arguments)
    return {
        "kind": "model",
        "observation_model": model.arguments.observation_model,
        "observation_dim": model.observation_dim,
        "numbers": sum(math.prod(shape) for shape in shapes.values()),
        "fitted": model.fitted,
        "transition_bias": model.transition_bias,
        "crp_alpha": model.crp_alpha,
        "likelihood_scale": model.likelihood_scale,
        "conventions": {"running_mean": model.conventions.running_mean, "assignment": model.conventions.assignment},
    }


def _of_data(health: Health) -> dict[str, Any]:
    return {
        "kind": "sequences",
        "sequences": health.sequences,
        "observations": health.observations,
        "observation_dim": health.dim,
        "length": _range(health.lengths),
        "labelled_sequences": health.labelled,
        "labels": health.labels,
        "labels_of_a_sequence": _range(health.clusters),
        "seconds_between_observations": health.hop,
    }


def _estimates(sequences: Sequence[LabeledSequence]) -> dict[str, Any]:
    """What training would estimate from the labels, where there are some."""
    labels = [one.labels for one in sequences if one.labels is not None]
    if not any(len(one) > 1 for one in labels):
        return {}
    return {"transition_bias": estimate_transition_bias(labels)[0], "crp_alpha": estimate_crp_alpha(labels)}


def _of_turns(file: Path) -> dict[str, Any]:
    recordings = rttm.read(file)
    turns = [turn for one in recordings.values() for turn in one]
    return {
        "kind": "turns",
        "recordings": len(recordings),
        "turns": len(turns),
        "speakers": len({(name, turn.speaker) for name, one in recordings.items() for turn in one}),
        "seconds_of_turns": sum(turn.end - turn.start for turn in turns),
    }


def _range(values: Iterable[int]) -> str | None:
    found = sorted(values)
    return f"{found[0]} to {found[-1]}" if found else None
