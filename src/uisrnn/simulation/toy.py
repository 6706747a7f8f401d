"""Synthetic sequences that a working model labels without error."""

import numpy as np
from numpy.typing import NDArray

from uisrnn.sequences.coded import CodedSequence


def centers(number: int, dim: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Random directions of length 1, a direction for each cluster.

    Args:
        number: of clusters.
        dim: dimension D of the observations.
        generator: source of randomness.

    Returns:
        (number, D) unit vectors; in many dimensions they are nearly orthogonal.
    """
    directions = generator.standard_normal((number, dim))
    unit: NDArray[np.float32] = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    return unit


def conversation(
    cluster_centers: NDArray[np.float32],
    length: int,
    generator: np.random.Generator,
    change: float = 0.2,
    noise: float = 0.02,
) -> CodedSequence:
    """A sequence in which clusters take turns.

    Args:
        cluster_centers: (K, D) means of the clusters.
        length: number of observations T.
        generator: source of randomness.
        change: probability that the next observation is of another cluster.
        noise: standard deviation of an observation about its center, in each dimension.

    Returns:
        T observations whose labels are rows of `cluster_centers`, which keep their numbers.
    """
    number, dim = cluster_centers.shape
    labels = np.empty(length, dtype=np.int64)
    labels[0] = generator.integers(number)
    for time in range(1, length):
        step = generator.integers(1, number) if number > 1 and generator.random() < change else 0
        labels[time] = (labels[time - 1] + step) % number
    observations = cluster_centers[labels] + noise * generator.standard_normal((length, dim))
    return CodedSequence(observations.astype(np.float32), labels, "toy conversation")
