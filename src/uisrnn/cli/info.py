"""`uisrnn info`: the contents of a file, and warnings about likely mistakes."""

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.cli import options
from uisrnn.cli.console import complain, show_facts, show_json
from uisrnn.cli.sources import holds_data, model_of, sequences_of
from uisrnn.corpus.corpus import Corpus
from uisrnn.errors import InputError
from uisrnn.model.registry import registration_of
from uisrnn.sequences.coded import coded
from uisrnn.sequences.health import Health, health_of
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.training.scalars import crp_alpha_of, transition_bias_of, transition_spread_of
from uisrnn.training.team import SINGLE_PROCESS
from uisrnn.turns.files import holds_turns, read_channels
from uisrnn.uisrnn import UISRNN

_EPILOG = """Examples:

uisrnn info meetings.npz

uisrnn info model.uisrnn --json
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(info)


def info(
    file: Annotated[Path, typer.Argument(help="A model, sequences or an RTTM file.")],
    json: options.Json = False,
) -> None:
    """Show sizes, numbers of speakers and scalars of a file, and warn about common mistakes in data."""
    facts, warnings = _facts(file)
    if json:
        show_json({**facts, "warnings": warnings})
        return
    show_facts((name.replace("_", " "), value) for name, value in facts.items())
    for warning in warnings:
        complain(f"warning: {warning}")


def _facts(file: Path) -> tuple[dict[str, Any], list[str]]:
    if holds_turns(file):
        return _of_turns(file), []
    if holds_data(file):
        return _of_sequences(sequences_of([file]))
    return _of_model(model_of(str(file), "cpu")), []


def _of_model(model: UISRNN) -> dict[str, Any]:
    shapes = registration_of(model.arguments.observation_model).shapes(model.arguments)
    return {
        "kind": "model",
        "observation_model": model.arguments.observation_model,
        "observation_dim": model.observation_dim,
        "front_end": model.front_end,
        "numbers": sum(math.prod(shape) for shape in shapes.values()),
        "fitted": model.fitted,
        "transition_bias": model.transition_bias,
        "transition_spread": model.transition_spread,
        "crp_alpha": model.crp_alpha,
        "likelihood_scale": model.likelihood_scale,
        "conventions": {"running_mean": model.conventions.running_mean, "assignment": model.conventions.assignment},
    }


def _of_sequences(sequences: Sequence[LabeledSequence]) -> tuple[dict[str, Any], list[str]]:
    health = health_of(sequences)
    try:
        return {**_of_data(health), **_estimates(sequences)}, health.warnings
    except InputError as error:  # two observations at the same time have the same label
        return _of_data(health), [*health.warnings, str(error)]


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
    """The scalars that training would estimate from the labels; empty without labels."""
    labelled = [sequence for sequence in sequences if sequence.labels is not None]
    if not any(len(sequence) > 1 for sequence in labelled):
        return {}
    corpus = Corpus.of([coded(sequence, {}) for sequence in labelled])
    bias = transition_bias_of(corpus, SINGLE_PROCESS)[0]
    return {
        "transition_bias": bias,
        "transition_spread": transition_spread_of(corpus, bias, SINGLE_PROCESS),
        "crp_alpha": crp_alpha_of(corpus, SINGLE_PROCESS),
    }


def _of_turns(file: Path) -> dict[str, Any]:
    channels = read_channels(file)
    turns = list(itertools.chain.from_iterable(channels.values()))
    speakers = {(channel, turn.speaker) for channel, spoken in channels.items() for turn in spoken}
    return {
        "kind": "turns",
        "recordings": len({channel.recording for channel in channels}),
        "turns": len(turns),
        "speakers": len(speakers),
        "seconds_of_turns": sum(turn.end - turn.start for turn in turns),
    }


def _range(values: Iterable[int]) -> str | None:
    ordered = sorted(values)
    return f"{ordered[0]} to {ordered[-1]}" if ordered else None
