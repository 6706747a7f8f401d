"""Sequences in a list or in one array: cut and put together again without anything being lost or mixed up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import uisrnn
from uisrnn.sequences.layouts import Listed, Stacked, rows_of

lengths_of = st.lists(st.integers(1, 5), min_size=1, max_size=8)
groups_of = st.lists(st.one_of(st.integers(-2, 2), st.sampled_from("ab")), min_size=1, max_size=20)


@given(lengths_of)
def test_lengths_are_of_sequences_behind_one_another(lengths):
    rows = rows_of(sum(lengths), lengths=lengths)
    assert [len(one) for one in rows] == lengths
    assert np.concatenate(rows).tolist() == list(range(sum(lengths)))


@given(groups_of)
def test_groups_are_the_rows_of_each_in_their_order(groups):
    rows = rows_of(len(groups), groups=groups)
    names = list(dict.fromkeys(groups))
    assert [one.tolist() for one in rows] == [[i for i, one in enumerate(groups) if one == name] for name in names]


@given(lengths_of)
def test_lengths_and_their_groups_mean_the_same(lengths):
    groups = np.repeat(np.arange(len(lengths)), lengths)
    pairs = zip(rows_of(len(groups), lengths=lengths), rows_of(len(groups), groups=groups), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@given(groups_of)
def test_what_is_cut_comes_together_again(groups):
    number = len(groups)
    layout = Stacked.of(np.arange(2.0 * number).reshape(number, 2), rows_of(number, groups=groups))
    found = [(one.observations[:, 0] / 2).astype(int).tolist() for one in layout.sequences]
    assert layout.join(found).tolist() == list(range(number))
    labels = [f"label {one}" for one in range(number)]
    assert [one.tolist() for one in layout.labels(labels)] == found


@given(st.one_of(st.lists(st.one_of(st.integers(), st.floats(), st.text(), st.none())), st.integers(), st.text()))
def test_any_lengths_give_all_rows_or_a_clear_error(lengths):
    try:
        rows = rows_of(5, lengths=lengths)
    except uisrnn.InputError as error:
        assert "lengths must be integers >= 1 with the sum 5" in str(error)
    else:
        assert np.concatenate(rows).tolist() == list(range(5))


@given(st.one_of(st.lists(st.one_of(st.integers(), st.floats(), st.text(), st.none())), st.integers(), st.text()))
def test_any_groups_give_all_rows_or_a_clear_error(groups):
    try:
        rows = rows_of(5, groups=groups)
    except (uisrnn.InputError, uisrnn.InputTypeError) as error:
        assert str(error).startswith("groups")
    else:
        assert sorted(np.concatenate(rows).tolist()) == list(range(5))


@pytest.mark.parametrize(
    "lengths", [[2, 3.0], [2, True, 2], [[2, 3]], [5, 0], [6, -1], [2**63, 5 - 2**63], np.ones((5, 1))]
)
def test_lengths_that_are_none(lengths):
    with pytest.raises(uisrnn.InputError, match="lengths must be integers >= 1 with the sum 5"):
        rows_of(5, lengths=lengths)


@pytest.mark.parametrize("lengths", [(2, 3), np.array([2, 3], np.int8), [np.int64(2), np.uint8(3)]])
def test_lengths_may_be_of_any_integer_type(lengths):
    assert [len(one) for one in rows_of(5, lengths=lengths)] == [2, 3]


def test_lengths_and_groups_together_are_refused():
    with pytest.raises(uisrnn.ArgumentError, match="pass lengths or groups, not both"):
        rows_of(2, lengths=[2], groups=[0, 0])


def test_whole_numbers_in_floating_point_are_labels():
    layout = Stacked.of(np.zeros((3, 1)), rows_of(3))
    assert layout.labels(np.array([2.0, 0.0, 2.0]))[0].tolist() == [0, 1, 0]
    assert Listed.of([np.zeros((2, 1))]).labels([np.array([2.0, 0.0])]) == [[2, 0]]
    for wrong in (0.5, np.nan, np.inf):
        with pytest.raises(uisrnn.InputError, match="y: labels must be strings or integers, but at position 1 is"):
            layout.labels(np.array([2.0, wrong, 2.0]))


def test_what_is_not_finite_is_named_with_sequence_and_position():
    values = np.zeros((5, 2))
    values[3, 1] = np.inf
    message = "X holds NaN, inf or a value beyond float32: sequence 1: observation 1 is not finite: dimension 1 is inf"
    with pytest.raises(uisrnn.InputError, match=message):
        Stacked.of(values, rows_of(5, lengths=[2, 3]))
