"""Pages of the documentation as programs: their blocks, run one after another in one folder."""

import contextlib
import doctest
import io
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from uisrnn.cli.app import run

_FENCE = re.compile(r"^```(\w+)?[^\n]*\n(.*?)^```$", re.M | re.S)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_checker = doctest.OutputChecker()


@dataclass(frozen=True)
class Block:
    """A fenced block: the word after the fence, what is in it, and the line where it begins."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    return [Block(one[1] or "", one[2], text.count("\n", 0, one.start()) + 1) for one in _FENCE.finditer(text)]


class Reader:
    """Somebody who does what a page says, in one folder, and compares what is printed with what the page shows.

    `python` blocks are one program; a `text` block after one is its output. In `console` blocks, lines after `$ ` are
    commands and what follows is their output, where the page shows one. `toml` blocks are files, named by their first
    line, a comment. "..." stands for anything.
    """

    def __init__(self, page: Path) -> None:
        self._page = page
        self._names = {"__name__": "__main__"}
        self._printed = ""

    def read(self) -> None:
        """Run the page."""
        for block in blocks_of(self._page):
            where = f"{self._page.name}, line {block.line}"
            if block.language == "python":
                self._printed = self._run_python(block, where)
            elif block.language == "text":
                _compare(block.text, self._printed, where)
            elif block.language == "console":
                for command, shown in commands_of(block.text):
                    _compare(shown, run_command(command, where), f"{where}, {command}", optional=True)
            elif block.language == "toml":
                Path(block.text.splitlines()[0].removeprefix("# ")).write_text(block.text, encoding="utf-8")
            else:
                assert block.language in ("", "make"), f"{where}: nobody runs a block of {block.language}"

    def _run_python(self, block: Block, where: str) -> str:
        code = compile("\n" * block.line + block.text, str(self._page), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(code, self._names)
        return output.getvalue()


def commands_of(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown after it."""
    parts = re.split(r"^\$ ", text, flags=re.M)[1:]
    found = []
    for part in parts:
        lines = part.splitlines(keepends=True)
        end = next(at for at, line in enumerate(lines) if not line.rstrip().endswith("\\")) + 1
        found.append(("".join(lines[:end]).replace("\\\n", " ").strip(), "".join(lines[end:])))
    return found


def run_command(command: str, where: str) -> str:
    """The output of a command: in this process where it is one of ours, else by the shell."""
    if command.startswith("uisrnn ") and not set(command) & set("|<>;&"):
        with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()) as errors:
            code = run(shlex.split(command)[1:])
        assert code == 0, f"{where}: {command}: {errors.getvalue()}"
        return output.getvalue()
    path = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'PATH="{path}:$PATH"; {command}'],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{where}: {command}: {done.stderr}"
    return done.stdout


def _compare(shown: str, printed: str, where: str, optional: bool = False) -> None:
    if optional and not shown.strip():
        return
    assert _checker.check_output(shown, printed, _FLAGS), f"{where} shows\n{shown}\nbut prints\n{printed}"
