"""What holds for all commands."""

import subprocess
import sys
from dataclasses import replace

import pytest
import typer

import uisrnn
from commands import assert_one_line
from uisrnn.cli import app


def names_of(command, path=()):
    """The words of every command."""
    if hasattr(command, "commands"):
        for name, one in command.commands.items():
            yield from names_of(one, (*path, name))
    else:
        yield path


COMMANDS = list(names_of(typer.main.get_command(app.app)))


def test_the_commands_are_those_of_the_house():
    assert {path[0] for path in COMMANDS} == set(
        "demo diarize train predict evaluate tune simulate convert info models plot".split()
    )


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help(cli, path):
    done = cli(*path, "--help")
    assert done.code == 0
    assert "Usage" in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    "name", ["demo", "diarize", "train", "predict", "evaluate", "tune", "simulate", "convert", "info", "plot"]
)
def test_help_has_examples(cli, name):
    assert f"uisrnn {name} " in cli(name, "--help").out.split("Example")[1]


def test_without_a_command_there_is_help(cli):
    done = cli()
    assert done.code == 2
    assert "Commands" in done.out
    assert done.err == ""


def test_the_demo_labels_clusters_that_it_never_met(program):
    done = program("demo")
    assert done.code == 0, done.err
    assert "% of 60 observations" in done.out


def test_an_error_of_the_program_is_one_line_that_says_so(cli, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by mistake")

    monkeypatch.setattr("uisrnn.cli.info.model_of", broken)
    assert_one_line(cli("info", "resemblyzer"), 1, "please report it: ZeroDivisionError('by mistake')")
    monkeypatch.setenv("UISRNN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli("info", "resemblyzer")


def test_an_interrupt_is_one_line(cli, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("uisrnn.cli.info.model_of", interrupted)
    done = cli("info", "resemblyzer")
    assert done.code == 1
    assert done.err == "uisrnn: interrupted; no incomplete file was written\n"


@pytest.mark.slow
def test_a_reader_who_leaves_is_no_error(meetings, model, tmp_path):
    """With more to tell than a pipe holds."""
    data = tmp_path / "many.npz"
    many = [replace(one, name=f"{one.name} of {number}") for number in range(100) for one in meetings]
    uisrnn.save_sequences(data, many)
    program = f"{sys.executable} -c 'from uisrnn.cli import main; main()'"
    command = f"{program} predict {model} {data} | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.slow
def test_without_typer_it_says_what_to_install():
    code = "import sys; sys.modules['typer'] = None; from uisrnn.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "uisrnn: the command line needs typer: pip install 'uisrnn[cli]'\n"
