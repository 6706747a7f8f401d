"""Estimate crp_alpha by trying a range of values.

After a change away from cluster k, the existing cluster j has probability N_j / (S + alpha) and a new cluster has
probability alpha / (S + alpha), with S = sum_{i != k} N_i, Eq. (7). The N_j do not depend on alpha, so for K clusters

    log p(labels | alpha) = (K - 1) log alpha - sum over changes of log(S + alpha) + constant.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uisrnn.errors import InputError
from uisrnn.model.assignment import block_clusters, blocks_of_others
from uisrnn.sequences.labels import encode


def estimate_crp_alpha(train_cluster_id: Any, search_range: float = 1, search_step: float = 0.01) -> float:
    """The alpha with the highest probability of the labels, among step, 2 step, 3 step, ... below the range.

    Args:
        train_cluster_id: concatenated labels of the form "sequence_label".
        search_range: upper end of the search, excluded.
        search_step: step of the search.

    Returns:
        Alpha.

    Raises:
        InputError: there is no label, a label has no underscore, or the range contains no step.

    >>> labels = ["0_0", "0_0", "0_1", "0_0", "1_0", "1_1", "1_0", "1_2"]
    >>> estimate_crp_alpha(labels)
    0.5
    """
    if not 0 < search_step < search_range < float("inf"):
        raise InputError(f"search_step must be > 0 and < search_range, but they are {search_step} and {search_range}")
    candidates = np.arange(1, int(np.ceil(search_range / search_step))) * search_step
    score = np.zeros(len(candidates))
    for codes in _sequences(train_cluster_id):
        score += codes.max() * np.log(candidates)
        score -= np.log(blocks_of_others(block_clusters(codes))[:, None] + candidates).sum(axis=0)
    return float(candidates[np.argmax(score)])


def _sequences(train_cluster_id: Any) -> Iterator[NDArray[np.int64]]:
    """Label codes of each sequence; a sequence ends if the part of the label before the underscore changes."""
    labels = [str(label) for label in train_cluster_id]
    if not labels:
        raise InputError("train_cluster_id must hold at least one label, but is empty")
    for position, label in enumerate(labels):
        if "_" not in label:
            raise InputError(f"labels must be of the form sequence_label, but at position {position} is {label!r}")
    sequences = np.array([label.split("_")[0] for label in labels])
    for part in np.split(np.array(labels), np.flatnonzero(sequences[1:] != sequences[:-1]) + 1):
        yield _get_normalized_id(part)


def _get_normalized_id(cluster_id_single: Any) -> NDArray[np.int64]:
    """Label codes, numbered by first appearance."""
    return encode(cluster_id_single)


def _get_k_t(cluster_id_single: NDArray[np.int64]) -> NDArray[np.int64]:
    """(T,) number of clusters up to each observation."""
    return np.maximum.accumulate(cluster_id_single) + 1


def _get_n_kt(cluster_id_single: NDArray[np.int64]) -> NDArray[np.float64]:
    """(T, K) number of blocks of each cluster up to each observation; all are 0 at the first observation."""
    codes = np.asarray(cluster_id_single)
    starts = np.concatenate([[True], codes[1:] != codes[:-1]])
    counts = ((codes[:, None] == np.arange(codes.max() + 1)) & starts[:, None]).cumsum(axis=0).astype(np.float64)
    counts[0] = 0
    result: NDArray[np.float64] = counts
    return result
