"""What a front end returns is checked, so that its mistakes have names."""

import numpy as np
import pytest

import uisrnn
from sounds import RATE
from uisrnn.audio import Heard, LiveDiarizer, embed
from uisrnn.audio.front_ends.front_end import CheckedListener, joined

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], dtype=np.float32)
TIMES = np.array([0.5, 1.0, 1.0])
SPANS = np.array([[0.25, 0.75], [0.75, 1.25], [0.9, 1.2]])


class Told:
    """A front end and a listener that return what they are told to return."""

    name, rate, dim, shortest, latency = "told", RATE, 2, 0.1, 1.0

    def __init__(self, *answers):
        self.answers = list(answers)

    def listener(self):
        return self

    def push(self, block):
        return self.answers.pop(0)

    def flush(self):
        return self.push(None) if self.answers else Heard.nothing(2)


def checked(*answers):
    listener = CheckedListener(Told(*answers))
    return joined([listener.push(np.zeros(1, dtype=np.float32)) for _ in answers])


def test_what_is_right_comes_through():
    heard = checked(Heard(X, TIMES, SPANS), Heard.nothing(2), Heard(X, TIMES + 0.5, SPANS + 0.5))
    np.testing.assert_array_equal(heard.observations, [*X, *X])
    np.testing.assert_array_equal(heard.times, [*TIMES, *TIMES + 0.5])
    np.testing.assert_array_equal(heard.spans, [*SPANS, *SPANS + 0.5])


def test_lists_become_arrays():
    heard = checked(Heard(X.tolist(), TIMES.tolist(), SPANS.tolist()))
    assert heard.observations.dtype == np.float32
    assert heard.times.dtype == heard.spans.dtype == np.float64


def changed(array, index, value):
    copy = np.array(array)
    copy[index] = value
    return copy


@pytest.mark.parametrize(
    ("heard", "message"),
    [
        (Heard(changed(X, (1, 0), np.nan), TIMES, SPANS), "front end told: observation 1 is not finite"),
        (Heard(X[:, :1], TIMES, SPANS), r"front end told: observations must be \(T, 2\), but are \(3, 1\)"),
        (Heard(X[0], TIMES, SPANS), r"front end told: observations must be \(T, 2\)"),
        (Heard(X, TIMES[:2], SPANS), r"3 observations need times \(3,\) and spans \(3, 2\), but these are \(2,\) and"),
        (Heard(X, TIMES, SPANS[:, 0]), r"spans \(3, 2\), but these are \(3,\) and \(3,\)"),
        (Heard(X[:0], TIMES, SPANS), r"0 observations need times \(0,\)"),
        (Heard(X, TIMES[::-1], SPANS), r"observation 2 at 0.5 s is from 0.9 to 1.2 s, and the time before is 1.0 s"),
        (Heard(X, changed(TIMES, 0, np.nan), SPANS), r"times must not decrease .* but observation 0 at nan s"),
        (Heard(X, TIMES, changed(SPANS, (1, 1), 0.75)), r"spans must not be empty, but observation 1 .* to 0.75 s"),
        (Heard(X, TIMES, changed(SPANS, (2, 0), np.nan)), "observation 2 at 1.0 s is from nan to 1.2 s"),
        (Heard(X, TIMES, changed(SPANS, (2, 1), np.inf)), "observation 2 at 1.0 s is from 0.9 to inf s"),
        (Heard(X, changed(TIMES, slice(1, 3), np.inf), SPANS), "observation 1 at inf s"),
        (Heard(X, ["a", "b", "c"], SPANS), "front end told: times and spans must be numbers"),
        (None, r"front end told: a listener must return a Heard, but returned None"),
    ],
)
def test_mistakes_are_named_in_one_line(heard, message):
    with pytest.raises(uisrnn.UISRNNError, match=message) as caught:
        checked(heard)
    assert "\n" not in str(caught.value)


def test_times_go_on_from_one_block_to_the_next():
    with pytest.raises(uisrnn.InputError, match=r"observation 3 at 0\.5 s is from .*, and the time before is 1\.0 s"):
        checked(Heard(X, TIMES, SPANS), Heard(X, TIMES, SPANS))


PARTS = {"name", "rate", "dim", "shortest", "latency", "listener"}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_that_is_missing_is_named(part):
    names = PARTS - {part}
    front_end = type("Incomplete", (), {name: Told.__dict__[name] for name in names})()
    with pytest.raises(uisrnn.ArgumentError, match=rf"front_end must have a {part}, see uisrnn\.audio\.FrontEnd"):
        CheckedListener(front_end)


def test_the_error_of_a_recording_names_the_front_end():
    wrong = Heard(X * np.nan, TIMES, SPANS)
    with pytest.raises(uisrnn.InputError, match="front end told: observation 0 is not finite"):
        embed((np.zeros(RATE), RATE), Told(wrong, Heard.nothing(2)))


@pytest.mark.parametrize("use", [lambda model: embed((np.zeros(8), 8000), 5), lambda model: LiveDiarizer(model, 5)])
def test_what_is_no_front_end_is_named(use, model):
    with pytest.raises(uisrnn.ArgumentError, match=r"front_end must have a .*, see uisrnn\.audio\.FrontEnd, but is 5"):
        use(model)
