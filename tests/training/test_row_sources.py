"""Batches on a device: from observations that are there, and from observations that are read."""

import numpy as np
import pytest
import torch

from corpora import numbered
from round_trips import RoundTrips
from uisrnn.arguments import TrainingArguments
from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus, InMemory
from uisrnn.corpus.spool import Spool
from uisrnn.training.batching import ClusterSequences
from uisrnn.training.draws import Draws
from uisrnn.training.row_sources import BatchSource, ReadRows, ResidentRows, row_source

CPU = torch.device("cpu")
OBSERVATIONS = np.arange(20, dtype=np.float32).reshape(10, 2)


class Counting:
    """Reads rows of an array and notes which rows."""

    ahead = 2

    def __init__(self):
        self.runs = []

    def read(self, start, stop):
        self.runs.append((start, stop))
        return OBSERVATIONS[start:stop]


SOURCES = {"resident": lambda: ResidentRows(torch.from_numpy(OBSERVATIONS)), "read": lambda: ReadRows(Counting(), CPU)}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("rows", [[3], [4, 5, 1, 0, 9], [7, 7, 2, 7]])
def test_the_rows_come_in_the_order_that_was_asked_for(name, rows):
    source = SOURCES[name]()
    observations = source.finish(source.prepare(np.array(rows)))
    assert torch.equal(observations, torch.from_numpy(OBSERVATIONS[rows]))


def test_neighbours_are_read_together_and_each_row_once():
    reader = Counting()
    ReadRows(reader, CPU).prepare(np.array([5, 4, 9, 4, 6, 0]))
    assert reader.runs == [(0, 1), (4, 7), (9, 10)]


def test_observations_in_memory_are_not_copied_on_a_cpu():
    source = row_source(InMemory(OBSERVATIONS), CPU)
    assert isinstance(source, ResidentRows)
    assert source._observations.data_ptr() == OBSERVATIONS.ctypes.data
    assert source.ahead == 0


def test_observations_on_disk_are_read_ahead():
    with Spool(None, 2) as spool:
        spool.write(OBSERVATIONS)
        source = row_source(spool, CPU)
        assert isinstance(source, ReadRows)
        assert source.ahead == spool.ahead
        assert source.finish(source.prepare(np.array([8, 2]))).tolist() == OBSERVATIONS[[8, 2]].tolist()


@pytest.mark.parametrize(("free", "kind"), [(4 * OBSERVATIONS.nbytes, ResidentRows), (79 * 4, ReadRows)])
def test_a_gpu_holds_observations_that_need_a_quarter_of_its_free_memory(free, kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (free, 10**9))
    monkeypatch.setattr(torch, "as_tensor", lambda array, device: torch.from_numpy(array))
    assert type(row_source(InMemory(OBSERVATIONS), torch.device("cuda"))) is kind


def test_the_second_part_of_a_batch_asks_nothing_of_the_device():
    corpus = Corpus.of(numbered([[0, 1, 1, 0, 2, 2, 2, 1]]))
    sequences = ClusterSequences(Clusters.of(corpus, True), TrainingArguments(batch_size=4), Draws(0))
    source = BatchSource(sequences, row_source(corpus.rows, CPU), CPU)
    prepared = source.prepare(3)
    with RoundTrips() as trips:
        batch = source.finish(prepared)
    rows, packing = sequences.batch(3)
    assert trips.waits == {}
    assert batch.observations.tolist() == corpus.rows.observations[rows].tolist()
    assert batch.packing.places.tolist() == packing.places.tolist()
