"""Lines of text files, and the words that say where they are."""

from collections.abc import Iterator
from pathlib import Path

from uisrnn.errors import InputError


def line_of(path: Path, number: int) -> str:
    """The words that say where a line is."""
    return f"{path}, line {number}"


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, one at a time, each with its number from 1 on.

    Args:
        path: the file, UTF-8.

    Raises:
        InputError: a line is not UTF-8.
        OSError: there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        for number, content in enumerate(file, 1):
            try:
                line = content.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                where = line_of(path, number)
                raise InputError(f"{where}: must be UTF-8 text, but byte {error.start} of it is not") from error
            if line.strip():
                yield number, line
