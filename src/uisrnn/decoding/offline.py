"""Whole sequences to labels."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from uisrnn.data.labels import renumber
from uisrnn.data.sequences import Observations
from uisrnn.decoding.search import BeamSearch
from uisrnn.model.observation import S
from uisrnn.progress import Progress, Silent


def decode(search: BeamSearch[S], observations: Observations, test_iteration: int = 1) -> list[int]:
    """Labels of one sequence.

    Args:
        search: the beam search to use.
        observations: (T, D).
        test_iteration: M; the sequence is decoded M times in a row, with all clusters kept from copy to copy.

    Returns:
        T labels 0, 1, ... by first appearance, of the last copy.
    """
    model = search.joint.observation
    xs = torch.tensor(observations, dtype=model.dtype, device=model.device)
    state = search.init()
    for _ in range(test_iteration):
        for x in xs:
            state, _info = search.step(state, x)
    return renumber(search.finish(state)[-len(xs) :])


def decode_all(
    search: BeamSearch[S],
    sequences: Sequence[Observations],
    test_iteration: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[list[int]]:
    """Labels of several sequences, each decoded by itself.

    Args:
        search: the beam search to use for all.
        sequences: (T, D) each.
        test_iteration: see `decode`.
        workers: threads that share the model.
        progress: told after each sequence.

    Returns:
        As many lists of labels, in the order of the sequences.
    """
    with progress or Silent() as watched, ThreadPoolExecutor(workers) as pool:
        results = []
        for labels in pool.map(lambda one: decode(search, one, test_iteration), sequences):
            results.append(labels)
            watched.advance()
    return results
