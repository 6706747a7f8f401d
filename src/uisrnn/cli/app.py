"""The commands by name, and what becomes of their errors."""

import os
import sys
from collections.abc import Sequence

import typer

from uisrnn.cli import convert, demo, diarize, evaluate, info, models, options, plot, predict, simulate, train, tune
from uisrnn.cli.console import complain, reason_of
from uisrnn.errors import ArgumentError, UISRNNError

FAILED, MISUSED = 1, 2
_INTERRUPTED = 130  # what some versions of typer make of it themselves

# The command line that a newcomer sees first, in the order of use.
_COMMANDS = (demo, diarize, train, predict, evaluate, tune, simulate, convert, info, models, plot)

# Typer has click inside or beside it, depending on its version; its errors of use have this base in both.
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
    """Run one command line.

    Args:
        arguments: the words after the program's name.

    Returns:
        0 where it did what was asked, 1 where it failed, 2 where it was not called rightly. What went wrong is one
        line on the standard error stream.
    """
    try:
        code = app(args=options.with_value_of_ray(arguments), prog_name="uisrnn", standalone_mode=False)
    except _UseError as error:
        if str(error):  # without a command, the help was shown
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
        complain(f"an error of the program itself, please report it: {error!r:.200} (UISRNN_DEBUG=1 shows where)")
        return FAILED
    if code == _INTERRUPTED:
        complain("interrupted; nothing was written that is not whole")
        return FAILED
    return code if code in (FAILED, MISUSED) else 0


def _message(error: Exception) -> str:
    message: str = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    path = "uisrnn" if context is None else context.command_path
    return f"{message} (see {path} --help)"


def _drop_output() -> None:
    """Nobody reads what is printed any more; Python must not complain about it again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
