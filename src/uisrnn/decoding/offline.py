"""Whole sequences to labels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from uisrnn.data.labels import renumber
from uisrnn.data.sequences import LabeledSequence, Observations
from uisrnn.decoding.search import BeamSearch
from uisrnn.errors import InputError
from uisrnn.model.observation import S
from uisrnn.progress import Progress, Silent


def decode(
    search: BeamSearch[S], observations: Observations, test_iteration: int = 1, progress: Progress | None = None
) -> list[int]:
    """Labels of one sequence.

    Args:
        search: the beam search to use.
        observations: (T, D).
        test_iteration: M; the sequence is decoded M times in a row, with all clusters kept from copy to copy.
        progress: told after each observation.

    Returns:
        T labels 0, 1, ... by first appearance, of the last copy.

    Raises:
        InputError: an observation has no finite score; the message gives its position.
    """
    model = search.joint.observation
    xs = torch.tensor(observations, dtype=model.dtype, device=model.device)
    state, watched = search.init(), progress or Silent()
    for _ in range(test_iteration):
        for x in xs:
            state, _info = search.step(state, x)
            watched.advance()
    return renumber(search.finish(state)[-len(xs) :])


def decode_all(
    search: BeamSearch[S],
    sequences: Sequence[LabeledSequence],
    test_iteration: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[list[int]]:
    """Labels of several sequences, each decoded by itself.

    Args:
        search: the beam search to use for all.
        sequences: whatever labels they have are not looked at.
        test_iteration: see `decode`.
        workers: threads that share the model; 1: this one.
        progress: told after each observation of each sequence.

    Returns:
        As many lists of labels, in the order of the sequences.

    Raises:
        InputError: an observation has no finite score; the message names the sequence.
    """
    with progress or Silent() as watched:

        def decode_one(sequence: LabeledSequence) -> list[int]:
            try:
                return decode(search, sequence.observations, test_iteration, watched)
            except InputError as error:
                raise InputError(f"{sequence.name}: {error}") from error

        if workers == 1:
            return [decode_one(one) for one in sequences]
        pool = ThreadPoolExecutor(workers)
        try:
            return list(pool.map(decode_one, sequences))
        finally:
            pool.shutdown(cancel_futures=True)
