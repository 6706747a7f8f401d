"""Whole sequences to labels, on one thread or several."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from uisrnn.data.sequences import LabeledSequence
from uisrnn.decoding.hypotheses import Hypothesis
from uisrnn.decoding.lockstep import Lockstep
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.observation import S
from uisrnn.progress import Progress, Silent

_MOST_SLOTS = 32


def decode_all(
    search: BeamSearch[S],
    sequences: Sequence[LabeledSequence],
    test_iteration: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[list[Hypothesis]]:
    """Label sequences of several sequences, each decoded by itself, many side by side.

    Args:
        search: the beam search to use for all.
        sequences: whatever labels they have are not looked at.
        test_iteration: M; a sequence is decoded M times in a row, with all clusters kept from copy to copy.
        workers: threads that share the model; 1: this one.
        progress: told after each step.

    Returns:
        What is in the beam at the end of each sequence, best first, in the order of the sequences.

    Raises:
        InputError: an observation has no finite score; the message gives sequence and position.
    """
    results: list[list[Hypothesis]] = [[] for _ in sequences]
    by_length = sorted(enumerate(sequences), key=lambda pair: -len(pair[1].observations))
    queue, longest = deque(by_length), len(by_length[0][1].observations)
    workers = min(workers, len(sequences))
    slots = min(_MOST_SLOTS, -(-len(sequences) // workers))
    with progress or Silent() as watched:

        def work() -> None:
            for number, found in Lockstep(search, test_iteration, slots, longest, watched).run(queue):
                results[number] = found

        if workers == 1:
            work()
        else:
            _in_threads(work, workers)
    return results


def _in_threads(work: Callable[[], None], workers: int) -> None:
    """Run it so many times at once, each with one core for its matrix products, so that they do not fight."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
