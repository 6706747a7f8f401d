"""The command line, in this process or as it is installed, and files for it."""

import io
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
def cli(capsys, monkeypatch):
    """A command line run in this process."""

    def call(*words, stdin=b""):
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_bytes(stdin))))
        code = run([str(word) for word in words])
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture(scope="session")
def installed():
    """A command line run as users do, by the program that installing the package made: for slow tests."""
    path = Path(sys.executable).with_name("uisrnn")

    def call(*words, stdin=b""):
        done = subprocess.run([path, *map(str, words)], input=_bytes(stdin), capture_output=True, timeout=120)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(params=["here", pytest.param("installed", marks=pytest.mark.slow)])
def program(request):
    """A command line run in this process and, among the slow tests, by the installed program."""
    return request.getfixturevalue("cli" if request.param == "here" else "installed")


def _bytes(content):
    return content if isinstance(content, bytes) else content.encode()


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
