"""`uisrnn models`: encoders, segmentations and pretrained models, and the paths of their weights."""

from typing import Any

import typer

from uisrnn.audio.front_ends.catalog import ENCODERS, SEGMENTATIONS, Part, encoder_of
from uisrnn.cli import options
from uisrnn.cli.console import show_json, show_table, tell

_EPILOG = """Example:

uisrnn models
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(epilog=_EPILOG)(models)


def models(json: options.Json = False) -> None:
    """List encoders and segmentations: paths of their weights, licences, and the model for each encoder."""
    rows = [_row("encoder", part) for part in ENCODERS] + [_row("segmentation", part) for part in SEGMENTATIONS]
    if json:
        show_json(rows)
        return
    show_table(list(rows[0]), [list(row.values()) for row in rows])
    best = encoder_of(None)
    tell(f"default of diarize: encoder {best.name}, model {best.model}")


def _row(kind: str, part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "kind": kind,
        "about": part.about,
        "model": part.model or None,
        "licence": part.licence or None,
        "weights": (part.place or None) if part.is_installed else None,
        "install": None if part.is_installed else part.install,
    }
