"""`uisrnn simulate`: make training conversations from turns and recordings of single speakers."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from uisrnn.audio.composing import CHANNELS
from uisrnn.cli import options
from uisrnn.cli.composing import write_compositions
from uisrnn.cli.console import tell
from uisrnn.cli.files import require_place
from uisrnn.cli.sources import sequences_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats import save_sequences
from uisrnn.sequences.labeled import LabeledSequence
from uisrnn.sequences.labels import Label
from uisrnn.sequences.observations import Observations
from uisrnn.simulation.simulation import simulate as simulation

_OF_OBSERVATIONS = ("window", "hop", "voice_hop", "max_length", "noise")
_OF_SOUND = ("max_seconds", "channel", "split")
_EPILOG = """Examples:

uisrnn simulate meetings.rttm calls.rttm --voices speakers.npz --number 300 --out train.npz --seed 0

uisrnn simulate meetings.rttm --audio --voices speakers/ --number 60 --max-seconds 300 --out composed --seed 0
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(simulate)


def simulate(
    context: typer.Context,
    turns: Annotated[list[Path], typer.Argument(help="RTTM files; each file id is a conversation.")],
    voices: Annotated[
        list[Path],
        typer.Option(
            help="Labelled sequences; each label is a voice. With --audio: a folder with a "
            "subfolder of sound files for each voice, or a CSV file with columns file and speaker. Repeatable."
        ),
    ],
    out: Annotated[Path, typer.Option(help="File of sequences to write; with --audio, the folder to make.")],
    audio: Annotated[bool, typer.Option("--audio", help="Compose sound: NAME.wav, NAME.rttm, NAME.json.")] = False,
    number: Annotated[int | None, typer.Option(help="Conversations to make; by default as many as recordings.")] = None,
    window: Annotated[float, typer.Option(help="Length of the window of an observation, in seconds.")] = 0.8,
    hop: Annotated[float, typer.Option(help="Seconds from one observation to the next.")] = 0.4,
    voice_hop: Annotated[float | None, typer.Option(help="Hop of the voices; by default as --hop.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Maximum number of observations of a conversation.")] = None,
    noise: Annotated[float, typer.Option(help="Standard deviation of added noise.")] = 0.0,
    max_seconds: Annotated[float | None, typer.Option(help="With --audio: longest conversation, in seconds.")] = None,
    channel: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SHARE",
            help=f"With --audio: share of a channel: {', '.join(CHANNELS)}; repeatable. "
            "By default a third is telephone.",
        ),
    ] = [],  # noqa: B006 -- typer takes the default of a list as a list
    split: Annotated[str | None, typer.Option(help="With --audio: only CSV rows with this split.")] = None,
    seed: options.Seed = None,
) -> None:
    """Lay voices of single speakers along the turns of real conversations, as observations or as sound."""
    if audio:
        _refuse(context, _OF_OBSERVATIONS, "excludes --audio")
        write_compositions(
            out, turns, voices, split=split, number=number, max_seconds=max_seconds, channels=channel, seed=seed
        )
        return
    _refuse(context, _OF_SOUND, "needs --audio")
    require_place(out)
    conversations, labels = simulation(
        turns, _bank(sequences_of(voices)), window=window, hop=hop, voice_hop=voice_hop, number=number,
        max_length=max_length, noise=noise, seed=seed,
    )  # fmt: skip
    pairs = enumerate(zip(conversations, labels, strict=True))
    save_sequences(out, (LabeledSequence(x, ids, name=f"simulated-{number}") for number, (x, ids) in pairs))
    tell(f"wrote {out}: {len(conversations)} conversations, {sum(map(len, conversations))} observations")


def _refuse(context: typer.Context, names: Sequence[str], reason: str) -> None:
    """Refuse given options that would have no effect."""
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ArgumentError(f"--{name.replace('_', '-')} {reason}")


def _bank(sequences: list[LabeledSequence]) -> dict[Label, list[Observations]]:
    """The utterances of each voice: its observations in each sequence."""
    bank: dict[Label, list[Observations]] = defaultdict(list)
    for sequence in sequences:
        if sequence.labels is None:
            raise InputError(f"{sequence.name}: labels are needed to tell voices apart, but it has none")
        for label in dict.fromkeys(sequence.labels):
            bank[label].append(sequence.observations[np.array([other == label for other in sequence.labels])])
    return bank
