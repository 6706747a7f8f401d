"""Whole sequences to labels, in one thread or several threads."""

from collections import deque
from collections.abc import Sequence
from threading import Event

from uisrnn.cores import usable_cores
from uisrnn.decoding.hypotheses import Hypothesis
from uisrnn.decoding.lockstep import Lockstep
from uisrnn.decoding.search import BeamSearch
from uisrnn.decoding.workers import MOST_SLOTS, workers_that_pay
from uisrnn.model.observation import S
from uisrnn.parallel import most_threads, run_workers
from uisrnn.progress import Progress, Silent
from uisrnn.sequences.coded import CodedSequence


def decode_all(
    search: BeamSearch[S],
    sequences: Sequence[CodedSequence],
    test_iteration: int = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[list[Hypothesis]]:
    """Decode several sequences, each by itself, many side by side.

    Args:
        search: the beam search.
        sequences: the sequences; their labels are not used.
        test_iteration: M; a sequence is decoded M times in a row, and all clusters are kept from copy to copy.
        workers: number of threads, which share the model; there are no more than cores and sequences. None: as many
            as pay and as the user allows, see `uisrnn.parallel`. A model on a GPU has a single worker.
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
    workers = _number_of_workers(search, sequences, test_iteration, workers)
    slots = min(MOST_SLOTS, -(-len(sequences) // workers))
    with progress or Silent() as watched:

        def work(stop: Event) -> None:
            for number, beam in Lockstep(search, test_iteration, slots, longest, watched).run(queue, stop):
                results[number] = beam

        run_workers(work, workers)
    return results


def _number_of_workers(search: BeamSearch[S], sequences: Sequence[CodedSequence], copies: int, wish: int | None) -> int:
    model = search.joint.observation
    if model.device.type != "cpu":
        return 1
    if wish is not None:
        return min(wish, usable_cores(), len(sequences))
    observations = copies * sum(len(sequence.observations) for sequence in sequences)
    return workers_that_pay(search, len(sequences), observations, most_threads())
