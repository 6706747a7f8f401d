"""`uisrnn tune`: the parameters with which a model decodes best."""

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
    """Add the command."""
    app.command(epilog=_EPILOG)(tune)


def tune(
    model: options.Model,
    data: options.Data,
    out: Annotated[Path, typer.Option(help="The model file to write, with the parameters that were found.")],
    trials: Annotated[int, typer.Option(help="How many values to try.")] = 50,
    metric: Annotated[str, typer.Option(help="What shall be large.")] = "accuracy",
    storage: Annotated[Path | None, typer.Option(help="File of trials, to go on with later.")] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Begin no trial after so long, as in 90 (seconds), 30m or 8h.")
    ] = None,
    config: options.Config = None,
    assignments: options.Assignments = [],  # noqa: B006 -- typer takes the default of a list as a list
    rttm: options.Rttm = None,
    seed: options.Seed = None,
    device: options.Device = "auto",
    ray: options.Ray = None,
    workers: options.Workers = None,
    json: options.Json = False,
) -> None:
    """Search the decoding parameters of a trained model on labelled sequences it was not trained on."""
    args = inference_of(config, assignments)
    require_place(out)
    evaluator = _evaluator(ray, workers)
    seconds = None if timeout is None else seconds_of(timeout, "--timeout")
    tuned = model_of(model, device)
    found = tuning.tune(
        tuned, sequences_of(data, rttm), metric=metric, args=args, trials=trials, timeout=seconds, storage=storage,
        seed=seed, evaluator=evaluator,
    )  # fmt: skip
    tuned.save(out)
    if not found.applied:
        tell(f"nothing was better than what the model had; {out} is the model as it was")
    facts = {
        "model": str(out),
        "applied": found.applied,
        "trials": found.trials,
        "before": found.before,
        "cross_validated": found.cross_validated,
        **found.parameters,
    }
    show_json(facts) if json else show_facts(facts.items())


def _evaluator(ray: str | None, workers: int | None) -> Evaluator:
    if ray is not None:
        return RayTrials(options.address_of(ray), workers)
    options.require_no_workers(workers)
    return LOCAL_TRIALS
