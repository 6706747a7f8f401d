"""`uisrnn train`: train a model on labelled sequences."""

from dataclasses import asdict, replace
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from uisrnn.cli import options
from uisrnn.cli.console import show_facts, show_json
from uisrnn.cli.durations import seconds_of
from uisrnn.cli.files import require_place
from uisrnn.cli.settings import settings_of
from uisrnn.cli.sources import dataset_of
from uisrnn.corpus.dataset import Dataset
from uisrnn.distributed import train as train_on_cluster
from uisrnn.errors import ArgumentError
from uisrnn.files import write_atomically
from uisrnn.training.checkpoints import Checkpoints
from uisrnn.training.history import History
from uisrnn.training.tensorboard import TensorBoard
from uisrnn.training.watcher import SILENT_WATCHER
from uisrnn.uisrnn import UISRNN

_EPILOG = """Examples:

uisrnn train meetings.npz --out model.uisrnn

uisrnn train january.parquet february.parquet --out model.uisrnn --same-names --seed 0

uisrnn train meetings/ --out gru.uisrnn --set observation_model=gru --checkpoints run --max-time 8h

uisrnn train meetings/ --out gru.uisrnn --set observation_model=gru --checkpoints run --resume
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(train)


def train(
    data: options.Data,
    out: Annotated[Path, typer.Option(help="Model file to write.")],
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    same_names: Annotated[
        bool, typer.Option("--same-names", help="Equal labels in two sequences are the same cluster.")
    ] = False,
    rttm: options.Rttm = None,
    on_error: options.OnError = "stop",
    scratch: Annotated[
        Path | None, typer.Option(help="Folder for a temporary copy of the observations; by default $TMPDIR.")
    ] = None,
    checkpoints: Annotated[
        str | None, typer.Option(help="Folder of checkpoints, from which --resume continues.")
    ] = None,
    checkpoint_every: Annotated[float | None, typer.Option(help="Minutes between checkpoints; by default 10.")] = None,
    keep: Annotated[int | None, typer.Option(help="Number of last checkpoints to keep; by default 3.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint, with the same data and arguments.")
    ] = False,
    max_time: Annotated[
        str | None, typer.Option(help="Stop after this time: 90 (seconds), 30m, 8h, ...; --resume continues.")
    ] = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    ray: options.Ray = None,
    workers: options.Workers = None,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder of logs for TensorBoard.")] = None,
    history: Annotated[Path | None, typer.Option(help="JSON file of losses to write, for uisrnn plot history.")] = None,
    seed: options.Seed = None,
    json: options.Json = False,
) -> None:
    """Train a model on labelled sequences, by default with the recommended arguments.

    The data need not fit into memory.
    """
    settings = settings_of(config, assignments)
    require_place(out)
    if history is not None:
        require_place(history, "--history")
    saved = _checkpoints(checkpoints, checkpoint_every, keep, resume)
    dataset = dataset_of(data, rttm, on_error, scratch)
    dim = next(dataset.sequences()).observations.shape[1]
    seeded = settings.model.seed if seed is None else seed
    model = UISRNN(replace(settings.model, observation_dim=dim, seed=seeded, device=device))
    unique = settings.training.enforce_cluster_id_uniqueness and not same_names
    seconds = settings.training.max_time if max_time is None else seconds_of(max_time, "--max-time")
    args = replace(settings.training, enforce_cluster_id_uniqueness=unique, max_time=seconds)
    watcher = SILENT_WATCHER if tensorboard is None else TensorBoard(tensorboard)
    if ray is None:
        options.require_no_workers(workers)
        losses = model.fit(dataset, args=args, watcher=watcher, checkpoints=saved)
    else:
        losses = train_on_cluster(
            model, dataset, args, address=options.address_of(ray), workers=workers, checkpoints=saved, watcher=watcher
        )
    model.save(out)
    if history is not None:
        write_atomically(history, dumps(asdict(losses)).encode())
    facts = _facts(out, model, dataset, losses)
    show_json(facts) if json else show_facts(facts.items())


def _checkpoints(folder: str | None, every: float | None, keep: int | None, resume: bool) -> Checkpoints | None:
    given: dict[str, Any] = {"every": every, "keep": keep, "resume": resume or None}
    given = {name: value for name, value in given.items() if value is not None}
    if folder is not None:
        return Checkpoints(folder, **given)
    if given:
        option = {"every": "--checkpoint-every", "keep": "--keep", "resume": "--resume"}[next(iter(given))]
        raise ArgumentError(f"{option} needs --checkpoints, the folder of the checkpoints")
    return None


def _facts(out: Path, model: UISRNN, dataset: Dataset, losses: History) -> dict[str, object]:
    sequences, observations = dataset.staged_sizes
    return {
        "model": str(out),
        "observation_model": model.arguments.observation_model,
        "sequences": sequences,
        "observations": observations,
        "left_out": len(dataset.skipped),
        "observation_dim": model.observation_dim,
        "transition_bias": model.transition_bias,
        "transition_spread": model.transition_spread,
        "crp_alpha": model.crp_alpha,
        "likelihood_scale": model.likelihood_scale,
        "iterations": len(losses),
        "discriminative_iterations": len(losses.discriminative),
        "skipped_iterations": len(losses.skipped) + len(losses.discriminative_skipped),
    }
