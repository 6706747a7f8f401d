"""Shards by any writer, as `load_sequences` reads them too."""

import pytest

import uisrnn
from uisrnn.distributed.plan import RowRange
from uisrnn.distributed.shards import Shards, UnreadableShardError

pytest.importorskip("fsspec")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

X = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
FOREIGN = {"file": list("sst"), "speaker": list("aba"), "embedding": X}


def contents(shards):
    ranges = [RowRange(path, 0, sum(length for _name, length in shards.runs(path))) for path in shards.paths()]
    return [(one.name, one.labels, one.observations.tolist()) for rows in ranges for one in shards.sequences([rows])]


@pytest.mark.parametrize("partitions", [[], ["file"], ["file", "speaker"]])
def test_foreign_files_and_folders_of_hive_are_read_as_load_sequences_reads_them(tmp_path, partitions):
    table = pa.table(FOREIGN if len(partitions) < 2 else {**FOREIGN, "speaker": list("aab")})
    pq.write_to_dataset(table, tmp_path / "data", partition_cols=partitions)
    wanted = uisrnn.load_sequences(tmp_path / "data")
    assert contents(Shards.of(tmp_path / "data", 2)) == [
        (one.name, one.labels, one.observations.tolist()) for one in wanted
    ]


def test_the_names_of_a_shard_are_in_the_column_with_a_usual_name(tmp_path):
    pq.write_table(pa.table(FOREIGN), tmp_path / "a.parquet")
    assert Shards.of(tmp_path / "a.parquet", 2).runs(str(tmp_path / "a.parquet")) == [("s", 2), ("t", 1)]


def test_a_truncated_shard_is_not_whole(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(FOREIGN), path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableShardError, match="is not a whole Parquet file"):
        Shards.of(path, 2).runs(str(path))


def test_a_name_that_is_null_is_an_error(tmp_path):
    folder = tmp_path / "sequence=__HIVE_DEFAULT_PARTITION__"
    folder.mkdir()
    pq.write_table(pa.table({"embedding": X}), folder / "a.parquet")
    with pytest.raises(UnreadableShardError, match="sequence must be a string, but is null"):
        Shards.of(tmp_path, 2).runs(str(folder / "a.parquet"))
