"""Arguments and options that several commands share."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from uisrnn.errors import ArgumentError
from uisrnn.parallel import limited

Model = Annotated[
    str,
    typer.Argument(
        help="Model file of this library or of uisrnn 0.1.2; or a pretrained model: 'campplus' or 'resemblyzer'."
    ),
]
Data = Annotated[
    list[Path],
    typer.Argument(help="Labelled sequences: .npz, .parquet, .jsonl, a Kaldi folder; several paths form one data set."),
]
Config = Annotated[
    Path | None, typer.Option(help="TOML file with the tables model, training and inference; see docs/guides/train.md.")
]
Assignments = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=VALUE", help="Set an argument: --set beam_size=20; repeatable."),
]
Seed = Annotated[int | None, typer.Option(help="Seed of all random numbers.")]
Device = Annotated[
    str,
    typer.Option(metavar="DEVICE", help="Device: auto (a GPU trains a GRU if there is one), cpu, cuda, cuda:1, ..."),
]


def _limit(context: typer.Context, threads: int | None) -> int | None:
    """Limit the threads of the command until it ends."""
    if threads is not None:
        context.with_resource(limited(threads))
    return threads


Threads = Annotated[
    int | None,
    typer.Option(
        min=1,
        callback=_limit,
        help="Maximum number of threads on CPUs; by default $UISRNN_THREADS, else as many as torch would use. The work "
        "decides how many of them it uses.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Rttm = Annotated[Path | None, typer.Option(help="RTTM file; the label of an observation is the speaker at its time.")]
MinGap = Annotated[float, typer.Option(help="In turns, close pauses of a speaker shorter than this, in seconds.")]
MinTurn = Annotated[float, typer.Option(help="Merge turns shorter than this, in seconds, into their neighbours.")]
Hop = Annotated[float | None, typer.Option(help="Seconds between observations, for sequences without times.")]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="[ADDRESS]",
        help="Use a Ray cluster: host:port or ray://host:port. Without an address: $RAY_ADDRESS, else worker processes "
        "on this machine.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="With --ray: number of worker processes, each on a core; by default all cores.")
]
OnError = Annotated[str, typer.Option(help="If a shard cannot be read: 'stop', or 'skip' it and log a warning.")]


# Matches malformed addresses too, so that a later check can name the error.
_ADDRESS = re.compile(r"[^/\\:]+:[^/\\:]*|ray:.*")


def with_value_of_ray(words: Sequence[str]) -> list[str]:
    """Give `--ray` an empty value if no address follows it.

    >>> with_value_of_ray(["predict", "--ray", "model.uisrnn", "meetings.parquet"])
    ['predict', '--ray=', 'model.uisrnn', 'meetings.parquet']
    >>> with_value_of_ray(["predict", "--ray", "head:6379", "--", "--ray"])
    ['predict', '--ray', 'head:6379', '--', '--ray']
    """
    result = list(words)
    end = result.index("--") if "--" in result else len(result)
    for position in range(end):
        if result[position] == "--ray" and not _ADDRESS.fullmatch("".join(result[position + 1 : position + 2])):
            result[position] = "--ray="
    return result


def address_of(ray: str) -> str | None:
    """The address in the value of `--ray`; None if the value is empty."""
    return ray or None


def require_no_workers(workers: int | None) -> None:
    """Refuse `--workers` without `--ray`.

    Raises:
        ArgumentError: `workers` is given.
    """
    if workers is not None:
        raise ArgumentError("--workers needs --ray")
