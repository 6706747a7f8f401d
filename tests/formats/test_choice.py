"""Which format a path is of, and what is refused whatever the format."""

import os

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import iterate_sequences, load_sequences, save_sequences
from uisrnn.formats.registry import FORMATS

CALL = LabeledSequence([[1, 2], [3, 4]], ["ann", "bob"], [0.4, 0.8], "call")
WRITTEN = [one for one in FORMATS if one.name != "npy"]
PATHS = [f"data{one.suffixes[0]}" for one in WRITTEN]


@pytest.mark.parametrize("name", PATHS)
def test_the_suffix_says_the_format(tmp_path, name):
    save_sequences(str(tmp_path / name), [CALL])
    [found] = load_sequences(str(tmp_path / name))
    assert found.labels == CALL.labels


@pytest.mark.parametrize("name", PATHS[:-1])
def test_a_suffix_in_capitals_is_one(tmp_path, name):
    save_sequences(tmp_path / name.upper(), [CALL])
    assert len(load_sequences(tmp_path / name.upper())) == 1


@pytest.mark.parametrize("kind", [one.name for one in WRITTEN])
def test_a_format_can_be_said(tmp_path, kind):
    save_sequences(tmp_path / "some.thing", [CALL], format=kind)
    [found] = load_sequences(tmp_path / "some.thing", format=kind)
    assert found.name == "call"


@pytest.mark.parametrize("path", ["data.doc", "data.npz.gz"])
def test_an_unknown_suffix_is_an_error_with_those_that_are_known(tmp_path, path):
    (tmp_path / path).touch()
    message = rf"{path}: the suffix must be one of \.npz, \.parquet, \.jsonl, .*\.npy, but is '.*'; or give"
    with pytest.raises(uisrnn.InputError, match=message):
        load_sequences(tmp_path / path)
    with pytest.raises(uisrnn.InputError, match=message):
        save_sequences(tmp_path / path, [CALL])


def test_a_file_without_suffix_is_not_read(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(uisrnn.InputError, match="data: the suffix must be one of"):
        load_sequences(tmp_path / "data")


def test_an_unknown_format_is_an_error_with_those_that_are_known(tmp_path):
    with pytest.raises(uisrnn.ArgumentError, match=r"format must be one of npz, parquet, .*, npy, but is 'csv'"):
        load_sequences(tmp_path, format="csv")
    with pytest.raises(uisrnn.ArgumentError, match="format must be one of"):
        save_sequences(tmp_path / "a.npz", [CALL], format=["npz"])


@pytest.mark.parametrize("name", [*PATHS, "data.csv", "data.scp", "data.ark", "\0"])
def test_what_is_not_there_is_an_error_of_the_system(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        iterate_sequences(tmp_path / name)  # before the first sequence is asked for


@pytest.mark.parametrize("kind", [one.name for one in FORMATS])
def test_nor_with_a_format(tmp_path, kind):
    with pytest.raises(FileNotFoundError):
        load_sequences(tmp_path / "data", format=kind)


@pytest.mark.parametrize("name", ["data.npz", "data.parquet", "data.jsonl", "data.scp", "data.ark", "data.npy"])
@pytest.mark.parametrize("content", [b"", b"\n", b"RIFF\x24\0\0\0WAVE", b"speaker,start,end\nann,0,1\n", b"\xff" * 99])
def test_what_is_something_else_is_an_error_with_the_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=name):
        load_sequences(tmp_path / name)


@pytest.mark.parametrize("kind", ["npz", "parquet", "jsonl", "npy"])
def test_a_folder_without_such_files(tmp_path, kind):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(uisrnn.InputError, match="at least one sequence is needed, but there is none"):
        load_sequences(tmp_path, format=kind)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".jsonl"])
def test_a_folder_holds_shards_in_the_order_of_their_names(tmp_path, suffix):
    for name in ("b", "a", "c"):
        save_sequences(
            tmp_path / f"{name}{suffix}", [LabeledSequence([[1]], ["ann"], name=f"{name} {i}") for i in "01"]
        )
    (tmp_path / f".hidden{suffix}").write_text("half of something")
    (tmp_path / "notes.txt").touch()
    assert [one.name for one in load_sequences(tmp_path)] == ["a 0", "a 1", "b 0", "b 1", "c 0", "c 1"]


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".jsonl"])
def test_a_shard_of_another_dimension_is_named(tmp_path, suffix):
    save_sequences(tmp_path / f"a{suffix}", [CALL])
    save_sequences(tmp_path / f"b{suffix}", [LabeledSequence([[1]], name="b")])
    with pytest.raises(
        uisrnn.InputError, match=rf"/b\{suffix}: b: observations must be \(T, 2\) as those before, but are \(1, 1\)"
    ):
        load_sequences(tmp_path)


@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".jsonl"])
def test_a_sequence_of_a_shard_is_not_that_of_another(tmp_path, suffix):
    for name, also in (("a", CALL), ("b", LabeledSequence([[1, 2]], name="between")), ("c", CALL)):
        save_sequences(tmp_path / f"{name}{suffix}", [also])
    with pytest.raises(uisrnn.InputError, match=rf"/c\{suffix}.*'call'"):
        load_sequences(tmp_path)


def test_a_kaldi_folder_holds_no_json_lines_although_one_of_its_files_has_that_suffix(tmp_path):
    save_sequences(tmp_path / "kaldi", [CALL])
    assert list((tmp_path / "kaldi").glob("*.jsonl"))
    assert load_sequences(tmp_path / "kaldi")[0].labels == CALL.labels


def test_folders_hold_one_format(tmp_path):
    with pytest.raises(uisrnn.InputError, match="must hold files of one format, but holds nothing known"):
        load_sequences(tmp_path)
    save_sequences(tmp_path / "a.parquet", [CALL])
    assert len(load_sequences(tmp_path)) == 1
    (tmp_path / "a.scp").touch()
    with pytest.raises(uisrnn.InputError, match="must hold files of one format, but holds parquet and kaldi; give `fo"):
        load_sequences(tmp_path)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("as_given", [list, iter])
@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "at least one sequence is needed, but there is none"),
        ([CALL, CALL], "sequence 1: must have a name of its own, but an earlier sequence is 'call'"),
        (
            [CALL, LabeledSequence([[1]], name="b")],
            r"b: observations must be \(T, 2\) as those before, but are \(1, 1\)",
        ),
        ([CALL, np.ones((3, 2))], "sequence 1: must be a LabeledSequence, but is ndarray"),
        ([LabeledSequence([[1]], name="\udcff")], "sequence 0: name must be what JSON can hold"),
        ([LabeledSequence([[1]], ["\udcff"], name="b")], "b: labels must be what JSON can hold"),
        ([LabeledSequence([[1]], [10**5000], name="b")], "b: labels must be what JSON can hold"),
        ([LabeledSequence([[1]], name="b", info={"a": float("nan")})], "b: info must be what JSON can hold"),
        ([LabeledSequence([[1]], name="b", info={"a": np.ones(2)})], "b: info must be what JSON can hold"),
        (
            [LabeledSequence([[1]], name="b", info={1: 2})],
            "b: info must be what JSON can hold, with lists and text keys",
        ),
    ],
)
def test_what_no_format_holds_is_refused_and_nothing_is_written(tmp_path, name, as_given, sequences, message):
    with pytest.raises((uisrnn.InputError, uisrnn.InputTypeError), match=message):
        save_sequences(tmp_path / name, as_given(sequences))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("sequences", [CALL, 3, None])
def test_a_list_is_needed(tmp_path, sequences):
    with pytest.raises(uisrnn.InputTypeError, match="sequences must be a list of LabeledSequences, but are"):
        save_sequences(tmp_path / "a.npz", sequences)


@pytest.mark.parametrize("path", [None, 3, b"a.npz"])
def test_a_path_is_needed(path):
    with pytest.raises(uisrnn.InputTypeError, match="path must be that of a file or a folder, but is"):
        load_sequences(path)
    with pytest.raises(uisrnn.InputTypeError, match="path must be that of a file or a folder, but is"):
        save_sequences(path, [CALL])


@pytest.mark.parametrize("name", PATHS)
def test_sequences_without_a_name_get_a_number(tmp_path, name):
    save_sequences(tmp_path / name, [LabeledSequence([[1]]), LabeledSequence([[2]]), LabeledSequence([[3]])])
    assert [one.name for one in load_sequences(tmp_path / name)] == ["sequence", "sequence-1", "sequence-2"]


@pytest.mark.parametrize("name", PATHS)
def test_an_error_of_who_brings_sequences_leaves_the_old_file(tmp_path, name):
    def coming():
        yield CALL
        raise KeyboardInterrupt

    if name != "data":
        save_sequences(tmp_path / name, [CALL])
    before = os.listdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        save_sequences(tmp_path / name, coming())
    assert os.listdir(tmp_path) == before


@pytest.mark.parametrize("name", PATHS)
def test_a_folder_that_is_not_there(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        save_sequences(tmp_path / "nowhere" / name, [CALL])
