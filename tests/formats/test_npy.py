"""npy files, as scripts for 0.1.2 have them."""

import numpy as np
import pytest

import uisrnn
from uisrnn import LabeledSequence, load_sequences, save_sequences

X = np.arange(12.0).reshape(6, 2)
IDS = np.array(list("aabbac"))


@pytest.fixture
def files(tmp_path):
    """Saves arrays by the names of their files."""

    def save(**arrays):
        for name, array in arrays.items():
            np.save(tmp_path / f"{name}.npy", array)
        return tmp_path

    return save


def test_the_training_files_of_0_1_2_are_a_sequence_with_labels(files):
    path = files(train_sequence=X, train_cluster_id=IDS) / "train_sequence.npy"
    [sequence] = load_sequences(path)
    assert (sequence.name, sequence.labels, sequence.times) == ("train_sequence", tuple("aabbac"), None)
    assert sequence.observations.tolist() == X.tolist()


def test_a_dataset_reads_them_too(files):
    with uisrnn.Dataset(files(train_sequence=X, train_cluster_id=IDS) / "train_sequence.npy").staged() as corpus:
        assert corpus.known == ("a", "b", "c")


def test_three_dimensions_are_several_sequences(files):
    folder = files(test_sequences=X.reshape(2, 3, 2), test_cluster_ids=IDS.reshape(2, 3))
    first, second = load_sequences(folder / "test_sequences.npy")
    assert (first.name, first.labels) == ("test_sequences-0", tuple("aab"))
    assert (second.name, second.labels) == ("test_sequences-1", tuple("bac"))


@pytest.mark.parametrize("name", ["train_sequence", "embeddings"])
def test_without_cluster_ids_there_are_no_labels(files, name):
    [sequence] = load_sequences(files(**{name: X}) / f"{name}.npy")
    assert (sequence.name, sequence.labels) == (name, None)


def test_a_folder_holds_sequences_beside_their_labels(files):
    folder = files(train_sequence=X, train_cluster_id=IDS, more=X[:1])
    assert [(one.name, one.labels is None) for one in load_sequences(folder)] == [
        ("more", True),
        ("train_sequence", False),
    ]


@pytest.mark.parametrize("ragged", [True, False])
def test_pickles_are_refused_with_the_way_out(files, ragged):
    sequences = np.empty(2, dtype=object)
    sequences[:] = [X, X[: 5 if ragged else 6]]
    path = files(test_sequence=sequences) / "test_sequence.npy"
    with pytest.raises(uisrnn.InputError, match=r"test_sequence\.npy: was written with pickle, and nothing is unpick"):
        load_sequences(path)
    with pytest.raises(uisrnn.InputError, match=r"save_sequences\('data\.npz', sequences\)$"):
        load_sequences(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"train_sequence": X, "train_cluster_id": IDS[:5]}, "train_sequence: 6 observations need as many labels, but"),
        ({"train_sequence": X, "train_cluster_id": X[:, 0]}, r"train_cluster_id\.npy: must be an \(N,\) array of clu"),
        ({"train_sequence": X, "train_cluster_id": IDS.astype(object)}, r"cluster_id\.npy: was written with pickle"),
        (
            {"train_sequence": X[None], "train_cluster_id": IDS},
            r"cluster_id\.npy: must be an \(n, T\) array of cluster",
        ),
        (
            {"train_sequence": X.reshape(3, 2, 2), "train_cluster_id": IDS.reshape(2, 3)},
            "3 sequences need as many lists of cluster ids, but there are 2",
        ),
        ({"train_sequence": X[0]}, r"train_sequence\.npy: must be an \(N, D\) array of numbers, or an \(n, T, D\) arr"),
        ({"train_sequence": IDS[None]}, "must be an .* but is of type <U1"),
        ({"train_sequence": X[:0]}, "train_sequence: needs at least one observation"),
        ({"train_sequence": X[:, :1] * np.nan}, "train_sequence: observation 0 is not finite"),
    ],
)
def test_wrong_files_are_named(files, arrays, message):
    folder = files(**arrays)
    with pytest.raises(uisrnn.InputError, match=message) as raised:
        load_sequences(folder / "train_sequence.npy")
    assert str(raised.value).startswith(str(folder))


def test_cluster_ids_alone_are_an_error_that_names_the_other_file(files):
    with pytest.raises(uisrnn.InputError, match=r"cluster_id\.npy: holds .*, train_sequence\.npy, instead$"):
        load_sequences(files(train_cluster_id=IDS) / "train_cluster_id.npy")


def test_a_truncated_file_is_an_error(files):
    path = files(train_sequence=X) / "train_sequence.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(uisrnn.InputError, match=r"sequence\.npy: says that its shape is \(6, 2\), but the file is too"):
        load_sequences(path)


def test_nothing_is_written(tmp_path):
    with pytest.raises(uisrnn.InputError, match=r"a\.npy: an npy file has no place for names, .* write an \.npz file"):
        save_sequences(tmp_path / "a.npy", [LabeledSequence(X)])
    assert not list(tmp_path.iterdir())
