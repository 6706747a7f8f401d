"""Batches that are read while the one before them is worked on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetched(Generic[T]):
    """What a function makes of numbers, made ahead of time by one thread; a context manager.

    Args:
        make: of a number; what it makes must not depend on other calls.
        ahead: how many are made before they are asked for; 0: none, and there is no thread.
        end: no number from here on will be asked for.

    >>> with Prefetched(str, ahead=2, end=5) as texts:
    ...     [texts(number) for number in range(5)]
    ['0', '1', '2', '3', '4']
    """

    def __init__(self, make: Callable[[int], T], ahead: int, end: int) -> None:
        self._make, self._ahead, self._end = make, ahead, end
        self._coming: dict[int, Future[T]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch") if ahead else None

    def __enter__(self) -> "Prefetched[T]":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, number: int) -> T:
        """What was made of it; the next ones are begun."""
        if self._pool is None:
            return self._make(number)
        for one in range(number, min(number + self._ahead + 1, self._end)):
            if one not in self._coming:
                self._coming[one] = self._pool.submit(self._make, one)
        return self._coming.pop(number).result()
