"""The cases of the law tests."""

import itertools

import pytest

from covering import each_pair, pairs

OPTIONS = {"model": "abcdef", "assignment": [0, 1], "size": [(1, 1), (3, 2), (5, 4)], "scale": [1.0, 0.3]}


@pytest.mark.parametrize(("some", "other"), list(itertools.combinations(range(len(OPTIONS)), 2)))
def test_each_pair_of_values_occurs(some, other):
    values = list(OPTIONS.values())
    occurring = {(case[some], case[other]) for case in pairs(**OPTIONS)}
    assert occurring == set(itertools.product(values[some], values[other]))


def test_there_are_hardly_more_cases_than_the_two_longest_options_need():
    assert 18 <= len(pairs(**OPTIONS)) <= 20


def test_two_options_are_combined_completely():
    assert pairs(x=[1, 2], y="ab") == [(1, "a"), (1, "b"), (2, "a"), (2, "b")]


def test_a_single_option_has_a_case_for_each_value():
    assert pairs(model="abc") == [("a",), ("b",), ("c",)]


def test_equal_values_count_as_values_of_their_own():
    assert pairs(x=[1, 1], y=[2]) == [(1, 2), (1, 2)]


@each_pair(beam_size=[1, 3], look_ahead=[2, 4])
def test_a_test_takes_the_options_by_name(beam_size, look_ahead):
    assert beam_size in (1, 3)
    assert look_ahead in (2, 4)
