"""What comes in at the door, good and bad."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import uisrnn
from uisrnn.sequences.coded import labeled, unlabeled
from uisrnn.sequences.observations import is_single, observations

X = np.arange(6.0).reshape(3, 2)


def read_only(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "values",
    [
        X, X.astype(np.float32), X.astype(np.float16), X.astype(np.longdouble), X.astype(int), X.astype(np.uint8),
        X.tolist(), tuple(map(tuple, X)), list(X), read_only(X.copy()), np.asfortranarray(X), X.astype(">f8"),
        np.repeat(X, 2, axis=0)[::2], X[::-1][::-1], torch.tensor(X).bfloat16(), torch.tensor(X).to_sparse(),
        np.ma.array(X, mask=False), torch.tensor(X), torch.tensor(X, requires_grad=True), X.astype(object),
    ],
)  # fmt: skip
def test_real_arrays_of_any_kind_are_taken(values):
    single = observations(values, 2)
    assert single.dtype == np.float32
    assert single.flags.c_contiguous
    assert (single == X).all()


def test_what_is_right_already_is_not_copied():
    x = X.astype(np.float32)
    assert observations(x) is x


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.zeros((100, 18)), ValueError, r"sequence 3: observations must be \(T, 256\), but are \(100, 18\)"),
        (np.zeros(256), ValueError, r"sequence 3: observations must be \(T, 256\), but are \(256,\)"),
        (np.zeros((2, 3, 256)), ValueError, r"must be \(T, 256\), but are \(2, 3, 256\)"),
        (np.float64(3), ValueError, r"must be \(T, 256\), but are \(\)"),
        (np.zeros((0, 256)), ValueError, r"sequence 3: needs at least one observation, but is empty: \(0, 256\)"),
        ([[0.0] * 256, [0.0] * 255], ValueError, "sequence 3: .* the rows differ in length"),
        (None, TypeError, "sequence 3: observations must be an array of numbers, but are NoneType"),
        ("abc", TypeError, "but are str"),
        ({}, TypeError, "but are dict"),
        (np.full((2, 256), "a"), TypeError, "sequence 3: observations must be real numbers, but are of type <U1"),
        (np.zeros((2, 256), dtype=complex), TypeError, "of type complex128"),
        (np.array([[None] * 256]), TypeError, "of type object"),
        (np.array([[1.0, "1"] * 128], dtype=object), TypeError, "of type object"),
        (np.array([[True] * 256], dtype=object), TypeError, "of type object"),
        (np.array([[10**400] * 256], dtype=object), TypeError, "observations must be an array of numbers, but: int"),
        (np.zeros((2, 256), dtype="M8[s]"), TypeError, "of type datetime64"),
        (np.ma.array(np.zeros((2, 256)), mask=True), ValueError, "sequence 3: observations are partly masked"),
        (torch.zeros(2, 256, device="meta"), TypeError, "sequence 3: observations must be an array of numbers, but:"),
        ([torch.zeros(256, requires_grad=True)] * 2, TypeError, "observations must be an array of numbers, but:"),
        (torch.Tensor, TypeError, "observations must be"),
    ],
)
def test_bad_observations_are_named(values, error, message):
    with pytest.raises(error, match=message) as raised:
        observations(values, 256, "sequence 3")
    assert isinstance(raised.value, uisrnn.UISRNNError)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
@given(shape=st.tuples(st.integers(1, 5), st.integers(1, 5)), data=st.data())
def test_the_place_of_a_value_that_is_not_finite_is_told(value, shape, data):
    row, column = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
    x = np.zeros(shape)
    x[row, column] = value
    with pytest.raises(uisrnn.InputError, match=f"sequence 7: observation {row} is not finite: dimension {column}"):
        observations(x, where="sequence 7")


@given(
    hnp.arrays(
        st.one_of(hnp.floating_dtypes(), hnp.integer_dtypes(), hnp.boolean_dtypes(), hnp.unicode_string_dtypes()),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_any_array_is_either_taken_or_refused_clearly(values):
    try:
        single = observations(values, where="here")
    except uisrnn.UISRNNError as error:
        assert str(error).startswith("here: ")
    else:
        assert single.shape == values.shape
        assert np.isfinite(single).all()


@pytest.mark.parametrize(
    ("values", "single"),
    [
        (X, True), (X.tolist(), True), (list(X), True), (torch.tensor(X), True), (None, True),
        ([[1.0], [1.0, 2.0]], True),
        ([X], False), ((X, X), False), ([X.tolist()], False), (np.stack([X, X]), False), ([], False), ([None], False),
    ],
)  # fmt: skip
def test_one_sequence_or_several(values, single):
    assert is_single(values) is single


def test_a_list_that_holds_itself_is_refused():
    endless: list = []
    endless.append(endless)
    with pytest.raises(uisrnn.UISRNNError):
        unlabeled(endless, 2)


def test_one_odd_sequence_among_others_is_named_by_its_number():
    with pytest.raises(uisrnn.InputError, match=r"sequence 0: observations must be \(T, 2\), but are \(0,\)"):
        unlabeled([np.array([]), X], 2)


def test_an_object_array_of_sequences_is_a_list_of_them():
    several = np.empty(2, dtype=object)
    several[:] = [X, X[:1]]
    assert [len(one.observations) for one in unlabeled(several)[0]] == [3, 1]


def test_sequences_are_named_by_their_number():
    with pytest.raises(ValueError, match=r"sequence 1: observations must be \(T, 2\), but are \(3, 1\)"):
        unlabeled([X, X[:, :1]], 2)


@pytest.mark.parametrize(
    ("sequences", "ids", "error", "message"),
    [
        ([], [], ValueError, "at least one sequence is needed, but the list is empty"),
        ([X], [], ValueError, "cluster_ids must have a list of labels for each of 1 sequences, but are 0"),
        ([X], None, TypeError, "cluster_ids must be a list of label lists, but are NoneType"),
        ([X], np.array(3), TypeError, "cluster_ids must be a list of label lists, but are ndarray"),
        ([X], "abc", TypeError, "cluster_ids must be a list of label lists, but are str"),
        (
            [X, X],
            [list("aab"), list("ab")],
            ValueError,
            "sequence 1: 3 observations need as many labels, but there are 2",
        ),
        ([X], [[1, 2, None]], ValueError, "sequence 0: labels must be strings or integers, but at position 2 is None"),
        (X, list("ab"), ValueError, "sequence: 3 observations need as many labels, but there are 2"),
        (X, [list("abc")], ValueError, "sequence: labels must be strings or integers"),
        (None, None, TypeError, "observations must be an array of numbers, but are NoneType"),
        (5, [1], ValueError, r"observations must be \(T, D\), but are \(\)"),
    ],
)
def test_sequences_and_labels_must_fit(sequences, ids, error, message):
    with pytest.raises(error, match=message) as raised:
        labeled(sequences, ids)
    assert isinstance(raised.value, uisrnn.UISRNNError)


def _objects(*sequences):
    return np.array(sequences, dtype=object)  # of equal lengths: (n, T, D) objects; else (n,) arrays


@pytest.mark.parametrize("lengths", [(3, 3), (3, 2)])
def test_object_arrays_are_lists_of_sequences_whether_their_lengths_differ_or_not(lengths):
    wanted = [X[:length] for length in lengths]
    ids = [list("aab")[:length] for length in lengths]
    sequences, is_one = unlabeled(_objects(*wanted), 2)
    assert not is_one
    assert [one.observations.tolist() for one in sequences] == [one.tolist() for one in wanted]
    labelled, is_one = labeled(_objects(*wanted), _objects(*ids), 2)
    assert not is_one
    assert [one.labels.tolist() for one in labelled] == [[0, 0, 1][:length] for length in lengths]
