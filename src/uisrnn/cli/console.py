"""Output of the commands: results on the standard output stream, all other lines on the standard error stream."""

import json
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table


def complain(message: str) -> None:
    """Print an error or a warning as a line on the standard error stream."""
    print(f"uisrnn: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print each warning as a line, without the line of source code that caused it."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_place: complain(f"warning: {message}")
        yield


def reason_of(error: Exception) -> str:
    """The message of an error; for an error of the operating system, the file and the reason."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def tell(message: str) -> None:
    """Print a line about the work on the standard error stream, so that results can be piped."""
    print(message, file=sys.stderr)


def show_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_line(record: Mapping[str, Any]) -> None:
    """Print a record as a line of JSON, and flush it for programs that read the pipe."""
    print(json.dumps(record, ensure_ascii=False, allow_nan=False), flush=True)


def show_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Print a name and its value on each line."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, _text(value))
    _console().print(table)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], total: Sequence[Any] | None = None) -> None:
    """Print a table; the first column holds text, the other columns hold figures."""
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    if total is not None:
        table.add_section()
        table.add_row(*map(_text, total), style="bold")
    _console().print(table)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _console() -> Console:
    """A console that does not wrap the lines of tables in pipes and files, which have no width."""
    return Console(soft_wrap=False, markup=False, highlight=False, width=None if sys.stdout.isatty() else 1000)
