"""`uisrnn train`: labelled sequences to a model file."""

from dataclasses import asdict, replace
from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from uisrnn.cli import options
from uisrnn.cli.console import show_facts, show_json
from uisrnn.cli.files import require_place
from uisrnn.cli.settings import settings_of
from uisrnn.cli.sources import sequences_of
from uisrnn.files import write_atomically
from uisrnn.training.tensorboard import TensorBoard
from uisrnn.training.watcher import NOBODY
from uisrnn.uisrnn import UISRNN

_EPILOG = """Examples:

uisrnn train meetings.npz --out model.uisrnn

uisrnn train january.parquet february.parquet --out model.uisrnn --same-names --seed 0

uisrnn train meetings.npz --out gru.uisrnn --set observation_model=gru --set train_iteration=5000
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(train)


def train(
    data: options.Data,
    out: Annotated[Path, typer.Option(help="The model file to write.")],
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    same_names: Annotated[
        bool, typer.Option("--same-names", help="Equal labels in two sequences are the same cluster.")
    ] = False,
    rttm: options.Rttm = None,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard to show the training.")] = None,
    history: Annotated[Path | None, typer.Option(help="JSON file of losses, for uisrnn plot history.")] = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Train a model on labelled sequences: with the recommended arguments, or others."""
    settings = settings_of(config, assignments)
    require_place(out)
    if history is not None:
        require_place(history, "--history")
    sequences = sequences_of(data, rttm)
    dim = sequences[0].observations.shape[1]
    seeded = settings.model.seed if seed is None else seed
    model = UISRNN(replace(settings.model, observation_dim=dim, seed=seeded))
    unique = settings.training.enforce_cluster_id_uniqueness and not same_names
    args = replace(settings.training, enforce_cluster_id_uniqueness=unique)
    watcher = NOBODY if tensorboard is None else TensorBoard(tensorboard)
    course = model.fit(sequences, args=args, watcher=watcher)
    model.save(out)
    if history is not None:
        write_atomically(history, dumps(asdict(course)).encode())
    facts = {
        "model": str(out),
        "observation_model": model.arguments.observation_model,
        "sequences": len(sequences),
        "observations": sum(map(len, sequences)),
        "observation_dim": dim,
        "transition_bias": model.transition_bias,
        "crp_alpha": model.crp_alpha,
        "likelihood_scale": model.likelihood_scale,
        "iterations": len(course),
        "discriminative_iterations": len(course.discriminative),
    }
    show_json(facts) if json else show_facts(facts.items())
