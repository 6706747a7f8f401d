"""Threads of torch and threads of Python, for tests."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def torch_threads(number: int) -> Iterator[int]:
    """Give torch a number of threads, and restore its own number."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield number
    finally:
        torch.set_num_threads(before)


def in_new_thread(work: Callable[[], Any]) -> Any:
    """The result of `work` in a thread of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]
