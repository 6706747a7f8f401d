"""What commands print: results on the standard output stream, all else on that for errors."""

import json
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table


def complain(message: str) -> None:
    """One line on the standard error stream."""
    print(f"uisrnn: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Complain about a warning in one line, without the line of the program that gave it."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_place: complain(f"warning: {message}")
        yield


def reason_of(error: Exception) -> str:
    """What an error says to people: for one of the system, the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def tell(message: str) -> None:
    """A line about what was done, where it does not disturb results that are piped on."""
    print(message, file=sys.stderr)


def show_json(value: Any) -> None:
    """One JSON text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_line(record: Mapping[str, Any]) -> None:
    """One JSON line, at once, for those who read while we write."""
    print(json.dumps(record, ensure_ascii=False, allow_nan=False), flush=True)


def show_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """Names and values, one a line."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, _text(value))
    _console().print(table)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], total: Sequence[Any] | None = None) -> None:
    """A table whose first column is text and whose others are figures."""
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
    """Tables keep their width in pipes and files, where nobody says how wide a line may be."""
    return Console(soft_wrap=False, markup=False, highlight=False, width=None if sys.stdout.isatty() else 1000)
