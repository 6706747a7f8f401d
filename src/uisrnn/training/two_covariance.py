"""Closed form of the two-covariance model: within- and between-cluster covariances from labelled observations."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg

from uisrnn.data.labels import Codes
from uisrnn.data.observations import Observations
from uisrnn.errors import TrainingError
from uisrnn.model.plda import PLDAObservation

Matrix = NDArray[np.float64]

WITHIN_SHRINKAGE = 0.5
BETWEEN_SHRINKAGE = 0.05
_FLOOR = 1e-4
_MOST_CANCELLED = 1e-6


@dataclass(frozen=True)
class TwoCovariance:
    """How observations spread about the centre of their cluster, and centres about the mean of all.

    Attributes:
        center: (D,) mean of all observations.
        within: (D, D).
        between: (D, D).
    """

    center: Matrix
    within: Matrix
    between: Matrix

    def whitened(self, dim: int) -> tuple[Matrix, Matrix]:
        """The directions P in which clusters differ most compared with their observations.

        P' within P = 1 and P' between P = diag(e): the generalised eigenvectors.

        Args:
            dim: F, how many directions.

        Returns:
            P (D, F), and e (F,), largest first.

        Raises:
            TrainingError: the covariances are not finite, or `within` is not positive definite.
        """
        try:
            eigenvalues, vectors = linalg.eigh(self.between, self.within)
        except (linalg.LinAlgError, ValueError) as error:  # ValueError: not finite
            raise TrainingError(f"the covariances of these observations cannot be used: {error}") from error
        chosen = slice(None, -dim - 1, -1)
        return vectors[:, chosen].copy(), eigenvalues[chosen].copy()

    def install(self, model: PLDAObservation) -> None:
        """Give a model this centre, projection and eigenvalues."""
        projection, eigenvalues = self.whitened(model.feature_dim)
        tensors = [torch.from_numpy(one).to(model.center) for one in (self.center, projection, eigenvalues)]
        if not all(bool(one.isfinite().all()) for one in tensors) or not bool((tensors[-1] > 0).all()):
            raise TrainingError("the covariances exceed single precision; scale the observations to about 1")
        for buffer, tensor in zip((model.center, model.projection, model.eigenvalues), tensors, strict=True):
            buffer.copy_(tensor)


class ClusterScatter:
    """Sums over labelled observations from which covariances follow, with or without some of the clusters.

    Args:
        observations: (N, D).
        clusters: (N,) the cluster of each, 0 to K - 1, each with an observation at least.
    """

    def __init__(self, observations: Observations, clusters: Codes) -> None:
        self._x, self._clusters = observations.astype(np.float64), clusters
        self._counts = np.bincount(clusters)
        self._means = np.zeros((len(self._counts), observations.shape[1]))
        np.add.at(self._means, clusters, self._x)
        self._means /= self._counts[:, None]
        self._scatter = self._scatter_of(np.ones(len(clusters), dtype=bool))

    def _scatter_of(self, mask: NDArray[np.bool_]) -> Matrix:
        about = self._x[mask] - self._means[self._clusters[mask]]
        scatter: Matrix = about.T @ about
        return scatter

    def covariances(self, without: Codes | None = None) -> TwoCovariance:
        """The covariances, each drawn towards a multiple of the identity, so that few observations suffice.

        The between-cluster covariance is that of means, so it holds what is left of the other one, within / n, too.

        Args:
            without: clusters to leave out, unless they are all but one.
        """
        kept = np.ones(len(self._counts), dtype=bool)
        kept[[] if without is None else without] = False
        if kept.sum() < 2:
            kept[:] = True
        scatter = self._scatter
        if not kept.all():
            scatter = self._scatter - self._scatter_of(~kept[self._clusters])
            if np.trace(scatter) < _MOST_CANCELLED * np.trace(self._scatter):
                scatter = self._scatter_of(kept[self._clusters])
        observations, clusters = int(self._counts[kept].sum()), int(kept.sum())
        center = self._counts[kept] @ self._means[kept] / observations
        about = self._means[kept] - center
        total = (np.trace(scatter) + self._counts[kept] @ np.square(about).sum(axis=1)) / observations
        scale = total / len(center) or 1.0  # all observations equal: any scale will do
        within = _shrunk(scatter / max(observations - clusters, 1), WITHIN_SHRINKAGE, scale)
        between = _shrunk(about.T @ about / clusters, BETWEEN_SHRINKAGE, scale)
        if clusters == 1:  # nothing tells how clusters differ
            between = scale * np.eye(len(center))
        return TwoCovariance(center, within, between)


def _shrunk(covariance: Matrix, weight: float, scale: float) -> Matrix:
    """(1 - weight) C + weight tr(C) / D I, and 1e-4 of `scale`, so that no direction is without variance."""
    dim = len(covariance)
    diagonal = weight * np.trace(covariance) / dim + _FLOOR * scale
    shrunk: Matrix = (1 - weight) * covariance + diagonal * np.eye(dim)
    return shrunk
