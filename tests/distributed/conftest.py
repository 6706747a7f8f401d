"""A cluster of this machine for all tests of work on a cluster, and a dataset for it."""

from pathlib import Path

import pytest

import conversations
import uisrnn
from uisrnn.distributed import connect

WORKERS = 2
DIM = 4


def pytest_collection_modifyitems(items):
    """The tests of this folder share a process, and so a cluster, if tests are distributed by `--dist loadgroup`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("ray"))


@pytest.fixture(scope="session", params=[pytest.param(WORKERS, marks=pytest.mark.slow)])
def cluster(request):
    """Two workers of this machine, started once: each start takes seconds, so tests that need them are slow."""
    with connect(None, request.param) as workers:
        yield workers


@pytest.fixture(scope="session")
def meetings():
    """Sequences with times, of three clusters each and of different lengths."""
    return conversations.meetings(13, dim=DIM, longest=8)


@pytest.fixture(scope="session")
def model(meetings):
    """A model for them."""
    args = uisrnn.ModelArguments(observation_model="plda", observation_dim=DIM, crp_alpha=None, seed=0, verbosity=2)
    trained = uisrnn.UISRNN(args)
    trained.fit(meetings)
    return trained


@pytest.fixture(scope="session")
def expected(model, meetings):
    """The labels that one process finds."""
    return model.predict(meetings)


@pytest.fixture
def shards(meetings, tmp_path):
    """A folder of three shards: meeting5 begins in the first and ends in the second."""
    folder = tmp_path / "meetings"
    folder.mkdir()
    broken = meetings[5]
    head, tail = (
        uisrnn.LabeledSequence(broken.observations[part], broken.labels[part], broken.times[part], broken.name)
        for part in (slice(None, 4), slice(4, None))
    )
    uisrnn.save_sequences(folder / "0.parquet", [*meetings[:5], head])
    uisrnn.save_sequences(folder / "1.parquet", [tail, *meetings[6:9]])
    uisrnn.save_sequences(folder / "2.parquet", meetings[9:])
    return folder
