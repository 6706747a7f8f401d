"""Turns that come as tuples."""

import numpy as np
import pytest

import uisrnn
from uisrnn.turns.turn import turns_of


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (None, TypeError, "here: must be a list of turns or the path of an RTTM file, but is None"),
        ([(0, 1)], TypeError, r"here, turn 0: must be \(start seconds, end seconds, speaker\), but is \(0, 1\)"),
        ([(0, 1, "a"), 3.0], TypeError, r"here, turn 1: must be \(start seconds, .* but is 3.0"),
        ([("0", 1, "a")], TypeError, "here, turn 0: the start must be a number of seconds, but is '0'"),
        ([(0, None, "a")], TypeError, "the end must be a number of seconds, but is None"),
        ([(True, 2, "a")], TypeError, "the start must be a number of seconds, but is True"),
        ([(0, float("nan"), "a")], ValueError, "the end must be a number of seconds, but is nan"),
        ([(-(10**400), 0, "a")], ValueError, "the start must be a number of seconds, but is -1000"),
        ([(0, 1, None)], TypeError, "the speaker must be a string or an integer, but is None"),
        ([(2, 1, "a")], ValueError, "here, turn 0: must not end before it starts, but is from 2.0 to 1.0 seconds"),
    ],
)
def test_bad_turns_are_named(values, error, message):
    with pytest.raises(error, match=message) as raised:
        turns_of(values, "here")
    assert isinstance(raised.value, uisrnn.UISRNNError)


def test_turns_may_be_numbers_and_names_of_any_kind():
    assert turns_of(((0, np.float32(1.5), 7), [np.int64(2), 3, "bob"]), "here") == [(0, 1.5, 7), (2, 3, "bob")]
