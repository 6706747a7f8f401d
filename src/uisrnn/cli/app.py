"""The commands by name, and the messages and exit codes of their errors."""

import os
import sys
from collections.abc import Sequence

import typer

from uisrnn.cli import convert, demo, diarize, evaluate, info, models, options, plot, predict, simulate, train, tune
from uisrnn.cli.console import complain, reason_of
from uisrnn.errors import ArgumentError, UISRNNError

FAILED = 1
MISUSED = 2
_INTERRUPTED = 130  # the exit code that some versions of typer return themselves

# In the order of use: help lists the commands in this order.
_COMMANDS = (demo, diarize, train, predict, evaluate, tune, simulate, convert, info, models, plot)

# Depending on its version, typer depends on click or contains a copy of click; both have this base of usage errors.
_UseError: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="uisrnn",
    help="Cluster sequences of observations online, with supervision: who speaks when, above all.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in _COMMANDS:
    command.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        arguments: the words after the program's name.

    Returns:
        0 if the command succeeded, 1 if it failed, 2 if its arguments are wrong. An error is a line on the
        standard error stream.
    """
    try:
        code = app(args=options.with_value_of_ray(arguments), prog_name="uisrnn", standalone_mode=False)
    except _UseError as error:
        if str(error):  # empty if no command was given: typer has shown the help
            complain(_message(error))
        return MISUSED
    except ArgumentError as error:
        complain(str(error))
        return MISUSED
    except (UISRNNError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            _drop_output()
        else:
            complain(reason_of(error))
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:
        if os.environ.get("UISRNN_DEBUG"):
            raise
        complain(f"an error in uisrnn itself, please report it: {error!r:.200} (UISRNN_DEBUG=1 shows the traceback)")
        return FAILED
    if code == _INTERRUPTED:
        complain("interrupted; no incomplete file was written")
        return FAILED
    return code if code in (FAILED, MISUSED) else 0


def _message(error: Exception) -> str:
    message: str = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    path = "uisrnn" if context is None else context.command_path
    return f"{message} (see {path} --help)"


def _drop_output() -> None:
    """Discard further output after the reader closed the pipe, so that Python does not fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
