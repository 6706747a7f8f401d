"""Parquet: our own files, and those of others."""

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import iterate_sequences, load_sequences, save_sequences
from uisrnn.formats.parquet import parquet, row_batches

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

CALL = LabeledSequence([[1, 2], [3, 4]], ["ann", "bob"], [0.4, 0.8], "call", {"room": 3})


def written(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_the_columns_are_those_that_are_promised(tmp_path):
    save_sequences(tmp_path / "a.parquet", [CALL])
    table = pq.read_table(tmp_path / "a.parquet")
    assert str(table.schema.field("embedding").type).startswith("fixed_size_list<")
    assert [table.schema.field(name).nullable for name in table.schema.names] == [False, True, True, False, True]
    assert table.select(["sequence", "time", "label"]).to_pylist() == [
        {"sequence": "call", "time": 0.4, "label": "ann"},
        {"sequence": "call", "time": 0.8, "label": "bob"},
    ]
    assert table.column("embedding").to_pylist() == [[1, 2], [3, 4]]
    assert table.column("info").to_pylist() == ['{"room": 3}', None]


@pytest.mark.parametrize(
    ("labels", "kind"), [([1, 2], "int64"), (["1", "b"], "string"), ([1, "1"], "string"), (None, "int64")]
)
def test_labels_are_a_column_of_their_type(tmp_path, labels, kind):
    save_sequences(tmp_path / "a.parquet", [LabeledSequence([[1], [2]], labels)])
    assert str(pq.read_schema(tmp_path / "a.parquet").field("label").type) == kind
    [found] = load_sequences(tmp_path / "a.parquet")
    assert found.labels == (None if labels is None else tuple(labels))


def test_labels_of_another_type_that_come_too_late_are_an_error(tmp_path):
    late = [CALL, LabeledSequence([[1, 2]], [3], name="late")]
    save_sequences(tmp_path / "a.parquet", late)
    with pytest.raises(
        uisrnn.InputError, match=r"late: the labels in the file are strings, but there is 3; save a lis"
    ):
        save_sequences(tmp_path / "b.parquet", iter(late))
    assert not (tmp_path / "b.parquet").exists()


def test_a_sequence_crosses_row_groups_and_batches(tmp_path, monkeypatch, generator):
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 800)  # a hundred rows of two
    made = [LabeledSequence(generator.normal(size=(n, 2)), name=str(n)) for n in (5, 9000, 99, 1, 250)]
    save_sequences(tmp_path / "a.parquet", iter(made))
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups > 90
    found = load_sequences(tmp_path / "a.parquet")
    assert [one.observations.tolist() for one in found] == [one.observations.tolist() for one in made]


def test_shards_in_a_folder_are_one_table(tmp_path):
    for number, name in enumerate(["call", "call", "meeting"]):
        written(tmp_path / f"{number}.parquet", sequence=[name] * 2, embedding=[[number, 0.5], [number, 1.5]])
    call, meeting = load_sequences(tmp_path)
    assert (call.name, call.observations[:, 0].tolist()) == ("call", [0, 0, 1, 1])
    assert meeting.name == "meeting"


def test_one_sequence_is_in_memory_at_a_time(tmp_path):
    rows = [np.zeros(2), np.zeros(2), np.full(2, np.nan)]
    written(tmp_path / "a.parquet", sequence=["a"] * 5000 + ["b"] * 5000, embedding=[rows[0]] * 9999 + [rows[2]])
    sequences = iterate_sequences(tmp_path / "a.parquet")
    assert len(next(sequences)) == 5000  # before the bad row was seen
    with pytest.raises(
        uisrnn.InputError, match=r"a\.parquet, row 9999 \(the first is 0\): embedding must be of finite"
    ):
        next(sequences)


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.list_(pa.float32()),
        pa.large_list(pa.float64()),
        pa.list_(pa.float64(), 2),
        pa.list_(pa.int16()),
        pa.list_(pa.uint64()),
    ],
)
def test_embeddings_of_others(tmp_path, kind):
    path = written(tmp_path / "some.parquet", embedding=pa.array([[1, 2], [3, 4]], kind), gender=["f", "m"])
    [found] = load_sequences(path)
    assert (found.name, found.labels, found.times, found.info) == ("some", None, None, {})
    assert found.observations.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("labels", "read"),
    [
        (pa.array(["a", "b"]).dictionary_encode(), ("a", "b")),
        (pa.array(["a", "b"], pa.large_string()), ("a", "b")),
        (pa.array([1, 2], pa.uint8()), (1, 2)),
        (pa.array([None, None], pa.null()), None),
        (pa.array([None, None], pa.string()).dictionary_encode(), None),
        (pa.DictionaryArray.from_arrays([2, 0], ["a", "unused", "b"]), ("b", "a")),
    ],
)
def test_labels_of_others(tmp_path, labels, read):
    [found] = load_sequences(written(tmp_path / "a.parquet", embedding=[[1.0], [2.0]], label=labels, sequence=[7, 7]))
    assert (found.name, found.labels) == ("7", read)


E2 = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"data": E2}, "needs a column 'embedding' with lists of numbers, but has data"),
        ({"embedding": [1.0, 2.0]}, "the column embedding must hold lists of numbers, but holds double"),
        ({"embedding": [["a"]]}, "the column embedding must hold lists of numbers, but holds list<"),
        (
            {"embedding": [[1.0], [2.0], [float("nan")]]},
            r"row 2 \(the first is 0\): embedding must be of finite float32 num",
        ),
        ({"embedding": [[1.0, 2.0], [0.0, 1e39]]}, r"row 1 .*: embedding must be .*, but dimension 1 is 1e\+39"),
        ({"embedding": [[1.0, 2.0], [3.0, None]]}, "row 1 .*: embedding must be of numbers, but dimension 1 is null"),
        ({"embedding": [[1.0], None]}, "row 1 .*: embedding must be a list of numbers, but is null"),
        ({"embedding": [[1.0], [2.0, 3.0]]}, "row 1 .*: embedding must have 1 numbers as the rows before, but has 2"),
        ({"embedding": pa.array([[]], pa.list_(pa.float32()))}, "row 0 .*: embedding must have at least one number"),
        ({"embedding": pa.array([], pa.list_(pa.float32()))}, "at least one sequence is needed, but there is none"),
        (
            {"embedding": E2, "sequence": ["a", "b", "a"]},
            "row 2 .*: the rows of 'a' must follow each other, but others we",
        ),
        ({"embedding": E2, "sequence": ["a", None, "a"]}, "row 1 .*: sequence must be a string, but is null"),
        ({"embedding": E2, "sequence": [1.5, 2, 3]}, "row 0 .*: sequence must be a string, but is 1.5"),
        ({"embedding": E2, "label": [1.0, 2.0, 3.0]}, "row 0 .*: label must be a string or an integer, but is 1.0"),
        (
            {"embedding": E2, "label": [True, True, False]},
            "row 0 .*: label must be a string or an integer, but is True",
        ),
        (
            {"embedding": E2, "label": pa.array([None, 1, 2], pa.timestamp("s"))},
            "row 1 .*: label must be a string or an integer, but is datetime",
        ),
        ({"embedding": E2, "label": pa.array([2**62] * 3, pa.timestamp("us"))}, "cannot be read: "),
        (
            {"embedding": E2, "label": [["a"], ["b"], []]},
            r"row 0 .*: label must be a string or an integer, but is \['a",
        ),
        (
            {"embedding": E2, "label": [1, None, 3]},
            "row 1 .*: has no label, but the rows of the sequence before had a",
        ),
        (
            {"embedding": E2, "label": [None, "a", "b"]},
            "row 1 .*: has a label, but the rows of the sequence before had n",
        ),
        (
            {"embedding": E2, "time": [0.0, None, 1.0]},
            "row 1 .*: has no time, but the rows of the sequence before had a",
        ),
        ({"embedding": E2, "time": ["0", "1", "2"]}, "row 0 .*: time must be a number of seconds, but is '0'"),
        (
            {"embedding": E2, "time": [0.0, 2.0, 1.0]},
            "a.parquet: a: times must not decrease, but time 2 is 1.0 after 2.0",
        ),
        ({"embedding": E2, "time": [0.0, 1.0, float("inf")]}, "a.parquet: a: times must be finite"),
        ({"embedding": E2, "info": ["{", None, None]}, "row 0 .*, info: must be JSON, but"),
        ({"embedding": E2, "info": ["3", None, None]}, "row 0 .*: info must be an object, in the first row"),
        ({"embedding": E2, "info": [None, "{}", None]}, "row 1 .*: info must be an object, in the first row"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path, columns, message):
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(written(tmp_path / "a.parquet", **columns))
    assert str(raised.value).startswith(str(tmp_path / "a.parquet"))


def test_rows_count_through_batches(tmp_path):
    path = written(tmp_path / "a.parquet", embedding=[[1.0]] * 5000 + [[float("inf")]])
    with pytest.raises(uisrnn.InputError, match=r"row 5000 \(the first is 0\): .* dimension 0 is inf"):
        load_sequences(path)


def test_dimensions_differ_from_shard_to_shard(tmp_path):
    written(tmp_path / "a.parquet", sequence=["a"], embedding=[[1.0, 2.0]])
    written(tmp_path / "b.parquet", sequence=["a"], embedding=[[1.0]])
    with pytest.raises(
        uisrnn.InputError, match=r"b\.parquet, row 0 .*: the observation must have 2 numbers as those bef"
    ):
        load_sequences(tmp_path)
    written(tmp_path / "b.parquet", sequence=["b"], embedding=[[1.0]])
    with pytest.raises(uisrnn.InputError, match=r"b: observations must be \(T, 2\) as those before, but are \(1, 1\)"):
        load_sequences(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_an_error(tmp_path, share):
    save_sequences(tmp_path / "a.parquet", [CALL])
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[: int(share * len(content))])
    with pytest.raises(uisrnn.InputError, match=r"a\.parquet: is not a whole Parquet file"):
        load_sequences(tmp_path / "a.parquet")


def test_damaged_pages_are_an_error(tmp_path, generator):
    save_sequences(tmp_path / "a.parquet", [LabeledSequence(generator.normal(size=(1000, 8)))])
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[4:64] = b"\xff" * 60
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=r"a\.parquet"):
        load_sequences(tmp_path / "a.parquet")


def test_labels_that_are_not_json_are_named_with_their_row(tmp_path):
    table = pa.table({"embedding": E2, "label": ['"a"', "1", "b"]}, metadata=row_batches.JSON_LABELS)
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(uisrnn.InputError, match=r"a\.parquet, row 2 .*, label: must be JSON, but"):
        load_sequences(tmp_path / "a.parquet")


def test_what_is_known_of_a_sequence_is_its_own(tmp_path):
    made = [LabeledSequence([[1.0]], name=name, info={"room": [3]}) for name in "ab"]
    save_sequences(tmp_path / "a.parquet", made)
    first, second = load_sequences(tmp_path / "a.parquet")
    first.info["room"].append(4)
    assert second.info == {"room": [3]}


@pytest.mark.parametrize(("at", "missing"), [(0, False), (4095, True), (4096, False), (7000, True)])
def test_a_label_or_none_is_found_in_any_batch(tmp_path, at, missing):
    labels = ["a" if missing else None] * 9000
    labels[at] = None if missing else "a"
    path = written(tmp_path / "a.parquet", embedding=[[1.0]] * 9000, label=labels)
    has, had, row = ("no", "had a", at) if missing else ("a", "had no", at)
    if at == 0:  # then it is the others that differ
        has, had, row = "no", "had a", 1
    with pytest.raises(uisrnn.InputError, match=f"row {row} .*: has {has} label, but the rows of .* before {had}"):
        load_sequences(path)


FOREIGN = {"file": list("sst"), "speaker": list("aba"), "embedding": E2}


def test_usual_names_of_columns_are_read_and_the_log_says_so(tmp_path, caplog):
    first, second = load_sequences(written(tmp_path / "a.parquet", **FOREIGN))
    assert (first.name, first.labels, second.name, second.labels) == ("s", ("a", "b"), "t", ("a",))
    assert [record.getMessage().partition("a.parquet: ")[2] for record in caplog.records] == [
        "read column 'file' as 'sequence'",
        "read column 'speaker' as 'label'",
    ]
    assert {record.name for record in caplog.records} == {"uisrnn.formats"}


def test_shards_with_the_same_columns_say_so_once(tmp_path, caplog):
    for name in "ab":
        written(tmp_path / f"{name}.parquet", **{**FOREIGN, "file": [name] * 3})
    assert len(load_sequences(tmp_path)) == 2
    assert len(caplog.records) == 2


@pytest.mark.parametrize("name", ["recording_id", "audio_id", "Session", "utterance-id", "URI", "filename"])
def test_usual_names_of_sequences(tmp_path, name):
    [found] = load_sequences(written(tmp_path / "a.parquet", **{name: ["s"] * 3, "vectors": E2}))
    assert (found.name, found.observations.tolist()) == ("s", E2)


def test_a_span_does_not_end_before_it_starts(tmp_path):
    written(tmp_path / "a.parquet", embedding=E2, start=[0, 1, 2], end=[1, 0, 3])
    with pytest.raises(uisrnn.InputError, match=r"row 1 .*must not end before it starts, but its length is -1 s"):
        load_sequences(tmp_path / "a.parquet")


def test_the_log_says_which_columns_are_not_read_if_none_names_the_sequence(tmp_path, caplog):
    written(tmp_path / "a.parquet", embedding=E2, which=list("sst"))
    [sequence] = load_sequences(tmp_path / "a.parquet")
    assert sequence.name == "a"
    assert "all rows are a single sequence, because no column is 'sequence'; unread: which" in caplog.text


@pytest.mark.parametrize("name", ["speaker_id", "spk", "cluster", "cluster_id", "Speaker Label"])
def test_usual_names_of_labels(tmp_path, name):
    [found] = load_sequences(written(tmp_path / "a.parquet", **{name: list("aba"), "d-vector": E2}))
    assert found.labels == ("a", "b", "a")


@pytest.mark.parametrize(
    ("columns", "times"),
    [
        ({"timestamp": [0.0, 0.5, 1.0]}, [0, 0.5, 1]),
        ({"start": [0, 1, 2]}, [0, 1, 2]),
        ({"start": [0.0, 0.5, 1.0], "end": [1.0, 1.5, 2.0]}, [0.5, 1, 1.5]),
        ({"start": [0.0, 0.5, 1.0], "duration": [1.0, 1.0, 2.0]}, [0.5, 1, 2]),
        ({"offset": [0.0, 0.5, 1.0], "duration": [1.0, 1.0, 2.0]}, [0.5, 1, 2]),
        ({"time": [0.0, 0.5, 1.0], "start": [9, 9, 9]}, [0, 0.5, 1]),
        ({"timestamp": ["noon"] * 3}, None),
    ],
)
def test_usual_names_of_times(tmp_path, columns, times):
    [found] = load_sequences(written(tmp_path / "a.parquet", features=E2, **columns))
    assert (found.times if times is None else found.times.tolist()) == times


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"file": list("sss"), "session": list("sss")},
            "columns 'file' and 'session' may each be the sequence; rename",
        ),
        (
            {"speaker": list("aba"), "cluster": [0, 1, 0]},
            "columns 'speaker' and 'cluster' may each be the label; rename",
        ),
        ({"x": E2}, "columns 'vector' and 'x' may each be the embedding; rename the right column to 'embedding'"),
        (
            {"start": [0, 1, 2], "t": [0, 1, 2]},
            "columns 'start' and 't' may each be the time; rename the right column to 'time'",
        ),
        ({"speaker": [1.0, 2.0, 1.0]}, r"row 0 .*: speaker must be a string or an integer, but is 1\.0"),
    ],
)
def test_columns_that_could_be_the_same_are_refused(tmp_path, columns, message):
    with pytest.raises(uisrnn.InputError, match=message):
        load_sequences(written(tmp_path / "a.parquet", vector=E2, **columns))


def test_a_column_that_is_ignored_is_named(tmp_path, caplog):
    path = written(tmp_path / "a.parquet", sequence=list("sss"), file=list("xyz"), embedding=E2)
    assert [one.name for one in load_sequences(path)] == ["s"]
    assert "ignored column 'file', because there is a column 'sequence'" in caplog.text


def test_our_own_files_need_no_words(tmp_path, caplog):
    save_sequences(tmp_path / "a.parquet", [CALL])
    load_sequences(tmp_path / "a.parquet")
    assert not caplog.records


VIEWS = [name for name in ("string_view", "large_string", "string") if hasattr(pa, name)]


@pytest.mark.parametrize("kind", VIEWS)
def test_strings_of_any_type_are_read(tmp_path, kind):
    names = pa.array(list("sst"), getattr(pa, kind)())
    found = load_sequences(written(tmp_path / "a.parquet", sequence=names, label=names, embedding=E2))
    assert [(one.name, one.labels) for one in found] == [("s", ("s", "s")), ("t", ("t",))]


@pytest.mark.skipif(not hasattr(pa, "list_view"), reason="needs a newer pyarrow")
def test_list_views_are_read(tmp_path):
    [found] = load_sequences(written(tmp_path / "a.parquet", embedding=pa.array(E2, pa.list_view(pa.float32()))))
    assert found.observations.tolist() == E2


def test_tensors_are_read(tmp_path):
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.array(E2))
    [found] = load_sequences(written(tmp_path / "a.parquet", embedding=tensor))
    assert found.observations.tolist() == E2


def test_folders_of_hive_are_columns(tmp_path, caplog):
    table = pa.table({**FOREIGN, "time": [0.5, 1.5, 0.5]})
    pq.write_to_dataset(table, tmp_path / "hive", partition_cols=["file"])
    first, second = load_sequences(tmp_path / "hive")
    assert (first.name, first.labels, first.times.tolist()) == ("s", ("a", "b"), [0.5, 1.5])
    assert (second.name, second.labels) == ("t", ("a",))
    assert "read column 'file' as 'sequence'" in caplog.text


def test_a_partition_alone_has_the_columns_of_its_folders(tmp_path):
    shard = tmp_path / "sequence=call" / "label=ann"
    shard.mkdir(parents=True)
    written(shard / "0.parquet", embedding=[[1.0, 2.0]])
    for path in (tmp_path / "sequence=call", shard, shard / "0.parquet"):
        [sequence] = load_sequences(path)
        assert (sequence.name, sequence.labels) == ("call", ("ann",))


def test_partitions_may_be_nested_and_hold_labels_and_times(tmp_path):
    shard = tmp_path / "sequence=call%201" / "time=0.5" / "label=ann"
    shard.mkdir(parents=True)
    written(shard / "0.parquet", embedding=[[1.0, 2.0]])
    [found] = load_sequences(tmp_path)
    assert (found.name, found.labels, found.times.tolist()) == ("call 1", ("ann",), [0.5])


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("sequence=__HIVE_DEFAULT_PARTITION__", "row 0 .*: sequence must be a string, but is null"),
        ("time=noon", "cannot be read: could not convert string to float: 'noon'"),
    ],
)
def test_partitions_that_cannot_be_read_are_named(tmp_path, folder, message):
    (tmp_path / folder).mkdir()
    written(tmp_path / folder / "0.parquet", embedding=[[1.0, 2.0]])
    with pytest.raises(uisrnn.InputError, match=message):
        load_sequences(tmp_path)


def test_a_whole_file_is_never_called_half(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PARE" + bytes(20) + b"PARE")  # encrypted
    with pytest.raises(uisrnn.InputError, match=r"a\.parquet: cannot be read: "):
        load_sequences(tmp_path / "a.parquet")
