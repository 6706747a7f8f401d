"""Work on several threads: results in order, errors told, torch's threads as before."""

import threading

import pytest
import torch

from uisrnn.parallel import in_parallel


@pytest.fixture(params=[1, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


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
