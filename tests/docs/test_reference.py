"""The reference is complete: every command, every option and every public name is there."""

import dataclasses
import pkgutil
import re
from pathlib import Path

import pytest
import typer

import uisrnn
import uisrnn.audio
import uisrnn.evals
import uisrnn.plots
import uisrnn.report
from uisrnn.arguments import meaning_of
from uisrnn.cli.app import app

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
MODULES = (uisrnn, uisrnn.audio, uisrnn.distributed, uisrnn.evals, uisrnn.plots, uisrnn.report)


def commands_of(command, path=("uisrnn",)):
    """The words of every command, with the command."""
    for name, one in getattr(command, "commands", {}).items():
        yield from commands_of(one, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


def section_of(page, command):
    """What the page says about a command, `uisrnn plot` for all of its pictures, and about all of them."""
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    return sections[" ".join(command[:2])] + sections["Common to all commands"]


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*one, id=" ".join(one[0])) for one in commands_of(typer.main.get_command(app))]
)
def test_the_page_names_every_command_with_its_options(path, command):
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    words = set(re.findall(r"--[a-z][a-z-]*", section_of(page, path)))
    options = {name for one in command.params for name in one.opts if name.startswith("--")}
    assert options <= words
    assert " ".join(path) in section_of(page, path) or f"[`{path[-1]}`]" in page


def shown(default):
    """A default as the page has it; nothing where there is none to tell."""
    if default is None or default is False or default == []:
        return ""
    return f"{default:g}" if isinstance(default, float) else str(default)


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(*one, id=" ".join(one[0])) for one in commands_of(typer.main.get_command(app))]
)
def test_the_page_tells_the_defaults(path, command):
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`--[^|]*) \| ([^|]*) \| [^|\n]* \|$", section_of(page, path), re.M)
    for one in command.params:
        cells = [cell for options, cell in rows if one.opts[0] in re.findall(r"--[a-z-]+", options)]
        if cells and shown(one.default):
            assert shown(one.default) in re.findall(r"[\w.]+", cells[0]), one.name


def test_the_page_names_no_option_that_is_not_there():
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    options = {
        name for _, command in commands_of(typer.main.get_command(app)) for one in command.params for name in one.opts
    }
    assert set(re.findall(r"--[a-z][a-z-]*", page)) <= options | {"--help"}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_is_on_a_page(module):
    pages = "\n".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    told = [pkgutil.resolve_name(name) for name in re.findall(r"^::: ([\w.]+)", pages, re.M)]
    names = [name for name in module.__all__ if not any(getattr(module, name) is one for one in told)]
    assert names == []


@pytest.mark.parametrize("group", [uisrnn.ModelArguments, uisrnn.TrainingArguments, uisrnn.InferenceArguments])
def test_every_argument_is_in_its_table(group):
    page = (REFERENCE / "models.md").read_text(encoding="utf-8")
    after = page.split(f"::: uisrnn.{group.__name__}\n")[1].split(":::")[0]
    rows = [f"| `{one.name}` | `{one.default}` | {meaning_of(one)} |" for one in dataclasses.fields(group)]
    assert [line for line in after.splitlines() if line.startswith("| `")] == rows
