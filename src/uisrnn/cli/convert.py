"""`uisrnn convert`: sequences between formats, and models of 0.1.2 to the format of today."""

from pathlib import Path
from typing import Annotated

import typer

from uisrnn.cli import options
from uisrnn.cli.console import tell
from uisrnn.cli.results import turns_in
from uisrnn.cli.sources import holds_data, model_of, sequences_of
from uisrnn.errors import ArgumentError, InputError
from uisrnn.formats import iterate_sequences, save_sequences
from uisrnn.formats.foreign import kind_of
from uisrnn.turns import rttm as turns_file
from uisrnn.turns.rttm import is_rttm

_EPILOG = """Examples:

uisrnn convert meetings.npz meetings.parquet

uisrnn convert kaldi_folder meetings.npz

uisrnn convert embeddings.npz labelled.npz --rttm reference.rttm

uisrnn convert model_of_0.1.2.uisrnn model.uisrnn
"""


def register(app: typer.Typer) -> None:
    """Add the command `convert`."""
    app.command(epilog=_EPILOG)(convert)


def convert(
    source: Annotated[Path, typer.Argument(help="Sequences in any format, or a model file.")],
    target: Annotated[
        Path, typer.Argument(help="The file to write, in the format of its suffix; without a suffix, a Kaldi folder.")
    ],
    rttm: options.Rttm = None,
    hop: options.Hop = None,
    silence: Annotated[
        str, typer.Option(help="With --rttm: drop observations in silence, or mark them as <silence>.")
    ] = "drop",
    overlap: Annotated[
        str, typer.Option(help="With --rttm: drop observations in overlap, mark them as <overlap>, or take the first.")
    ] = "drop",
) -> None:
    """Convert data between formats without loss, or a model file of 0.1.2 to this library's format."""
    if not target.parent.is_dir():
        raise ArgumentError(f"TARGET must be in a folder that exists, but is {target}")
    if not holds_data(source):
        _convert_model(source, target)
    elif is_rttm(target):
        sequences = sequences_of([source], rttm, hop, silence=silence, overlap=overlap)
        turns_file.write(target, {sequence.name: turns_in(sequence, hop) for sequence in sequences})
    else:
        save_sequences(target, iterate_sequences(source, rttm=rttm, silence=silence, overlap=overlap))
    tell(f"wrote {target}")


def _convert_model(source: Path, target: Path) -> None:
    kind = kind_of(source)
    if kind is not None:
        raise InputError(f"{source}: {kind.error('a file of sequences or a model file')}")
    if is_rttm(target) or holds_data(target):
        raise ArgumentError(f"{source} is not a file of sequences by its suffix, so {target} cannot be made from it")
    model_of(str(source)).save(target)
