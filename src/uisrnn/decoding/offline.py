"""Whole sequences to labels, in one thread or several threads."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event

import torch

from uisrnn.decoding.hypotheses import Hypothesis
from uisrnn.decoding.lockstep import Lockstep
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.observation import S
from uisrnn.parallel import ONE_CORE_EACH
from uisrnn.progress import Progress, Silent
from uisrnn.sequences.coded import CodedSequence

_MOST_SLOTS = 32


def decode_all(
    search: BeamSearch[S],
    sequences: Sequence[CodedSequence],
    test_iteration: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[list[Hypothesis]]:
    """Decode several sequences, each by itself, many side by side.

    Args:
        search: the beam search.
        sequences: the sequences; their labels are not used.
        test_iteration: M; a sequence is decoded M times in a row, and all clusters are kept from copy to copy.
        workers: number of threads, which share the model.
        progress: advances after each step.

    Returns:
        For each sequence, the label sequences in the beam at its end, best first.

    Raises:
        InputError: an observation cannot be taken (see `ObservationError`); the message gives sequence and position.
    """
    results: list[list[Hypothesis]] = [[] for _ in sequences]
    by_length = sorted(enumerate(sequences), key=lambda pair: -len(pair[1].observations))
    queue = deque(by_length)
    longest = len(by_length[0][1].observations)
    workers = min(workers, len(sequences))
    slots = min(_MOST_SLOTS, -(-len(sequences) // workers))
    with progress or Silent() as watched:

        def work(stop: Event) -> None:
            for number, beam in Lockstep(search, test_iteration, slots, longest, watched).run(queue, stop):
                results[number] = beam

        if workers == 1:
            _in_threads(work, 1, torch.get_num_threads())
        else:
            with ONE_CORE_EACH:
                _in_threads(work, workers, 1)
    return results


def _in_threads(work: Callable[[Event], None], workers: int, cores: int) -> None:
    """Run `work` in several threads. If a thread fails, or the user interrupts, all threads stop.

    A single worker has a thread of its own too: an interrupt is raised in the main thread, and it would crash the
    process if compiled code is handing named tuples to Python at that moment.
    """
    stop = Event()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(cores,)) as pool:
        try:
            running = [pool.submit(work, stop) for _ in range(workers)]
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for done in running:
        done.result()
