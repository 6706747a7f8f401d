"""What others do with the same observations: clustering without supervision, tuned on training sequences."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

Array = NDArray[Any]
Labeler = Callable[[Array], Array]


def unit(x: Array) -> Array:
    """Vectors of length 1; zeros stay."""
    norms: Array = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.maximum(norms, 1e-12)


def oracle_centroids(x: Array, truth: Array) -> Array:
    """The nearest of the centroids of the conversation's own true labels, by cosine: what no labels were needed for."""
    names = np.unique(truth)
    centers = unit(np.stack([unit(x)[truth == name].mean(axis=0) for name in names]))
    return names[(unit(x) @ centers.T).argmax(axis=1)]


def agglomerative(threshold: float) -> Labeler:
    """Offline: average linkage by cosine distance up to a threshold."""

    def label(x: Array) -> Array:
        if len(x) == 1:
            return np.zeros(1, dtype=int)
        return fcluster(linkage(unit(x), "average", metric="cosine"), threshold, "distance")

    return label


def leader(threshold: float) -> Labeler:
    """Online: the nearest running centroid by cosine, or a new cluster where none is near enough."""

    def label(x: Array) -> Array:
        sums: list[Array] = []
        labels = np.empty(len(x), dtype=int)
        for time, one in enumerate(unit(x)):
            similar = [one @ unit(total) for total in sums]
            best = int(np.argmax(similar)) if similar else -1
            if best < 0 or similar[best] < 1 - threshold:
                best = len(sums)
                sums.append(np.zeros_like(one))
            sums[best] = sums[best] + one
            labels[time] = best
        return labels

    return label


def spectral(p_percentile: float, gaussian_blur_sigma: float) -> Labeler:
    """Offline: the package `spectralcluster` with the refinements of its authors (Wang et al., 2018)."""
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
    """The best of a grid, by a score on training sequences, and its parameters."""
    make, grid = GRIDS[name]
    options = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    best = max(options, key=lambda option: score(make(**option)))
    return make(**best), best
