"""npz files: the conversation format, and those of 0.1.2."""

import io
import json
import zipfile

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence
from uisrnn.formats import load_sequences, save_sequences

X = np.arange(10, dtype=np.float32).reshape(5, 2)
META = [
    {"corpus": "ami", "speakers": {"0": "ann", "1": "bob"}, "windows": 2},
    {"corpus": "ami", "speakers": {"1": "bob", "0": "eve", "2": "who is not heard"}, "t0": 0.5},
]


def written(tmp_path, **arrays):
    given = {"embeddings": X, "labels": np.array([0, 1, 1, 0, 1], np.int32), "lengths": np.array([2, 3]), **arrays}
    np.savez(tmp_path / "some.npz", **{name: array for name, array in given.items() if array is not None})
    return tmp_path / "some.npz"


def as_in_the_readme(path):
    """How readers of the format read it."""
    z = np.load(path)
    cut = np.cumsum(z["lengths"])[:-1]
    return np.split(z["embeddings"], cut), np.split(z["labels"], cut), json.loads(str(z["meta"]))


def test_conversations_are_read_with_the_names_of_speakers(tmp_path):
    one, other = load_sequences(written(tmp_path, meta=np.array(json.dumps(META))))
    assert (one.observations == X[:2]).all()
    assert (one.name, one.labels, one.info) == ("some-0", ("ann", "bob"), {"corpus": "ami", "windows": 2})
    assert (other.name, other.labels, other.info) == ("some-1", ("bob", "eve", "bob"), META[1])


def test_meta_comes_back_as_it_was(tmp_path):
    path = written(tmp_path, meta=np.array(json.dumps(META)))
    before = as_in_the_readme(path)
    save_sequences(path, load_sequences(path))
    after = as_in_the_readme(path)
    assert after[2] == before[2] == META
    for old, new in zip(before[0] + before[1], after[0] + after[1], strict=True):
        assert old.dtype == new.dtype
        assert (old == new).all()


def test_other_readers_read_what_has_times_and_names(tmp_path):
    made = [
        LabeledSequence(X[:2], ["ann", "bob"], [0.4, 0.8], "call"),
        LabeledSequence(X[2:], name="meeting", info={"room": 3}),
    ]
    save_sequences(tmp_path / "a.npz", made)
    observations, labels, meta = as_in_the_readme(tmp_path / "a.npz")
    assert [len(one) for one in observations] == [2, 3]
    assert labels[0].tolist() == [0, 1]
    assert meta == [{"speakers": {"0": "ann", "1": "bob"}}, {"room": 3}]


def test_without_speakers_labels_are_integers(tmp_path):
    assert [one.labels for one in load_sequences(written(tmp_path))] == [(0, 1), (1, 0, 1)]
    [one] = load_sequences(written(tmp_path, labels=None, lengths=np.array([5])))
    assert (one.name, one.labels) == ("some", None)


def test_predicted_labels_can_stand_beside_the_speakers_of_the_data(tmp_path):
    one = load_sequences(written(tmp_path, meta=np.array(json.dumps(META))))[1]
    predicted = LabeledSequence(one.observations, [0, 1, 0], name="predicted", info=one.info)
    save_sequences(tmp_path / "a.npz", [predicted])
    [found] = load_sequences(tmp_path / "a.npz")
    assert (found.labels, found.info) == ((0, 1, 0), META[1])


@pytest.mark.parametrize("ids", [np.array(["0_0", "0_0", "0_1", "1_0", "1_0"]), np.array([0, 0, 1, 2, 2]), None])
def test_training_files_of_0_1_2(tmp_path, ids):
    arrays = {} if ids is None else {"train_cluster_id": ids}
    np.savez(tmp_path / "train.npz", train_sequence=X.astype(np.float64), **arrays)
    [one] = load_sequences(tmp_path / "train.npz")
    assert (one.name, one.observations.tolist()) == ("train", X.tolist())
    assert one.labels == (None if ids is None else tuple(ids.tolist()))


def test_test_files_of_0_1_2(tmp_path):
    np.savez(tmp_path / "test.npz", test_sequences=np.stack([X, -X]), test_cluster_ids=[list("aabba"), list("abcde")])
    one, other = load_sequences(tmp_path / "test.npz")
    assert (one.name, one.labels, other.labels) == ("test-0", tuple("aabba"), tuple("abcde"))
    assert (other.observations == -X).all()


def test_the_data_of_the_demo(repository):
    [train] = load_sequences(repository / "data" / "toy_training_data.npz")
    tests = load_sequences(repository / "data" / "toy_testing_data.npz")
    assert train.labels is not None
    assert {one.observations.shape[1] for one in [train, *tests]} == {256}
    assert all(one.labels is not None for one in tests)


class Explosive:
    def __reduce__(self):
        return (pytest.fail, ("something of a file was run",))


@pytest.mark.parametrize("name", ["train_sequence", "embeddings", "train_cluster_id"])
def test_pickled_arrays_are_refused_with_the_cure(tmp_path, name):
    objects = np.array([Explosive(), Explosive()], dtype=object)
    arrays = {"train_sequence": X, name: objects} if name == "train_cluster_id" else {name: objects, "lengths": [2]}
    np.savez(tmp_path / "old.npz", allow_pickle=True, **arrays)
    with pytest.raises(
        uisrnn.InputError, match=rf"old\.npz, {name}: was written with pickle.*save it again .*dtype=str"
    ):
        load_sequences(tmp_path / "old.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"embeddings": None},
            "must have one of the arrays embeddings, train_sequence, test_sequences, but has labels, le",
        ),
        ({"train_sequence": X}, "must have one of the arrays .*, but has embeddings, labels, lengths, train_sequence"),
        ({"lengths": None}, "beside embeddings, lengths are needed"),
        ({"lengths": [2, 2]}, "must be positive and sum to the 5 rows of embeddings, but the least is 2 and the sum 4"),
        ({"lengths": [6, -1]}, "lengths must be positive and sum to the 5 rows of embeddings, but the least is -1"),
        ({"lengths": np.array([2**63, 2**63, 5], np.uint64)}, "lengths must be positive and sum to the 5 rows"),
        ({"lengths": [2.0, 3.0]}, "lengths: must be an array of integers, but is of type float64"),
        (
            {"lengths": np.zeros(0, int), "embeddings": np.zeros((0, 2)), "labels": None},
            "at least one sequence is needed",
        ),
        ({"labels": [1, 2]}, "5 rows of embeddings need as many labels, but there are 2"),
        ({"labels": list("abcde")}, "labels: must be an array with an entry for each observation, but is of type <U1"),
        ({"labeled": [True]}, "2 lengths need as many labeled, but there are 1"),
        ({"times": [0.0, 1.0, np.nan, 3.0, 4.0]}, "some-1: times must be finite, but time 0 is nan"),
        ({"times": [1.0, 0.0, 2.0, 3.0, 4.0]}, "some-0: times must not decrease"),
        (
            {"embeddings": X[:, 0]},
            r"embeddings: must be an \(N, D\) array of numbers, but is of type float32 and shape",
        ),
        ({"embeddings": X.astype(str)}, r"embeddings: must be an \(N, D\) array of numbers, but is of type <U"),
        ({"embeddings": X.astype(complex)}, "embeddings: must be .* but is of type complex128"),
        ({"embeddings": np.zeros(5, [("a", "f4"), ("b", "f4")])}, "embeddings: must be"),
        ({"embeddings": X * np.nan}, "some-0: observation 0 is not finite: dimension 0 is nan"),
        (
            {"embeddings": X.astype(np.float64) * 1e300},
            "some-0: observation 0 is not finite: dimension 1 exceeds float32",
        ),
        ({"meta": "[{}"}, "meta: must be JSON, but: Expecting"),
        ({"meta": "[" * 100_000}, "meta: must be JSON, but is nested too deeply"),
        ({"meta": "[{}]"}, "meta: must be a list with an entry for each of the 2 lengths, but is"),
        ({"meta": "[1, 2]"}, "meta: must be a list with an entry for each"),
        ({"meta": '[{"a": NaN}, {}]'}, "meta: must be JSON, but: NaN is no JSON number"),
        ({"meta": 3}, "meta: must be a JSON text, but is of type int64"),
        (
            {"meta": np.array([0x7FFFFFFF], "<u4").view("<U1")[0:1].reshape(())},
            "meta: must be text, but has a character with the number 0x7fffffff",
        ),
        ({"names": '["a", 3]'}, "names: must be a list with an entry for each"),
        ({"names": '["a", "a"]', "info": "[3, 4]"}, "info: must be a list with an entry for each"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, arrays, message):
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(written(tmp_path, **arrays))
    assert str(raised.value).startswith(str(tmp_path / "some.npz"))


def test_test_files_must_fit(tmp_path):
    np.savez(tmp_path / "a.npz", test_sequences=np.ones((2, 3, 4)), test_cluster_ids=np.ones((3, 3), int))
    with pytest.raises(uisrnn.InputError, match="2 sequences need as many lists of cluster ids, but there are 3"):
        load_sequences(tmp_path / "a.npz")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_an_error(tmp_path, share):
    path = written(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(uisrnn.InputError, match=r"some\.npz: is not a whole npz file"):
        load_sequences(path)


def test_a_changed_byte_is_an_error(tmp_path):
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(X.tobytes()) + 7] ^= 1
    path.write_bytes(content)
    with pytest.raises(uisrnn.InputError, match=r"some\.npz, embeddings: is not a whole npz file: Bad CRC"):
        load_sequences(path)


def header(shape, descr="<f4"):
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, {"descr": descr, "fortran_order": False, "shape": shape})
    return content.getvalue()


@pytest.mark.parametrize("shape", [(10**12, 256), (2**40, 2**40), (2**64,), (-1, 2), (6, 2)])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_that_lies_takes_no_memory(tmp_path, shape, method):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as file:
        file.writestr("embeddings.npy", header(shape) + X.tobytes())
    with pytest.raises(uisrnn.InputError, match=r"a\.npz, embeddings: says that its shape is .* file is too short"):
        load_sequences(tmp_path / "a.npz")


def test_nor_does_a_size_in_the_zip_that_lies(tmp_path):
    shape = (10**6, 256)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("embeddings.npy", header(shape) + X.tobytes())
        file.getinfo("embeddings.npy").file_size = 2**31
    with pytest.raises(uisrnn.InputError, match=r"a\.npz, embeddings: says that its shape is .* file is too short"):
        load_sequences(tmp_path / "a.npz")


def test_a_file_that_unpacks_to_far_more_than_it_is_takes_no_memory(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", embeddings=np.zeros((2**17, 129), np.float32), lengths=[2**17])
    with pytest.raises(uisrnn.InputError, match=r"a\.npz, embeddings: must not be compressed more than 100 times"):
        load_sequences(tmp_path / "a.npz")


@pytest.mark.parametrize("number", [0x110000, 0xFFFFFFFF, 0xD800])
@pytest.mark.parametrize("order", "<>")
def test_characters_that_there_are_not_are_refused(tmp_path, number, order):
    ids = np.array([65, number], f"{order}u4").view(f"{order}U1")
    np.savez(tmp_path / "a.npz", train_sequence=np.zeros((2, 1)), train_cluster_id=ids)
    with pytest.raises(uisrnn.InputError, match=rf"train_cluster_id: must be text, but has a character .* {number:#x}"):
        load_sequences(tmp_path / "a.npz")


def test_other_compressions_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("embeddings.npy", header((5, 2)) + X.tobytes())
    with pytest.raises(uisrnn.InputError, match=r"must be stored or deflated, as numpy\.savez does"):
        load_sequences(tmp_path / "a.npz")


def test_shards_call_their_sequences_as_themselves(tmp_path):
    np.savez(tmp_path / "a.npz", embeddings=X, lengths=np.array([2, 3]))
    np.savez(tmp_path / "b.npz", train_sequence=X, train_cluster_id=np.array([0, 0, 1, 1, 1]))
    assert [one.name for one in load_sequences(tmp_path)] == ["a-0", "a-1", "b"]


def test_a_sequence_of_a_shard_does_not_hold_the_others_in_memory(tmp_path):
    np.savez(tmp_path / "a.npz", embeddings=X, lengths=np.array([2, 3]))
    assert all(one.observations.base is None for one in load_sequences(tmp_path))
    first, second = load_sequences(tmp_path / "a.npz")  # but those of one file share its array
    assert first.observations.base is second.observations.base is not None
