"""Prediction on a cluster: the labels of one process, each once, whatever happens."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Thread
from threading import enumerate as enumerate_threads

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

import uisrnn
from uisrnn.distributed import predict

DIM = 4


def names_of(sequences):
    return tuple(one.name for one in sequences)


def labels_in(folder):
    """What part files say, by sequence."""
    found = {}
    for path in sorted(folder.glob("part-*.parquet")):
        for row in pyarrow.parquet.read_table(path).to_pylist():
            found.setdefault(row["sequence"], []).append(row["label"])
    return found


def test_labels_are_those_of_one_process_in_the_order_of_the_dataset(cluster, shards, model, meetings, expected):
    found = predict(shards, model, batch_size=2)
    assert found.names == names_of(meetings)
    assert found.labels == expected
    assert found.times == [one.times.tolist() for one in meetings]
    assert (found.observations, found.skipped, found.left_out) == (sum(map(len, meetings)), (), ())


def test_ray_tells_nobody_of_its_use(cluster, shards, model):
    predict(shards, model)
    names = [thread.name for thread in enumerate_threads()]
    assert not any("usage" in name for name in names), names  # Ray Data would measure for it, every ten seconds
    assert "RAY_USAGE_STATS_ENABLED" not in os.environ


def test_a_folder_gets_a_file_for_each_batch(cluster, shards, model, meetings, expected, tmp_path):
    found = predict(shards, model, out=tmp_path / "labels", batch_size=3)
    assert (found.labels, found.names) == (None, names_of(meetings))
    assert labels_in(tmp_path / "labels") == dict(zip(names_of(meetings), expected, strict=True))
    first = pyarrow.parquet.read_table(tmp_path / "labels" / "part-00000.parquet")
    assert first.schema.names == ["sequence", "time", "label"]
    assert first.column("time").to_pylist()[: len(meetings[0])] == meetings[0].times.tolist()


def test_urls_a_model_file_arguments_and_files_with_embeddings(cluster, shards, model, meetings, tmp_path):
    model.save(tmp_path / "model.uisrnn")
    args = uisrnn.InferenceArguments(beam_size=2, look_ahead=2, test_iteration=2)
    predict(f"file://{shards}", tmp_path / "model.uisrnn", args, out=f"file://{tmp_path}/labels", embeddings=True)
    found = uisrnn.load_sequences(tmp_path / "labels")
    assert [list(one.labels) for one in found] == model.predict(meetings, args)
    for one, meeting in zip(found, meetings, strict=True):
        np.testing.assert_array_equal(one.observations, meeting.observations)


@pytest.mark.slow  # the command line tests turns too
def test_turns_are_those_of_the_labels(cluster, shards, model, meetings, expected, tmp_path):
    found = predict(shards, model, out=tmp_path / "labels.rttm", min_turn=0.5)
    turns = {
        one.name: uisrnn.to_turns(labels, one.times, min_turn=0.5)
        for one, labels in zip(meetings, expected, strict=True)
    }
    assert found.turns == turns
    assert list(uisrnn.read_rttm(tmp_path / "labels.rttm")) == list(turns)


@pytest.fixture
def bare(meetings, tmp_path):
    """A file of another writer, without names and times, whose row groups are smaller than a sequence."""
    column = pyarrow.array(meetings[0].observations.tolist())
    pyarrow.parquet.write_table(pyarrow.table({"embedding": column}), tmp_path / "call.parquet", row_group_size=3)
    return tmp_path / "call.parquet"


def test_a_file_without_names_is_one_sequence_and_a_hop_gives_times(cluster, model, bare, meetings, expected):
    found = predict(bare, model, hop=0.5)
    assert (found.names, found.labels) == (("call",), expected[:1])
    assert found.times == [[0.25 + 0.5 * position for position in range(len(meetings[0]))]]


def test_errors_of_a_worker_are_raised_here(cluster, model, bare, tmp_path):
    with pytest.raises(uisrnn.InputError, match=r"^call: turns need times, but it has none; give `hop`$"):
        predict(bare, model, out=tmp_path / "labels.rttm")
    assert not (tmp_path / "labels.rttm").exists()


# --- shards that cannot be read ---


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def widen(path):
    uisrnn.save_sequences(path, [uisrnn.LabeledSequence(np.ones((3, DIM + 1)), name="wide")])


def widen_without_saying(path):
    """Lists of any length, of which only the rows tell how long they are."""
    table = pyarrow.table({"sequence": ["wide"] * 3, "embedding": [[1.0] * (DIM + 1)] * 3})
    pyarrow.parquet.write_table(table, path)


def damage(path):
    """Pages of embeddings that cannot be unpacked, in a file whose end is whole."""
    metadata = pyarrow.parquet.read_metadata(path)
    (column,) = (
        column
        for column in map(metadata.row_group(0).column, range(metadata.num_columns))
        if column.path_in_schema.startswith("embedding")
    )
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


BAD = [truncate, widen, widen_without_saying, damage]


@pytest.mark.parametrize("spoil", BAD)
def test_a_bad_shard_stops_the_work(cluster, shards, model, spoil, tmp_path):
    spoil(shards / "2.parquet")
    with pytest.raises(uisrnn.InputError, match=re.escape(str(shards / "2.parquet"))) as caught:
        predict(shards, model, out=tmp_path / "labels")
    assert "\n" not in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["meetings"]


def test_bad_shards_are_skipped_and_named(cluster, shards, model, meetings, expected, caplog):
    bad = [shards / f"{number}.parquet" for number in range(3, 7)]
    for path, spoil in zip(bad, BAD, strict=True):
        uisrnn.save_sequences(path, [replace(meetings[0], name=path.name)])
        spoil(path)
    found = predict(shards, model, on_error="skip")
    assert (found.names, found.labels) == (names_of(meetings), expected)
    assert sorted(one.name for one in found.skipped) == list(map(str, bad))
    assert sorted(found.left_out) == ["6.parquet", "wide"]  # of the others nothing could be known
    assert all(one.why in caplog.text for one in found.skipped)


def test_what_goes_on_in_a_bad_shard_is_left_out_and_named(cluster, shards, model, meetings, expected):
    damage(shards / "1.parquet")
    found = predict(shards, model, on_error="skip")
    assert (found.names, found.labels) == (names_of(meetings[:5] + meetings[9:]), expected[:5] + expected[9:])
    assert found.left_out == names_of(meetings[5:9])


def test_a_dataset_of_bad_shards_only_is_none(cluster, shards, model):
    for path in shards.iterdir():
        truncate(path)
    with pytest.raises(uisrnn.InputError, match="at least one sequence is needed, but there is none; the first shard"):
        predict(shards, model, on_error="skip")


def test_rows_that_do_not_follow_each_other_are_named(cluster, shards, model, meetings):
    uisrnn.save_sequences(shards / "3.parquet", meetings[:1])
    with pytest.raises(uisrnn.InputError, match=re.escape("3.parquet, row 0 (the first is 0): the rows of 'meeting0'")):
        predict(shards, model)


# --- workers that are lost ---


def descends_from_here(pid):
    while pid > 1 and pid != os.getpid():
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return pid == os.getpid()


def workers_here():
    """The processes of workers that this one started; others are not ours to kill."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if b"MapWorker(MapBatches(Worker))" in (entry / "cmdline").read_bytes():
                found += [int(entry.name)] * descends_from_here(int(entry.name))
        except (OSError, ValueError):  # it ended meanwhile, or is no process
            continue
    return found


def kill_one_in_the_middle(folder, killed):
    """Kill a worker when the first part has been written, into a folder that is not yet called by its name."""
    for _ in range(600):
        if list(folder.glob(".*.tmp/part-*.parquet")) and workers_here():
            killed.append(workers_here()[0])
            os.kill(killed[0], signal.SIGKILL)
            return
        time.sleep(0.05)


@pytest.mark.slow
def test_what_a_killed_worker_had_is_done_again(cluster, model, meetings, tmp_path, capfd):
    many = [replace(one, name=f"{one.name} {number}") for number in range(10) for one in meetings]
    uisrnn.save_sequences(tmp_path / "many.parquet", many)
    killed = []
    killer = Thread(target=kill_one_in_the_middle, args=(tmp_path, killed))
    killer.start()
    args = uisrnn.InferenceArguments(test_iteration=40, beam_size=40)  # long enough to be in the middle
    found = predict(tmp_path / "many.parquet", model, args, out=tmp_path / "labels", batch_size=5)
    killer.join()
    assert len(killed) == 1
    assert capfd.readouterr() == ("", "")
    assert found.names == names_of(many)
    labels = model.predict(meetings, args)
    assert labels_in(tmp_path / "labels") == dict(zip(names_of(many), labels * 10, strict=True))


# --- what is wrong before the work ---


@pytest.mark.parametrize(
    ("given", "error", "part"),
    [
        ({"address": "nowhere"}, uisrnn.ArgumentError, "must be host:port or ray://host:port, but is 'nowhere'"),
        ({"address": "host:99999"}, uisrnn.ArgumentError, "must be host:port"),
        ({"workers": 0}, uisrnn.ArgumentError, "workers must be an integer >= 1"),
        ({"batch_size": 0}, uisrnn.ArgumentError, "batch_size must be an integer >= 1"),
        ({"on_error": "weep"}, uisrnn.ArgumentError, "on_error must be one of stop, skip, but is 'weep'"),
        ({"out": "labels.npz"}, uisrnn.ArgumentError, "out must be a folder"),
        ({"out": "none/labels.rttm"}, uisrnn.ArgumentError, "out must be an .rttm file in a folder that exists"),
        ({"out": "none/labels"}, uisrnn.ArgumentError, "out must be a new folder in a folder that exists"),
        ({"out": 3}, uisrnn.ArgumentError, "out must be the path or URL"),
        ({"hop": -1.0}, uisrnn.ArgumentError, "hop must be a number of seconds"),
        ({"dataset": 3}, uisrnn.InputTypeError, "dataset must be the path or URL of Parquet files"),
        ({"dataset": "none.parquet"}, FileNotFoundError, "none.parquet"),
        ({"dataset": "nowhere://x"}, uisrnn.InputError, "nowhere://x: cannot be reached"),
        ({"dataset": "."}, uisrnn.InputError, "the folder must hold .parquet files"),
        ({"model": 3}, uisrnn.InputTypeError, "model must be a UISRNN"),
        ({"model": uisrnn.UISRNN()}, uisrnn.NotFittedError, "transition_bias is not known"),
    ],
)
def test_what_is_wrong_is_told(cluster, shards, model, given, error, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "meetings" if given.get("dataset") is None else tmp_path)
    with pytest.raises(error, match=re.escape(part)):
        predict(**{"dataset": shards, "model": model, **given})


def test_a_folder_with_files_is_not_written_to(cluster, shards, model):
    with pytest.raises(FileExistsError, match="There must be no such file"):
        predict(shards, model, out=shards)


def test_names_in_rttm_must_be_words_before_the_work(cluster, model, meetings, tmp_path):
    uisrnn.save_sequences(tmp_path / "names.parquet", [replace(meetings[0], name="my meeting")])
    with pytest.raises(uisrnn.InputError, match="must be a word without spaces, but is 'my meeting'"):
        predict(tmp_path / "names.parquet", model, out=tmp_path / "names.rttm")


@pytest.mark.slow
def test_ray_is_imported_only_when_it_is_used():
    program = (
        "import sys, uisrnn.distributed, uisrnn.cli.app; sys.exit('ray' in sys.modules or 'fsspec' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
