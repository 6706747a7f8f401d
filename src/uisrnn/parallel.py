"""Work on several threads, each of which has one core for torch's products."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class OneCoreEach:
    """While anybody works on several threads, torch's products take one core each, so that they do not fight.

    Torch has one setting for the process. It is put back when the last user has left.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._before = torch.get_num_threads()
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                torch.set_num_threads(self._before)


ONE_CORE_EACH = OneCoreEach()


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of items in their order, worked on by as many threads as torch may use.

    Args:
        work: releases Python's lock most of the time, as torch's operations do.
        items: what is worked on.

    >>> in_parallel(lambda number: number**2, range(4))
    [0, 1, 4, 9]
    """
    waiting = list(items)
    threads = min(torch.get_num_threads(), len(waiting))
    if threads < 2:
        return [work(item) for item in waiting]
    with ONE_CORE_EACH, ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, waiting))
