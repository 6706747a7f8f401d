"""Threads: how many work gets, results in order, errors told, torch's threads as before."""

import threading

import pytest
import torch

import uisrnn
from threads import in_new_thread, torch_threads
from uisrnn import parallel
from uisrnn.parallel import (
    become_worker,
    in_parallel,
    limited,
    most_threads,
    products_on,
    run_workers,
    threads_for_products,
)


@pytest.fixture(autouse=True)
def cores(monkeypatch):
    """A machine with 8 cores, on which the user has no wish."""
    monkeypatch.setattr(parallel, "usable_cores", lambda: 8)
    monkeypatch.delenv(parallel.VARIABLE, raising=False)


@pytest.fixture(params=[1, 3])
def threads(request):
    with torch_threads(request.param):
        yield request.param


@pytest.fixture
def many_threads():
    """A user who gives torch more threads than there are cores."""
    with torch_threads(16):
        yield


# --- how many ---


def test_the_number_of_torch_is_a_wish(threads):
    assert most_threads() == threads


def test_there_are_no_more_threads_than_cores(many_threads, monkeypatch):
    assert most_threads() == 8
    with limited(32):
        assert most_threads() == torch.get_num_threads() == 8
    monkeypatch.setenv(parallel.VARIABLE, "100")
    assert most_threads() == 8


def test_an_argument_goes_before_the_environment_and_the_environment_before_torch(threads, monkeypatch):
    monkeypatch.setenv(parallel.VARIABLE, "5")
    assert most_threads() == 5
    with limited(6):
        assert most_threads() == torch.get_num_threads() == 6
    with limited(None):
        assert most_threads() == torch.get_num_threads() == 5
    assert torch.get_num_threads() == threads


def test_the_smaller_of_two_limits_counts():
    with limited(4):
        with limited(6):
            assert most_threads() == 4
        with limited(2):
            assert most_threads() == 2
        with limited(None):
            assert most_threads() == 4


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_a_wrong_variable_is_an_error_with_its_name(text, monkeypatch):
    monkeypatch.setenv(parallel.VARIABLE, text)
    with pytest.raises(uisrnn.ArgumentError, match=f"UISRNN_THREADS must be an integer >= 1, but is '{text}'"):
        most_threads()


def test_an_empty_variable_is_no_wish(threads, monkeypatch):
    monkeypatch.setenv(parallel.VARIABLE, " ")
    assert most_threads() == threads


def test_small_products_have_a_single_thread_and_large_products_have_all():
    with limited(4):
        assert threads_for_products(10**4) == 1
        assert threads_for_products(3 * 10**6) == 3
        assert threads_for_products(10**12) == 4


def test_a_limit_ends_with_its_context_after_an_error_too(threads):
    def fail():
        raise ZeroDivisionError(torch.get_num_threads(), most_threads())

    with pytest.raises(ZeroDivisionError, match=r"\(1, 2\)"), limited(2), products_on(1):
        fail()
    assert torch.get_num_threads() == most_threads() == threads


# --- workers ---


def test_a_worker_has_a_single_thread_whatever_the_user_wishes(many_threads, monkeypatch):
    monkeypatch.setenv(parallel.VARIABLE, "4")

    def within(_item):
        with limited(8):
            return torch.get_num_threads(), most_threads(), in_parallel(lambda _: threading.get_ident(), range(3))

    for products, most, idents in in_parallel(within, range(8)):
        assert (products, most, len(set(idents))) == (1, 1, 1)
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == 16


def test_workers_do_not_change_the_products_of_their_caller(threads):
    with limited(3), products_on(2):
        run_workers(lambda _stop: None, 4)
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == threads


def test_a_worker_of_a_caller_within_a_limit_leaves_no_trace(threads):
    with limited(threads):
        in_new_thread(become_worker)
        assert most_threads() == torch.get_num_threads() == threads
    assert in_new_thread(torch.get_num_threads) == threads


def test_a_thread_that_begins_beside_workers_has_the_number_of_the_user(many_threads):
    seen = []

    def work(_stop):
        thread = threading.Thread(target=lambda: seen.append(most_threads()))
        thread.start()
        thread.join()

    run_workers(work, 2)
    assert seen == [8, 8]


def test_results_come_in_the_order_of_the_items(threads):
    assert in_parallel(lambda number: number + 1, range(50)) == list(range(1, 51))
    assert torch.get_num_threads() == threads


def test_no_items_are_no_work(threads):
    assert in_parallel(str, []) == []


def test_the_first_error_is_raised_and_the_threads_are_as_before(threads):
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda number: 1 // number, [1, 0, 2])
    assert torch.get_num_threads() == threads


def test_items_are_worked_on_side_by_side(threads):
    """All threads must meet, or none goes on."""
    meeting = threading.Barrier(threads, timeout=10)
    assert in_parallel(lambda _item: meeting.wait() >= 0, range(threads)) == [True] * threads


def test_an_error_of_a_worker_stops_the_other_workers(threads):
    first = threading.Lock()

    def work(stop):
        if first.acquire(blocking=False):
            raise ZeroDivisionError
        assert stop.wait(10)

    with pytest.raises(ZeroDivisionError):
        run_workers(work, 3)
    assert torch.get_num_threads() == threads
