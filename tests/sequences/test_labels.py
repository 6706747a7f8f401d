import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.sequences.labels import encode, renumber, runs

some_labels = st.lists(st.one_of(st.text(max_size=3), st.integers()), max_size=20)


@given(some_labels)
def test_equal_labels_get_equal_codes_by_first_appearance(labels):
    codes = encode(labels)
    assert codes.dtype == np.int64
    assert [[a == b for a in labels] for b in labels] == [[a == b for a in codes] for b in codes]
    assert list(dict.fromkeys(codes.tolist())) == list(range(len(set(labels))))


@given(some_labels)
def test_renumbering_is_the_same_as_encoding_and_done_once(labels):
    codes = encode(labels).tolist()
    assert renumber(codes) == codes
    assert renumber([7 - 2 * code for code in codes]) == codes


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "a"],
        ("a", "b", "a"),
        np.array(["a", "b", "a"]),
        np.array([5, 2, 5], dtype=np.uint8),
        [b"x", b"y", b"x"],
    ],
)
def test_kinds_of_labels(labels):
    assert encode(labels).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (None, TypeError, "sequence 4: labels must be a list or an array, but are NoneType"),
        ("abc", TypeError, "sequence 4: labels must be a list or an array, but are str"),
        (np.ma.array([1, 2], mask=[0, 1]), TypeError, "but are MaskedArray"),
        (torch.zeros(2, device="meta"), TypeError, "sequence 4: labels must be a list or an array, but:"),
        (np.zeros((2, 2), dtype=int), ValueError, r"sequence 4: labels must be of shape \(T,\), but are \(2, 2\)"),
        (["a", None], ValueError, "sequence 4: labels must be strings or integers, but at position 1 is None"),
        ([1.5], ValueError, "at position 0 is 1.5"),
        ([["a"]], ValueError, r"at position 0 is \['a'\]"),
        (np.array([0.0, np.nan]), ValueError, "at position 0 is 0.0"),
    ],
)
def test_bad_labels_are_named(labels, error, message):
    with pytest.raises(error, match=message) as raised:
        encode(labels, "sequence 4")
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_runs_of_consecutive_indexes():
    assert [run.tolist() for run in runs(np.array([0, 1, 5, 7, 8, 9]))] == [[0, 1], [5], [7, 8, 9]]
    assert [run.tolist() for run in runs(np.array([3]))] == [[3]]


def test_sequences_read_together_share_codes():
    known: dict = {}
    assert encode(["a", "b"], known=known).tolist() == [0, 1]
    assert encode(["b", "c", "a"], known=known).tolist() == [1, 2, 0]
