"""Closed form of the two-covariance model: within- and between-cluster covariances from labelled observations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from uisrnn.corpus.clusters import Clusters
from uisrnn.corpus.corpus import Corpus, Indexes
from uisrnn.errors import TrainingError
from uisrnn.model.plda import PLDAObservation
from uisrnn.training.team import SINGLE_PROCESS, Team

Matrix = NDArray[np.float64]

WITHIN_SHRINKAGE = 0.5
_FLOOR = 1e-4
_MOST_CANCELLED = 1e-6
_PART = 2**12  # observations in memory at a time
_BYTES_OF_SCATTERS = 2**27


@dataclass(frozen=True)
class TwoCovariance:
    """The covariance of observations about the centre of their cluster, and of the centres about the mean of all.

    Attributes:
        center: (D,) mean of all observations.
        within: (D, D) covariance of observations about the centre of their cluster.
        between: (D, D) covariance of the centres.
    """

    center: Matrix
    within: Matrix
    between: Matrix

    def whitened(self, dim: int) -> tuple[Matrix, Matrix]:
        """The directions P in which clusters differ most compared with their observations.

        P' within P = 1 and P' between P = diag(e): the generalised eigenvectors. With within = L L' and the
        eigenvectors V of L^-1 between L'^-1, P = L'^-1 V. torch computes them, because its threads can be limited.

        Args:
            dim: F, number of directions.

        Returns:
            P (D, F), and e (F,), largest first.

        Raises:
            TrainingError: the covariances are not finite, or `within` is not positive definite.
        """
        if not (np.isfinite(self.within).all() and np.isfinite(self.between).all()):
            raise TrainingError("the covariances of these observations cannot be used: they are not finite")
        try:
            lower = torch.linalg.cholesky(torch.from_numpy(self.within))
            half = torch.linalg.solve_triangular(lower, torch.from_numpy(self.between), upper=False)
            balanced = torch.linalg.solve_triangular(lower, half.mT, upper=False)
            eigenvalues, vectors = torch.linalg.eigh(balanced)
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise TrainingError(f"the covariances of these observations cannot be used: {error}") from error
        projection = torch.linalg.solve_triangular(lower.mT, vectors.flip(1)[:, :dim], upper=True)
        return projection.numpy(), eigenvalues.flip(0)[:dim].numpy()

    def install(self, model: PLDAObservation) -> None:
        """Write centre, projection and eigenvalues into a model."""
        projection, eigenvalues = self.whitened(model.feature_dim)
        arrays = (self.center, projection, eigenvalues)
        tensors = [torch.from_numpy(array).to(model.center) for array in arrays]
        if not all(bool(tensor.isfinite().all()) for tensor in tensors) or not bool((tensors[-1] > 0).all()):
            raise TrainingError("the covariances exceed single precision; scale the observations to about 1")
        for buffer, tensor in zip((model.center, model.projection, model.eigenvalues), tensors, strict=True):
            buffer.copy_(tensor)


@dataclass(frozen=True)
class _Part:
    """Some of the clusters.

    Attributes:
        kept: for each cluster, whether the part has the cluster and this process counts it.
        observations: number of observations of all processes.
        clusters: number of clusters of all processes.
        is_summed: for each cluster of this process, whether its scatter is summed up.
        is_difference: whether these are the clusters that the part lacks, because they have fewer observations.
    """

    kept: NDArray[np.bool_]
    observations: float
    clusters: float
    is_summed: NDArray[np.bool_]
    is_difference: bool


class ClusterScatter:
    """Sums over labelled observations that give covariances, with or without some clusters.

    Processes add their sums. Observations are read in parts: twice for all clusters, and once more for the clusters
    that are left out, or for the remaining clusters if they are fewer. Numpy computes on the CPU, in double
    precision, whatever the device of the model: eigenvectors of a few hundred dimensions and sums over clusters need
    many small steps, and a GPU would wait at each step.

    Args:
        corpus: labelled sequences of this process.
        unique: whether equal labels in two sequences are two clusters.
        team: the processes that share the sequences; their codes of labels agree.
    """

    def __init__(self, corpus: Corpus, unique: bool, team: Team = SINGLE_PROCESS) -> None:
        self._team = team
        self._is_shared = team.size > 1 and not unique
        self._corpus = corpus
        self._clusters = Clusters.of(corpus, unique)
        self._entries = np.arange(len(self._clusters))
        counts, sums = self._sums()
        if self._is_shared:  # the table has a row for each code of all processes
            self._entries = np.unique(corpus.blocks.codes)
            counts, sums = self._united(counts, sums)
        self._counts = counts
        sums /= np.maximum(counts, 1)[:, None]
        self._means = sums
        owner = np.arange(len(counts)) % team.size if self._is_shared else np.full(len(counts), team.rank)
        self._is_counted = (owner == team.rank) & (counts > 0)
        self._number = float(team.sum(np.array([counts[self._is_counted].sum()]))[0])
        self._scatter = team.sum(self._scatter_of(np.arange(len(self._clusters.of_block))))

    def clusters_of(self, numbers: Indexes) -> Indexes:
        """The clusters of some sequences of this process; `covariances` can leave them out."""
        cuts = self._corpus.blocks.cuts
        blocks = [self._clusters.of_block[cuts[number] : cuts[number + 1]] for number in numbers.tolist()]
        return np.unique(self._entries[np.concatenate(blocks)]) if blocks else np.empty(0, dtype=np.int64)

    def covariances(self, without: Indexes | None = None) -> TwoCovariance:
        """The covariances without some clusters; see `each_without`."""
        return next(self.each_without([np.empty(0, dtype=np.int64) if without is None else without]))

    def each_without(self, groups: Sequence[Indexes]) -> Iterator[TwoCovariance]:
        """The covariances without the clusters of each group, each shrunken towards a multiple of the identity.

        Few observations suffice because of the shrinkage. The between-cluster covariance is the covariance of cluster
        means, so it includes within / n.

        Args:
            groups: clusters to leave out, see `clusters_of`; none is left out if fewer than two would remain. Every
                process names its own clusters, in as many groups as the other processes.
        """
        dim = self._means.shape[1]
        number = max(_BYTES_OF_SCATTERS // (8 * dim**2), 1)
        for first in range(0, len(groups), number):
            parts = [self._part(group) for group in groups[first : first + number]]
            scatters = self._scatters_of(np.stack([part.is_summed for part in parts]))
            for part, scatter in zip(parts, scatters, strict=True):
                yield self._covariances(part, self._team.sum(scatter))

    def _part(self, without: Indexes) -> _Part:
        kept, without = self._kept(without)
        counts = np.array([self._counts[kept].sum(), kept.sum()], dtype=np.float64)
        observations, clusters = self._team.sum(counts).tolist()
        is_left_out = np.isin(self._entries, without)
        is_difference = 2 * observations > self._number
        return _Part(kept, observations, clusters, is_left_out if is_difference else ~is_left_out, is_difference)

    def _covariances(self, part: _Part, scatter: Matrix) -> TwoCovariance:
        """The covariances of a part, from the scatter of its clusters or of the clusters that it lacks."""
        if part.is_difference:
            difference = self._scatter - scatter
            scatter = difference
            if np.trace(difference) < _MOST_CANCELLED * np.trace(self._scatter):
                scatter = self._team.sum(self._scatters_of(~part.is_summed[None])[0])
        n = part.observations
        center = self._team.sum(np.where(part.kept, self._counts, 0.0) @ self._means) / n
        spread, between = self._about(center, np.flatnonzero(part.kept))
        scale = (np.trace(scatter) + spread) / n / len(center) or 1.0  # all observations equal: any scale will do
        within = _shrunk(scatter / max(n - part.clusters, 1), WITHIN_SHRINKAGE, scale)
        between /= part.clusters
        between = _shrunk(between, approximating_shrinkage(between, part.clusters - 1), scale)
        if part.clusters == 1:  # nothing tells how clusters differ
            between = scale * np.eye(len(center))
        return TwoCovariance(center, within, between)

    def _about(self, center: Matrix, clusters: Indexes) -> tuple[float, Matrix]:
        """sum n |m - c|^2 and sum (m - c)(m - c)' over the given clusters of all processes."""
        spread = np.zeros(1)
        between = np.zeros((len(center),) * 2)
        for some in np.array_split(clusters, len(clusters) // _PART + 1):
            about = self._means[some] - center
            spread += self._counts[some] @ np.square(about).sum(axis=1)
            between += about.T @ about
        return float(self._team.sum(spread)[0]), self._team.sum(between)

    def _kept(self, without: Indexes | None) -> tuple[NDArray[np.bool_], Indexes]:
        """The clusters that this process counts, and those it leaves out: none if fewer than two would remain."""
        wanted = np.empty(0, dtype=np.int64) if without is None else without
        if self._is_shared:
            wanted = np.unique(np.concatenate(self._team.gather(wanted)))
        kept = self._is_counted.copy()
        kept[wanted] = False
        if self._team.sum(np.array([kept.sum()], dtype=np.float64))[0] < 2:
            return self._is_counted, wanted[:0]
        return kept, wanted

    def _sums(self) -> tuple[NDArray[np.float64], Matrix]:
        """Number and sum of the observations of each cluster of this process."""
        sums: Matrix | None = None
        for x, lengths, of_block in self._parts():
            if sums is None:
                sums = np.zeros((len(self._clusters), x.shape[1]))
            np.add.at(sums, of_block, np.add.reduceat(x, np.cumsum(lengths) - lengths))
        assert sums is not None
        return self._clusters.counts.astype(np.float64), sums

    def _united(self, counts: NDArray[np.float64], sums: Matrix) -> tuple[NDArray[np.float64], Matrix]:
        """Counts and sums of all processes, by code."""
        number = max(self._team.gather(int(self._entries[-1]))) + 1
        all_counts = np.zeros(number)
        all_counts[self._entries] = counts
        all_sums = np.zeros((number, sums.shape[1]))
        all_sums[self._entries] = sums
        return self._team.sum(all_counts), self._team.sum(all_sums)

    def _parts(self) -> Iterator[tuple[Matrix, Indexes, Indexes]]:
        """All observations, in parts of some sequences, with length and cluster of each block."""
        cuts = self._corpus.blocks.cuts
        ends = np.cumsum(self._corpus.lengths)
        numbers = np.flatnonzero(np.diff(ends // _PART, prepend=-1))
        for first, last in pairwise([*numbers.tolist(), len(ends)]):
            x = np.concatenate([self._corpus.read(number).observations for number in range(first, last)])
            blocks = slice(cuts[first], cuts[last])
            yield x.astype(np.float64), self._corpus.blocks.lengths[blocks], self._clusters.of_block[blocks]

    def _scatters_of(self, is_summed: NDArray[np.bool_]) -> Matrix:
        """sum (x - m)(x - m)' over the observations of some clusters of this process about their means.

        Clusters that belong to the same sums are read together, and each cluster is read once for all sums.

        Args:
            is_summed: (sums, clusters) whether a cluster belongs to a sum.

        Returns:
            (sums, D, D).
        """
        scatters = np.zeros((len(is_summed), *(self._means.shape[1],) * 2))
        memberships, kinds = np.unique(is_summed, axis=1, return_inverse=True)
        kinds = kinds.reshape(-1)[self._clusters.of_block]
        by_kind = np.argsort(kinds, kind="stable")
        ends = np.searchsorted(kinds[by_kind], np.arange(memberships.shape[1] + 1))
        for kind, (first, last) in enumerate(pairwise(ends.tolist())):
            if memberships[:, kind].any():
                scatters[memberships[:, kind]] += self._scatter_of(by_kind[first:last])
        return scatters

    def _scatter_of(self, blocks: Indexes) -> Matrix:
        """sum (x - m)(x - m)' over the observations of some blocks about the means of their clusters."""
        scatter = np.zeros((self._means.shape[1],) * 2)
        starts = self._corpus.blocks.starts[blocks]
        lengths = self._corpus.blocks.lengths[blocks]
        spans = list(zip(starts.tolist(), (starts + lengths).tolist(), strict=True))
        owners = self._entries[self._clusters.of_block[blocks]]
        numbers = np.flatnonzero(np.diff(np.cumsum(lengths) // _PART, prepend=-1))
        for first, last in pairwise([*numbers.tolist(), len(blocks)]):
            x = self._clusters.read(spans[first:last])
            about = x - np.repeat(self._means[owners[first:last]], lengths[first:last], axis=0)
            scatter += about.T @ about
        return scatter


def approximating_shrinkage(covariance: Matrix, number: float) -> float:
    """The weight of the identity with the smallest expected error, for a covariance of few observations.

    The oracle approximating shrinkage of Chen et al. (2010), for n independent Gaussian observations of D dimensions:
    min(1, ((1 - 2 / D) tr C^2 + (tr C)^2) / ((n + 1 - 2 / D) (tr C^2 - (tr C)^2 / D))).

    Args:
        covariance: C, (D, D).
        number: n.
    """
    dim = len(covariance)
    square_of_trace = float(np.trace(covariance)) ** 2
    trace_of_square = float(np.sum(covariance * covariance))
    wanted = (1 - 2 / dim) * trace_of_square + square_of_trace
    possible = (number + 1 - 2 / dim) * (trace_of_square - square_of_trace / dim)
    return 1.0 if wanted >= possible else wanted / possible


def _shrunk(covariance: Matrix, weight: float, scale: float) -> Matrix:
    """(1 - weight) C + weight tr(C) / D I, and 1e-4 of `scale`, so that every direction has variance."""
    dim = len(covariance)
    diagonal = weight * np.trace(covariance) / dim + _FLOOR * scale
    shrunk: Matrix = (1 - weight) * covariance + diagonal * np.eye(dim)
    return shrunk
