"""The command `uisrnn`: the only place that prints."""

import os
import sys

from uisrnn import extras
from uisrnn.errors import MissingExtraError


def main() -> None:
    """Run the command line of this process and exit with 0 (done), 1 (failed) or 2 (wrong arguments)."""
    _open_streams()
    try:
        for package in ("typer", "rich"):
            extras.load(package, "cli", "the command line")
        from uisrnn.cli.app import run
    except MissingExtraError as error:
        print(f"uisrnn: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("uisrnn: interrupted", file=sys.stderr)
        sys.exit(1)
    sys.exit(run(sys.argv[1:]))


def _open_streams() -> None:
    """Replace streams that the caller closed by empty streams, so that no file opened later takes their place."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 -- to the end of the process
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
