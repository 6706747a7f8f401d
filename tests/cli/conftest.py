"""The command line, in this process or as it is installed, and files for it."""

import subprocess
import sys
from pathlib import Path

import pytest

import conversations
import uisrnn
from commands import Done
from uisrnn.cli.app import run

DIM = 4


@pytest.fixture
def cli(capsys):
    """A command line run in this process."""

    def call(*words):
        capsys.readouterr()
        code = run([str(word) for word in words])
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def installed_bytes():
    """A command line run as users do, by the program that installing the package made; bytes go in."""
    program = Path(sys.executable).with_name("uisrnn")

    def call(*words, stdin=None):
        done = subprocess.run([program, *map(str, words)], input=stdin, capture_output=True, timeout=120)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def installed(installed_bytes):
    """The same with text."""

    def call(*words, stdin=""):
        return installed_bytes(*words, stdin=stdin.encode())

    return call


@pytest.fixture(scope="session")
def meetings():
    """Labelled sequences with times, of three clusters each."""
    return conversations.meetings(12, dim=DIM, longest=5, called="voice{}".format)


@pytest.fixture(scope="session")
def data(meetings, tmp_path_factory):
    """The sequences in a file."""
    path = tmp_path_factory.mktemp("data") / "meetings.npz"
    uisrnn.save_sequences(path, meetings)
    return path


@pytest.fixture(scope="session")
def model(meetings, tmp_path_factory):
    """A file with a model for them."""
    path = tmp_path_factory.mktemp("model") / "model.uisrnn"
    args = uisrnn.ModelArguments(observation_model="plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=0)
    trained = uisrnn.UISRNN(args)
    trained.fit(meetings)
    trained.save(path)
    return path
