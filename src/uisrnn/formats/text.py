"""Lines of text files, with their places for error messages."""

from collections.abc import Iterator
from pathlib import Path

from uisrnn.errors import InputError
from uisrnn.formats.compressed import open_plain


def line_of(path: Path, number: int) -> str:
    """The place of a line, for error messages."""
    return f"{path}, line {number}"


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read the lines of a file that are not blank, each with its number; the first line is line 1.

    Args:
        path: of a file in UTF-8; a `.gz` file is unpacked.

    Raises:
        InputError: a line is not UTF-8.
        OSError: there is no such file, or it cannot be read.
    """
    with open_plain(path) as file:
        for number, content in enumerate(file, 1):
            try:
                line = content.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                place = line_of(path, number)
                raise InputError(f"{place}: must be UTF-8 text, but byte {error.start} of it is not") from error
            if line.strip():
                yield number, line
