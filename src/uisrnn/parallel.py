"""How many threads work gets, and work on several threads.

This module alone decides about threads of the CPU. A thread may start at most `most_threads()` threads:

- no more than there are cores for this process, see `usable_cores`;
- no more than the user wishes: the argument `threads`, else the environment variable `UISRNN_THREADS`, else torch's own
  number, which follows `OMP_NUM_THREADS` and `torch.set_num_threads`;
- none from a worker: a worker has a single thread for its products and starts no workers, so pools never multiply.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Event, Lock
from typing import TypeVar

import torch

from uisrnn.cores import usable_cores
from uisrnn.errors import ArgumentError

Item = TypeVar("Item")
Result = TypeVar("Result")

VARIABLE = "UISRNN_THREADS"
"""The environment variable with the number of threads."""

_PRODUCT = 10**6
"""Multiplications that are worth a thread of torch: about 30 microseconds, some ten times the cost of a barrier."""


class _OfThread(threading.local):
    """Values of a thread.

    Attributes:
        most: the number of threads that it may use; None: no limit was set in this thread.
        contexts: number of contexts of this thread that restore torch's number.
    """

    most: int | None = None
    contexts: int = 0


class _TorchThreads:
    """The number of threads of torch's products, which is restored afterwards.

    torch keeps a number for each thread, and a number for new threads. To set the first also sets the second, so
    the number that was there before the first of several concurrent users is restored after the last.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = 1

    def number(self) -> int:
        """The number of the calling thread; in a thread that began in the meantime, the number before."""
        with self._lock:
            return self._own()

    def _own(self) -> int:
        return self._before if self._users and not _HERE.contexts else torch.get_num_threads()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Restore the number after the context."""
        with self._lock:
            own = self._own()
            self._before = self._before if self._users else own
            self._users += 1
        _HERE.contexts += 1
        try:
            yield
        finally:
            _HERE.contexts -= 1
            with self._lock:
                self._users -= 1
                torch.set_num_threads(own if self._users else self._before)


_HERE = _OfThread()
_TORCH_THREADS = _TorchThreads()


def most_threads() -> int:
    """The number of threads that the calling thread may use, at least 1.

    Raises:
        ArgumentError: `UISRNN_THREADS` is not an integer >= 1.
    """
    return _wished(None) if _HERE.most is None else _HERE.most


def _wished(threads: int | None) -> int:
    wish = threads or _wish_of_environment() or _TORCH_THREADS.number()
    return min(wish, usable_cores())


def _wish_of_environment() -> int | None:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ArgumentError(f"{VARIABLE} must be an integer >= 1, but is {text!r}")
    return int(text)


@contextmanager
def limited(threads: int | None) -> Iterator[None]:
    """Let the calling thread use at most this number of threads, for workers and for products of torch.

    Within another such context, the smaller number counts.

    Args:
        threads: the wish of the user; None: see the module.

    Raises:
        ArgumentError: `UISRNN_THREADS` is not an integer >= 1.

    >>> with limited(1):
    ...     most_threads()
    1
    """
    before = _HERE.most
    most = _wished(threads) if before is None else min(before, threads or before)
    with _TORCH_THREADS.kept():
        torch.set_num_threads(most)
        _HERE.most = most
        try:
            yield
        finally:
            _HERE.most = before


@contextmanager
def products_on(threads: int) -> Iterator[None]:
    """Let products of torch in the calling thread use this number of threads; workers are not limited."""
    if torch.get_num_threads() == threads:
        yield
        return
    with _TORCH_THREADS.kept():
        torch.set_num_threads(threads)
        yield


def threads_for_products(multiplications: int) -> int:
    """The number of threads that pays for matrix products.

    Args:
        multiplications: in each product.

    >>> threads_for_products(1000)
    1
    """
    return max(1, min(most_threads(), multiplications // _PRODUCT))


def become_worker() -> None:
    """Make the calling thread a worker, for its lifetime: it has a single thread for all its work."""
    _HERE.most = 1
    _HERE.contexts = 1  # its number is its own, whoever restores the number for new threads
    torch.set_num_threads(1)


@contextmanager
def _workers(number: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of workers, each with a single thread for its products."""
    with _TORCH_THREADS.kept(), ThreadPoolExecutor(number, initializer=become_worker) as pool:
        yield pool


def run_workers(work: Callable[[Event], None], workers: int) -> None:
    """Run `work` in several threads. If a thread fails, or the user interrupts, all threads stop.

    A single worker has a thread of its own too: an interrupt is raised in the main thread, and it would crash the
    process if compiled code is handing named tuples to Python at that moment.

    Args:
        work: a function of an event; it returns soon after the event is set.
        workers: number of threads.
    """
    stop = Event()
    with _workers(workers) as pool:
        try:
            running = [pool.submit(work, stop) for _ in range(workers)]
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for done in running:
        done.result()


def in_parallel(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results for all items, in the order of the items, from as many threads as `most_threads` allows.

    Args:
        work: a function of an item that releases Python's lock most of the time, as torch's operations do.
        items: the arguments of `work`.

    >>> in_parallel(lambda number: number**2, range(4))
    [0, 1, 4, 9]
    """
    arguments = list(items)
    threads = min(most_threads(), len(arguments))
    if threads < 2:
        return [work(item) for item in arguments]
    with _workers(threads) as pool:
        return list(pool.map(work, arguments))
