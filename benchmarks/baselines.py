"""Baselines: unsupervised clustering of the same observations, tuned on training sequences."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

Array = NDArray[Any]
Labeler = Callable[[Array], Array]


def unit(x: Array) -> Array:
    """The vectors scaled to length 1; a vector of zeros stays."""
    norms: Array = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.maximum(norms, 1e-12)


def oracle_centroids(x: Array, truth: Array) -> Array:
    """The nearest centroid by cosine, among the centroids of the true labels of the same conversation."""
    names = np.unique(truth)
    centers = unit(np.stack([unit(x)[truth == name].mean(axis=0) for name in names]))
    return names[(unit(x) @ centers.T).argmax(axis=1)]


def agglomerative(threshold: float) -> Labeler:
    """Offline clustering: average linkage by cosine distance up to a threshold."""

    def label(x: Array) -> Array:
        if len(x) == 1:
            return np.zeros(1, dtype=int)
        return fcluster(linkage(unit(x), "average", metric="cosine"), threshold, "distance")

    return label


def leader(threshold: float) -> Labeler:
    """Online clustering: the nearest running centroid by cosine, or a new cluster if no centroid is near enough."""

    def label(x: Array) -> Array:
        sums: list[Array] = []
        labels = np.empty(len(x), dtype=int)
        for time, observation in enumerate(unit(x)):
            similar = [observation @ unit(total) for total in sums]
            best = int(np.argmax(similar)) if similar else -1
            if best < 0 or similar[best] < 1 - threshold:
                best = len(sums)
                sums.append(np.zeros_like(observation))
            sums[best] = sums[best] + observation
            labels[time] = best
        return labels

    return label


def spectral(p_percentile: float, gaussian_blur_sigma: float) -> Labeler:
    """Offline clustering by the package `spectralcluster`, with the refinements of its authors (Wang et al., 2018)."""
    import spectralcluster as package

    options = package.RefinementOptions(
        gaussian_blur_sigma=gaussian_blur_sigma,
        p_percentile=p_percentile,
        thresholding_soft_multiplier=0.01,
        thresholding_type=package.ThresholdType.RowMax,
        refinement_sequence=package.ICASSP2018_REFINEMENT_SEQUENCE,
    )
    clusterer = package.SpectralClusterer(min_clusters=1, max_clusters=12, refinement_options=options)

    def label(x: Array) -> Array:
        return np.asarray(clusterer.predict(unit(x))) if len(x) > 2 else np.zeros(len(x), dtype=int)

    return label


GRIDS: dict[str, tuple[Callable[..., Labeler], dict[str, Sequence[float]]]] = {
    "agglomerative, offline": (agglomerative, {"threshold": np.arange(0.2, 0.7, 0.01).tolist()}),
    "leader, online": (leader, {"threshold": np.arange(0.1, 0.7, 0.01).tolist()}),
    "spectralcluster, offline": (
        spectral,
        {"p_percentile": [0.8, 0.85, 0.9, 0.93, 0.96], "gaussian_blur_sigma": [0, 1]},
    ),
}


def tuned(name: str, score: Callable[[Labeler], float]) -> tuple[Labeler, dict[str, float]]:
    """The baseline with the best parameters of its grid, by a score on training sequences, and these parameters."""
    make, grid = GRIDS[name]
    options = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    best = max(options, key=lambda option: score(make(**option)))
    return make(**best), best
