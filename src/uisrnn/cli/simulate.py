"""`uisrnn simulate`: conversations to train on, from turns and recordings of single speakers."""

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
    """Add the command."""
    app.command(epilog=_EPILOG)(simulate)


def simulate(
    context: typer.Context,
    turns: Annotated[list[Path], typer.Argument(help="RTTM files; each file id in them is a conversation.")],
    voices: Annotated[
        list[Path],
        typer.Option(
            help="Labelled sequences; all observations of a label are one voice. With --audio: a folder with a "
            "subfolder of sound files for each voice, or a CSV file with columns file and speaker. Repeatable."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file of sequences to write; with --audio, the folder to make.")],
    audio: Annotated[bool, typer.Option("--audio", help="Compose sound: NAME.wav, NAME.rttm, NAME.json.")] = False,
    number: Annotated[int | None, typer.Option(help="Conversations to make; None: one a recording.")] = None,
    window: Annotated[float, typer.Option(help="Seconds that an observation sees.")] = 0.8,
    hop: Annotated[float, typer.Option(help="Seconds from one observation to the next.")] = 0.4,
    voice_hop: Annotated[float | None, typer.Option(help="The same in the voices; by default as --hop.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Observations of a conversation, at most.")] = None,
    noise: Annotated[float, typer.Option(help="Standard deviation of noise that is added.")] = 0.0,
    max_seconds: Annotated[float | None, typer.Option(help="Audio: seconds of a conversation, at most.")] = None,
    channel: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SHARE",
            help=f"Audio: how often a channel is heard: {', '.join(CHANNELS)}; repeatable. "
            "By default a third telephone.",
        ),
    ] = [],  # noqa: B006 -- typer takes the default of a list as a list
    split: Annotated[str | None, typer.Option(help="Audio: only rows of the CSV file with this split.")] = None,
    seed: options.Seed = None,
) -> None:
    """Lay voices of single speakers along the turns of real conversations, as observations or as sound."""
    if audio:
        _refuse(context, _OF_OBSERVATIONS, "does not go with --audio")
        write_compositions(
            out, turns, voices, split=split, number=number, max_seconds=max_seconds, channels=channel, seed=seed
        )
        return
    _refuse(context, _OF_SOUND, "needs --audio")
    require_place(out)
    made, labels = simulation(
        turns, _bank(sequences_of(voices)), window=window, hop=hop, voice_hop=voice_hop, number=number,
        max_length=max_length, noise=noise, seed=seed,
    )  # fmt: skip
    pairs = zip(made, labels, strict=True)
    save_sequences(out, (LabeledSequence(x, ids, name=f"simulated-{at}") for at, (x, ids) in enumerate(pairs)))
    tell(f"wrote {out}: {len(made)} conversations, {sum(map(len, made))} observations")


def _refuse(context: typer.Context, names: Sequence[str], reason: str) -> None:
    """Refuse options that are given but would have no effect."""
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ArgumentError(f"--{name.replace('_', '-')} {reason}")


def _bank(sequences: list[LabeledSequence]) -> dict[Label, list[Observations]]:
    """The observations of each voice, an utterance for each sequence that has it."""
    bank: dict[Label, list[Observations]] = defaultdict(list)
    for sequence in sequences:
        if sequence.labels is None:
            raise InputError(f"{sequence.name}: labels are needed to know whose voice it is, but it has none")
        for label in dict.fromkeys(sequence.labels):
            bank[label].append(sequence.observations[np.array([one == label for one in sequence.labels])])
    return bank
