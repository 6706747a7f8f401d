"""Work on several threads; each thread has a single core for the matrix products of torch."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class OneCoreEach:
    """Restores the number of torch's threads when the last of several concurrent users is done.

    While several threads work, each of them sets this number to 1, so that their products do not compete for cores.
    Torch has a single such number for the process.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._threads_before = 1

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._threads_before = torch.get_num_threads()
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                torch.set_num_threads(self._threads_before)


ONE_CORE_EACH = OneCoreEach()


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results for all items, in the order of the items, from as many threads as torch may use.

    Args:
        work: a function of an item that releases Python's lock most of the time, as torch's operations do.
        items: the arguments of `work`.

    >>> in_parallel(lambda number: number**2, range(4))
    [0, 1, 4, 9]
    """
    arguments = list(items)
    threads = min(torch.get_num_threads(), len(arguments))
    if threads < 2:
        return [work(item) for item in arguments]
    with ONE_CORE_EACH, ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, arguments))
