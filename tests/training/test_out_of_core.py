"""Training on sequences that are read when they are needed gives the model of the same sequences in memory."""

import os
import subprocess
import sys
from functools import cache

import pytest

import uisrnn
from trainings import KINDS, calls, new_model
from uisrnn import Dataset, TrainingArguments

DATA = calls(9, longest=4)
ARGS = {
    "gru": TrainingArguments(train_iteration=6, batch_size=3, num_permutations=3, learning_rate=0.02),
    "plda": TrainingArguments(),
    "context_plda": TrainingArguments(discriminative_iteration=3),
}


@pytest.fixture(autouse=True)
def _few_crops(monkeypatch):
    """To choose the likelihood scale and the iteration by; more only take longer."""
    monkeypatch.setattr("uisrnn.training.discriminative.DEVELOPMENT_CROPS", 8)


def shards(folder, suffix):
    """A folder of files with two sequences each."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    folder.mkdir()
    for start in range(0, len(DATA), 2):
        uisrnn.save_sequences(folder / f"{start}{suffix}", DATA[start : start + 2])
    return folder


SOURCES = {
    "parquet": lambda folder: shards(folder, ".parquet"),
    "npz": lambda folder: Dataset(shards(folder, ".npz")),
    "jsonl": lambda folder: str(shards(folder, ".jsonl")),
    "generator": lambda _folder: (one for one in DATA),
    "list": lambda _folder: Dataset(DATA),
}


def fitted(kind, data, args, **arguments):
    model = new_model(kind, **arguments)
    history = model.fit(data, args=args)
    return model.fingerprint(), model.transition_bias_denominator, history


def in_memory(kind, args, **arguments):
    return fitted(kind, DATA, args, **arguments)


@cache
def usual(kind):
    """What the usual arguments give in memory."""
    return in_memory(kind, ARGS[kind])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", KINDS)
def test_wherever_sequences_come_from_the_model_is_the_same_to_the_last_bit(tmp_path, kind, source):
    assert fitted(kind, SOURCES[source](tmp_path / "calls"), ARGS[kind]) == usual(kind)


OPTIONS = {
    "shared clusters": {"enforce_cluster_id_uniqueness": False},
    "buckets": {"bucket_size": 4, "enforce_cluster_id_uniqueness": False},
    "pieces": {"max_length": 3, "bucket_size": 2},
    "all at once": {"batch_size": None, "num_permutations": 0},
    "patience": {"train_iteration": 80, "patience": 25, "learning_rate": 0.1},
    "both stages": {"discriminative_iteration": 2, "enforce_cluster_id_uniqueness": False},
    "sample means": {"loss": "sample_mean", "patience": 60, "max_length": 2, "bucket_size": 3},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_whatever_is_asked_of_the_gru(option):
    args = TrainingArguments(**{"train_iteration": 6, "batch_size": 3, "num_permutations": 3} | OPTIONS[option])
    expected = in_memory("gru", args, rnn_depth=2)
    assert fitted("gru", iter(DATA), args, rnn_depth=2) == expected


@pytest.mark.parametrize("unique", [True, False], ids=["unique", "shared"])
@pytest.mark.parametrize("kind", ["plda", "context_plda"])
def test_whether_labels_are_shared(kind, unique):
    args = TrainingArguments(discriminative_iteration=2, patience=50, enforce_cluster_id_uniqueness=unique)
    assert fitted(kind, iter(DATA), args) == in_memory(kind, args)


@pytest.mark.parametrize("ahead", [0, 1, 9])
def test_however_many_batches_are_read_ahead(ahead, monkeypatch):
    monkeypatch.setattr("uisrnn.corpus.spool.Spool.ahead", ahead)
    args = TrainingArguments(train_iteration=20, batch_size=3, bucket_size=4)
    assert fitted("gru", iter(DATA), args, rnn_depth=2) == in_memory("gru", args, rnn_depth=2)


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_of_one_observation_teach_nothing_but_do_no_harm(kind):
    """Whichever ones are kept apart: most labels here are never wrong."""
    single = [uisrnn.LabeledSequence(one.observations[:1], one.labels[:1]) for one in calls(60, seed=1)]
    data = [*single, *DATA[:5]]
    for seed in range(2):
        for unique in (True, False):
            args = TrainingArguments(
                train_iteration=2, discriminative_iteration=1, patience=30, enforce_cluster_id_uniqueness=unique
            )
            model = new_model(kind, seed=seed)
            assert len(model.fit(data, args=args).discriminative) == 1


def test_labels_are_those_of_the_sequences_that_are_read():
    with pytest.raises(uisrnn.ArgumentError, match="must be None if train_sequences are read from files"):
        new_model().fit(iter(DATA), [list(one.labels) for one in DATA], ARGS["gru"])


def test_a_sequence_of_another_dimension_stops_it_before_anything_is_learned(tmp_path):
    model, path = new_model(observation_dim=4), shards(tmp_path / "calls", ".npz")
    before = model.fingerprint()
    with pytest.raises(uisrnn.InputError, match=r"0\.npz: call 0: observations must be \(T, 4\)"):
        model.fit(path, args=ARGS["gru"])
    assert model.fingerprint() == before


def test_what_is_left_out_is_told(tmp_path, caplog):
    folder = shards(tmp_path / "calls", ".npz")
    (folder / "2.npz").write_bytes((folder / "2.npz").read_bytes()[:-50])
    model = new_model("plda", verbosity=2)
    model.fit(Dataset(folder, on_error="skip"))
    assert any(one.message.startswith(f"left out: {folder / '2.npz'}: ") for one in caplog.records)
    other = new_model("plda")
    other.fit([*DATA[:2], *DATA[4:]])
    assert model.fingerprint() == other.fingerprint()


def test_the_copy_of_the_observations_goes_where_it_is_told_and_goes_away(tmp_path, monkeypatch):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert fitted("gru", Dataset(DATA, scratch=tmp_path / "scratch"), ARGS["gru"]) == in_memory("gru", ARGS["gru"])
    assert list((tmp_path / "scratch").iterdir()) == []


LARGE = """
import re, resource, sys
from pathlib import Path
import numpy as np
import torch
import uisrnn

DIM, LENGTH = 256, 400

def calls(number, seed):
    generator = np.random.default_rng(seed)
    centers = generator.normal(size=(40, DIM)).astype(np.float32)
    for one in range(number):
        labels = np.repeat(generator.permutation(40)[generator.integers(4, size=LENGTH // 8)], 8)
        x = centers[labels] + generator.normal(size=(LENGTH, DIM)).astype(np.float32)
        yield uisrnn.LabeledSequence(x, labels, name=f"call {one}")

def memory(name):
    return int(re.search(name + ":\\\\s*(\\\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

def fit(data, kind, unique):
    model = uisrnn.UISRNN(uisrnn.ModelArguments(
        kind, observation_dim=DIM, rnn_hidden_size=8, plda_dim=8, crp_alpha=None, seed=0, verbosity=0))
    args = uisrnn.TrainingArguments(
        train_iteration=10, discriminative_iteration=2 * (kind != "gru"), patience=99, bucket_size=5, max_length=100,
        enforce_cluster_id_uniqueness=unique)
    return model.fit(data, args=args)

torch.set_num_threads(1)
how, path, number, room = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if how == "write":
    uisrnn.save_sequences(path, calls(number, seed=0))
    sys.exit()
uisrnn.save_sequences(path + ".few.parquet", calls(8, seed=1))
for kind in ("gru", "context_plda"):  # whatever is loaded and compiled once
    fit(path + ".few.parquet", kind, unique=True)
limit = (memory("VmData") + room) * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
before = memory("VmHWM")
try:
    for kind, unique in (("gru", False), ("context_plda", True)):
        fit(path if how == "read" else uisrnn.load_sequences(path), kind, unique)
except (MemoryError, RuntimeError):  # torch, or a thread that cannot start, raises a RuntimeError
    if how == "read":
        raise
    print("there is no memory")
    sys.exit()
print(memory("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory of a process is limited and told as by Linux")
def test_data_larger_than_the_memory_are_trained_on(tmp_path):
    """300 MB with 130 MB of room, which would not do for them in memory."""
    pytest.importorskip("pyarrow")
    path, number = tmp_path / "calls.parquet", 300 * 2**20 // (4 * 256 * 400)
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "TMPDIR": str(tmp_path)}

    def told(how):
        command = [sys.executable, "-c", LARGE, how, str(path), str(number), "130"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    told("write")
    assert path.stat().st_size > 250 * 2**20
    assert int(told("read")) < 130
    assert told("load") == "there is no memory"
