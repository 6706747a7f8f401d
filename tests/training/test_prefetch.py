"""What is made ahead of time is what would be made on the spot."""

import threading

import pytest

from uisrnn.training.batching import Prefetched


def threads():
    return [one for one in threading.enumerate() if one.name.startswith("prefetch")]


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert threads() == []


@pytest.mark.parametrize("ahead", [0, 1, 2, 50])
@pytest.mark.parametrize("start", [0, 7])
def test_each_is_made_once_in_order_and_none_beyond_the_end(ahead, start):
    made = []

    def make(number):
        made.append(number)
        return number**2

    with Prefetched(make, ahead, end=12) as squares:
        assert [squares(number) for number in range(start, 12)] == [number**2 for number in range(start, 12)]
    assert made == list(range(start, 12))


def test_the_next_ones_are_made_while_the_caller_works():
    made = [threading.Event() for _ in range(9)]
    with Prefetched(lambda number: made[number].set(), ahead=3, end=9) as coming:
        coming(0)
        assert all(one.wait(timeout=60) for one in made[:4])
        coming(1)
        assert made[4].wait(timeout=60)
        assert not any(one.is_set() for one in made[5:])


def test_without_ahead_there_is_no_thread():
    with Prefetched(lambda _number: threads(), ahead=0, end=5) as coming:
        assert coming(0) == []
    with Prefetched(lambda _number: len(threads()), ahead=1, end=5) as coming:
        assert coming(0) == 1


@pytest.mark.parametrize("ahead", [0, 1, 5])
def test_an_error_reaches_the_caller_where_its_number_is_asked_for(ahead):
    def make(number):
        if number == 2:
            raise OSError(5, "the disk is broken")
        return number

    with Prefetched(make, ahead, end=9) as coming:
        assert [coming(0), coming(1)] == [0, 1]
        with pytest.raises(OSError, match="the disk is broken"):
            coming(2)


def test_leaving_it_waits_for_nothing_that_was_not_begun():
    made, begun, go_on = [], threading.Event(), threading.Event()

    def make(number):
        made.append(number)
        if number == 1:
            begun.set()
            go_on.wait(timeout=60)

    def interrupt():
        with Prefetched(make, ahead=30, end=99) as coming:
            coming(0)
            begun.wait(timeout=60)
            threading.Timer(0.05, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert made == [0, 1]
