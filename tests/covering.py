"""Cases in which each pair of options occurs, in place of all combinations of the options.

A fault that needs three options together could stay unseen; a fault that needs one or two of them cannot.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest


def pairs(**options: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Few cases, always the same, in which each value of an option meets each value of every other option.

    The next case is the combination with the most pairs that no case before it has.

    Args:
        options: the values of each option; a case has a value of each option, in this order.
    """
    combinations = list(itertools.product(*(enumerate(values) for values in options.values())))
    pairs_of = [set(itertools.combinations(enumerate(case), min(2, len(options)))) for case in combinations]
    missing = set().union(*pairs_of)
    cases = []
    while missing:
        best = max(range(len(combinations)), key=lambda number: len(pairs_of[number] & missing))
        missing -= pairs_of[best]
        cases.append(tuple(value for _position, value in combinations[best]))
    return cases


def each_pair(**options: Iterable[Any]) -> pytest.MarkDecorator:
    """Run a test with the cases of `pairs`; the test takes the options as arguments of these names."""
    cases = [pytest.param(*case, id=", ".join(str(value) for value in case)) for case in pairs(**options)]
    return pytest.mark.parametrize(list(options), cases)
