"""Arguments that several commands have, described once."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(help="Model file, of this library or of uisrnn 0.1.2; or 'resemblyzer', which comes with it.")
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
