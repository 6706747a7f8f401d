"""The helpers of 0.1.2 under their names."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_packed_sequence

import uisrnn
from uisrnn import utils


def test_random_strings():
    assert utils.generate_random_string(6, seed=1) == utils.generate_random_string(6, seed=1)
    assert utils.generate_random_string() != utils.generate_random_string()
    assert set(utils.generate_random_string(500)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert isinstance(utils.generate_random_string(), str)


def test_labels_become_unique():
    ids = utils.enforce_cluster_id_uniqueness([["a", "b", "a"], np.array(["a", "c"]), [1, 1]])
    assert [len(one) for one in ids] == [3, 2, 2]
    assert len(set(itertools.chain(*ids))) == 5
    assert ids[0][0] == ids[0][2]
    assert [label.split("_")[1] for label in ids[0]] == ["a", "b", "a"]


@pytest.mark.parametrize("wrong", [None, "ab", ("a",), ["a", "b"], [None]])
def test_labels_must_be_lists(wrong):
    with pytest.raises(TypeError):
        utils.enforce_cluster_id_uniqueness(wrong)


SEQUENCES, IDS = [np.zeros((3, 2)), np.ones((4, 2))], [["a", "b", "a"], np.array(["a", "b", "c", "b"])]


def test_concatenation_keeps_sequences_and_labels_together():
    sequence, ids = utils.concatenate_training_data(SEQUENCES, IDS, False, False)
    assert sequence.ravel().tolist() == [0.0] * 6 + [1.0] * 8
    assert ids == ["a", "b", "a", "a", "b", "c", "b"]
    orders = set()
    for seed in range(10):
        sequence, ids = utils.concatenate_training_data(SEQUENCES, IDS, True, True, seed)
        assert len(set(ids)) == 5
        zeros = [label.split("_")[1] for label, x in zip(ids, sequence, strict=True) if x[0] == 0]
        assert zeros == ["a", "b", "a"]
        orders.add(sequence[0, 0])
    assert orders == {0.0, 1.0}


@pytest.mark.parametrize(
    ("sequences", "ids", "error"),
    [
        (np.zeros((3, 2)), ["a"], TypeError),
        (SEQUENCES, IDS[:1], ValueError),
        (SEQUENCES, [["a"], ["b"]], ValueError),
        ([SEQUENCES[0], np.ones((4, 3))], IDS, ValueError),
        (SEQUENCES, ["aba", "abcb"], TypeError),
    ],
)
def test_concatenation_refuses_what_does_not_fit(sequences, ids, error):
    with pytest.raises(error) as raised:
        utils.concatenate_training_data(sequences, ids)
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_permuted_segments():
    samples = utils.sample_permuted_segments([5, 2, 3, 2, 1], 10)
    assert len(samples) == 10
    assert all(sorted(one.tolist()) == [1, 2, 2, 3, 5] for one in samples)
    assert all("2, 3" in str(one.tolist()) for one in samples)


def test_resizing_gathers_clusters():
    x, ids = np.array([[1, 1], [2, 2], [3, 3]]), np.array([1, 2, 1])
    sub_sequences, lengths = utils.resize_sequence(x, ids)
    assert [one.tolist() for one in sub_sequences] == [[[1, 1], [3, 3]], [[2, 2]]]
    assert lengths == [3, 2]
    sub_sequences, lengths = utils.resize_sequence(sequence=x, cluster_id=ids, num_permutations=2)
    assert [sorted(one[:, 0].tolist()) for one in sub_sequences] == [[1, 3], [1, 3], [2], [2]]
    assert lengths == [3, 3, 2, 2]


def test_resizing_refuses_what_does_not_fit():
    with pytest.raises(uisrnn.InputError, match=r"3 observations need as many labels, but they are \(2,\)"):
        utils.resize_sequence(np.zeros((3, 2)), [1, 2])


@pytest.mark.parametrize("batch_size", [None, 5])
def test_packing_puts_a_zero_first(batch_size):
    sub_sequences = [np.full((length, 2), float(length)) for length in (1, 3, 2)]
    packed, truth = utils.pack_sequence(sub_sequences, [2, 4, 3], batch_size, 2, torch.device("cpu"))
    inputs, lengths = pad_packed_sequence(packed)
    assert (inputs[0] == 0).all()
    assert torch.equal(inputs[1:], truth)
    if batch_size is None:
        assert lengths.tolist() == [4, 3, 2]
        assert truth[0, :, 0].tolist() == [3.0, 2.0, 1.0]
    else:
        assert truth.shape[1] == 5


def test_packing_refuses_what_does_not_fit():
    with pytest.raises(uisrnn.InputError, match=r"sub-sequence 0: must be \(2, 2\), but is \(1, 2\)"):
        utils.pack_sequence([np.zeros((1, 2))], [3], None, 2, "cpu")


def test_transition_bias_is_the_model_s():
    assert utils.estimate_transition_bias([["a", "b"]]) == (2 / 3, 3.0)
    assert utils.output_result is uisrnn.output_result
