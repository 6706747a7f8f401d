"""`uisrnn tune`: search decoding parameters of a model."""

from pathlib import Path
from typing import Annotated

import typer

from uisrnn.cli import options
from uisrnn.cli.console import show_facts, show_json, tell
from uisrnn.cli.durations import seconds_of
from uisrnn.cli.files import require_place
from uisrnn.cli.settings import inference_of
from uisrnn.cli.sources import model_of, sequences_of
from uisrnn.distributed.trials import RayTrials
from uisrnn.tuning import tune as tuning
from uisrnn.tuning.evaluator import LOCAL_TRIALS, Evaluator

_EPILOG = """Examples:

uisrnn tune model.uisrnn development.npz --out tuned.uisrnn

uisrnn tune resemblyzer mine.npz --out mine.uisrnn --trials 100 --storage trials.log

uisrnn tune model.uisrnn development.npz --out tuned.uisrnn --ray --workers 8
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(tune)


def tune(
    model: options.Model,
    data: options.Data,
    out: Annotated[Path, typer.Option(help="Model file to write, with the best parameters.")],
    trials: Annotated[int, typer.Option(help="Number of trials.")] = 50,
    metric: Annotated[str, typer.Option(help="Metric to maximise.")] = "accuracy",
    storage: Annotated[Path | None, typer.Option(help="File of trials; a later search continues from it.")] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Begin no trial after this time: 90 (seconds), 30m, 8h, ...")
    ] = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    rttm: options.Rttm = None,
    seed: options.Seed = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    ray: options.Ray = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Search decoding parameters of a trained model on labelled sequences that were not used for its training."""
    args = inference_of(config, assignments)
    require_place(out)
    evaluator = _evaluator(ray, workers)
    seconds = None if timeout is None else seconds_of(timeout, "--timeout")
    tuned = model_of(model, device)
    result = tuning.tune(
        tuned, sequences_of(data, rttm), metric=metric, args=args, trials=trials, timeout=seconds, storage=storage,
        seed=seed, evaluator=evaluator,
    )  # fmt: skip
    tuned.save(out)
    if not result.applied:
        tell(f"no trial was better than the model; {out} is the unchanged model")
    facts = {
        "model": str(out),
        "applied": result.applied,
        "trials": result.trials,
        "before": result.before,
        "cross_validated": result.cross_validated,
        **result.parameters,
    }
    show_json(facts) if json else show_facts(facts.items())


def _evaluator(ray: str | None, workers: int | None) -> Evaluator:
    if ray is not None:
        return RayTrials(options.address_of(ray), workers)
    options.require_no_workers(workers)
    return LOCAL_TRIALS
