"""Arguments that several commands have, described once."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from uisrnn.errors import ArgumentError

Model = Annotated[
    str,
    typer.Argument(
        help="Model file, of this library or of uisrnn 0.1.2; or 'campplus' or 'resemblyzer', which come with it."
    ),
]
Data = Annotated[
    list[Path],
    typer.Argument(help="Labelled sequences: .npz, .parquet, .jsonl, a Kaldi folder; several are put together."),
]
Config = Annotated[
    Path | None, typer.Option(help="TOML file with tables model, training and inference; see docs/guides/train.md.")
]
Assignments = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="One argument, as in --set beam_size=20; repeatable.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Device = Annotated[
    str,
    typer.Option(metavar="DEVICE", help="Where to compute: auto (a GPU where there is one), cpu, cuda, cuda:1, ..."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Rttm = Annotated[
    Path | None, typer.Option(help="Labels by the speaker at each observation's time, from this RTTM file.")
]
MinGap = Annotated[
    float, typer.Option(help="Close pauses of one speaker that are shorter, in seconds, where turns are made.")
]
MinTurn = Annotated[
    float, typer.Option(help="Give turns that are shorter, in seconds, to those beside them, where turns are made.")
]
Hop = Annotated[
    float | None, typer.Option(help="Seconds between observations; gives times to sequences that have none.")
]
Ray = Annotated[
    str | None,
    typer.Option(
        metavar="[ADDRESS]",
        help="Work on a Ray cluster, host:port or ray://host:port; without an address on $RAY_ADDRESS, or on workers "
        "of this machine.",
    ),
]
Workers = Annotated[
    int | None, typer.Option(help="Processes that share the work, one core each, with --ray; all cores by default.")
]
OnError = Annotated[
    str, typer.Option(help="What a shard does that cannot be read: stop the work, or skip, which the log tells.")
]


_ADDRESS = re.compile(r"[^/\\:]+:[^/\\:]*|ray:.*")  # also of what only looks like one; what it is, is told later


def with_value_of_ray(words: Sequence[str]) -> list[str]:
    """The words of a command line in which `--ray`, where no address follows, has an empty value.

    >>> with_value_of_ray(["predict", "--ray", "model.uisrnn", "meetings.parquet"])
    ['predict', '--ray=', 'model.uisrnn', 'meetings.parquet']
    >>> with_value_of_ray(["predict", "--ray", "head:6379", "--", "--ray"])
    ['predict', '--ray', 'head:6379', '--', '--ray']
    """
    found = list(words)
    end = found.index("--") if "--" in found else len(found)
    for at in range(end):
        if found[at] == "--ray" and not _ADDRESS.fullmatch("".join(found[at + 1 : at + 2])):
            found[at] = "--ray="
    return found


def address_of(ray: str) -> str | None:
    """The address that `--ray` says, or None."""
    return ray or None


def require_no_workers(workers: int | None) -> None:
    """Refuse `--workers` where there is no `--ray`.

    Raises:
        ArgumentError: they are given.
    """
    if workers is not None:
        raise ArgumentError("--workers needs --ray")
