"""`uisrnn convert`."""

import itertools

import numpy as np
import pytest

import uisrnn
from commands import assert_one_line

NAMES = ["a.npz", "b.parquet", "c.jsonl", "kaldi"]


def test_nothing_is_lost_on_the_way_around(cli, data, meetings, tmp_path):
    source = data
    for name in [*NAMES, "back.npz"]:
        done = cli("convert", source, tmp_path / name)
        assert done.code == 0, done.err
        source = tmp_path / name
    for one, other in itertools.zip_longest(meetings, uisrnn.load_sequences(source)):
        assert (one.observations == other.observations).all()
        assert (one.times == other.times).all()
        assert (one.labels, one.name, one.info) == (other.labels, other.name, other.info)


def test_labels_come_from_turns(program, meetings, tmp_path):
    plain = [uisrnn.LabeledSequence(one.observations, times=one.times, name=one.name) for one in meetings]
    uisrnn.save_sequences(tmp_path / "plain.npz", plain)
    turns = {one.name: uisrnn.to_turns(one.labels, one.times) for one in meetings}
    uisrnn.write_rttm(tmp_path / "turns.rttm", turns)
    done = program("convert", tmp_path / "plain.npz", tmp_path / "out.npz", "--rttm", tmp_path / "turns.rttm")
    assert done.code == 0, done.err
    assert [one.labels for one in uisrnn.load_sequences(tmp_path / "out.npz")] == [one.labels for one in meetings]


def test_sequences_become_turns(cli, data, meetings, tmp_path):
    assert cli("convert", data, tmp_path / "out.rttm").code == 0
    assert list(uisrnn.read_rttm(tmp_path / "out.rttm")) == [one.name for one in meetings]


def test_observations_of_one_time_become_overlapping_turns(cli, tmp_path):
    call = uisrnn.LabeledSequence([[0]] * 4, ["ann", "ann", "bob", "bob"], [0.5, 1.5, 1.5, 2.5], "call")
    uisrnn.save_sequences(tmp_path / "call.npz", [call])
    assert cli("convert", tmp_path / "call.npz", tmp_path / "call.rttm").code == 0
    assert uisrnn.read_rttm(tmp_path / "call.rttm") == {"call": [(0, 2, "ann"), (1, 3, "bob")]}


def test_a_model_of_0_1_2_becomes_one_of_today(cli, repository, tmp_path):
    old = repository / "tests" / "golden" / "d16_h12.uisrnn"
    assert cli("convert", old, tmp_path / "new.uisrnn").code == 0
    assert uisrnn.UISRNN.from_file(tmp_path / "new.uisrnn").fingerprint() == uisrnn.UISRNN.from_file(old).fingerprint()


@pytest.mark.parametrize(
    ("source", "target", "code", "part"),
    [
        ("none.npz", "out.npz", 1, "none.npz: No such file"),
        ("{data}", "out.doc", 1, "out.doc: the suffix must be one of"),
        ("{data}", "none/out.npz", 2, "TARGET must be in a folder that exists"),
        ("{model}", "out.npz", 2, "cannot be made from it"),
        ("{rttm}", "out.npz", 1, "is an RTTM file of turns, without observations, but a file of sequences or a model"),
    ],
)
def test_what_is_wrong_is_one_line(cli, data, model, tmp_path, monkeypatch, source, target, code, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.rttm").write_text("SPEAKER a 1 0 4 <NA> <NA> ann <NA> <NA>\n")
    assert_one_line(cli("convert", source.format(data=data, model=model, rttm="x.rttm"), target), code, part)
    assert [one.name for one in tmp_path.iterdir()] == ["x.rttm"]


def test_a_nan_in_parquet_is_named(cli, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"sequence": ["call"] * 2, "embedding": [[1.0, 2.0], [3.0, float("nan")]]})
    pq.write_table(table, tmp_path / "x.parquet")
    assert_one_line(cli("convert", tmp_path / "x.parquet", tmp_path / "x.npz"), 1, "x.parquet", "row 1")


def test_npy_files_of_0_1_2_become_any_format(cli, tmp_path):
    np.save(tmp_path / "train_sequence.npy", np.eye(3))
    np.save(tmp_path / "train_cluster_id.npy", np.array(["a", "a", "b"]))
    done = cli("convert", tmp_path / "train_sequence.npy", tmp_path / "out.npz")
    assert done.code == 0, done.err
    [sequence] = uisrnn.load_sequences(tmp_path / "out.npz")
    assert (sequence.labels, sequence.observations.tolist()) == (("a", "a", "b"), np.eye(3).tolist())
