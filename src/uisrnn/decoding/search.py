"""The second seam: beam search over labels, one observation at a time."""

from dataclasses import dataclass, replace
from typing import Generic

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from uisrnn.decoding.pool import FRESH, Pool, RowNumbers
from uisrnn.decoding.trace import Integers, Trace
from uisrnn.errors import InputError
from uisrnn.model.joint import Joint
from uisrnn.model.observation import S

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Beams:
    """Label sequences under consideration, best first after a cut; integers and scores only.

    Attributes:
        score: (beam,) negative log joint so far.
        rows: (beam, cluster) pool rows of the clusters, then `FRESH` in all further columns, at least one.
        block_counts: (beam, cluster) N_k, 0 for clusters that do not exist.
        clusters: (beam,) number of clusters.
        last: (beam,) label of the last observation, -1 before the first.
        origin: (beam,) the beam after the last cut that this one descends from.
        pending: (beam, block) labels since the last cut.
    """

    score: Reals
    rows: RowNumbers
    block_counts: Integers
    clusters: Integers
    last: Integers
    origin: Integers
    pending: Integers

    def __len__(self) -> int:
        return len(self.score)

    @staticmethod
    def root() -> "Beams":
        """The one beam before the first observation."""
        return Beams(
            score=np.zeros(1),
            rows=np.full((1, 1), FRESH, dtype=np.int64),
            block_counts=np.zeros((1, 1), dtype=np.int64),
            clusters=np.zeros(1, dtype=np.int64),
            last=np.full(1, -1, dtype=np.int64),
            origin=np.zeros(1, dtype=np.int64),
            pending=np.zeros((1, 0), dtype=np.int64),
        )


@dataclass(frozen=True)
class SearchState(Generic[S]):
    """All that decoding carries from one observation to the next; a step uses it up.

    Attributes:
        beams: what is under consideration.
        pool: the cluster states that the beams' rows stand for.
        trace: labels up to the last cut.
        time: observations so far.
    """

    beams: Beams
    pool: Pool[S]
    trace: Trace
    time: int


@dataclass(frozen=True)
class StepInfo:
    """What a step did.

    Attributes:
        candidates: label sequences that were scored.
        network_rows: distinct cluster states that took the observation.
        score: negative log joint of the best beam.
    """

    candidates: int
    network_rows: int
    score: float


@dataclass(frozen=True)
class BeamSearch(Generic[S]):
    """Finds label sequences with a small negative log joint.

    With `look_ahead` L, all continuations by L observations compete before the beam is cut to `beam_size`. A cluster's
    state depends only on which of them it took, so the network sees subsets of the L observations, not label tuples.

    Attributes:
        joint: the model.
        beam_size: label sequences that survive a cut.
        look_ahead: observations from one cut to the next.
    """

    joint: Joint[S]
    beam_size: int
    look_ahead: int = 1

    def init(self) -> SearchState[S]:
        """The state before the first observation."""
        return SearchState(Beams.root(), Pool(self.joint.observation), Trace(), time=0)

    def step(self, state: SearchState[S], x: Tensor) -> tuple[SearchState[S], StepInfo]:
        """Take one more observation.

        Args:
            state: from `init` or the step before; it must not be used again.
            x: (D,) on the model's device and of its precision.

        Returns:
            The next state, and what the step did.

        Raises:
            InputError: no label gives a finite score.
        """
        beams, pool, trace = state.beams, state.pool, state.trace
        scores = self._candidate_scores(beams, pool, x)
        parents, labels = np.nonzero(np.isfinite(scores))
        candidates = len(parents)
        if candidates == 0:
            raise InputError(f"observation {state.time} is so far from all predictions that no score is finite")
        cut = beams.pending.shape[1] + 1 == self.look_ahead
        if cut:
            best = np.argsort(scores[parents, labels], kind="stable")[: self.beam_size]
            parents, labels = parents[best], labels[best]
        beams, network_rows = _extend(beams, pool, parents, labels, scores[parents, labels], x)
        if cut:
            trace.append(beams.origin, beams.pending)
            beams = replace(beams, origin=np.arange(len(beams)), pending=beams.pending[:, :0])
        info = StepInfo(candidates, network_rows, float(beams.score.min()))
        return SearchState(beams, pool, trace, state.time + 1), info

    def finish(self, state: SearchState[S]) -> Integers:
        """Labels of the best beam.

        Args:
            state: it can go on being used.

        Returns:
            (time,) one for each observation so far, by first appearance.
        """
        beams = state.beams
        best = int(np.argmin(beams.score))
        return np.concatenate([state.trace.labels(int(beams.origin[best])), beams.pending[best]])

    def _candidate_scores(self, beams: Beams, pool: Pool[S], x: Tensor) -> Reals:
        """(beam, cluster) scores of all beams with each label for x; infinite where a label is impossible."""
        prior = self.joint.prior.log_prob(beams.block_counts, beams.last, beams.clusters)
        scores: Reals = beams.score[:, None] - prior + pool.negative_log_densities(x)[beams.rows]
        return scores


def _extend(
    beams: Beams, pool: Pool[S], parents: Integers, labels: Integers, scores: Reals, x: Tensor
) -> tuple[Beams, int]:
    """The beams that follow from label `labels[i]` for beam `parents[i]`, and how many states took x for them."""
    child = np.arange(len(parents))
    distinct, which = np.unique(beams.rows[parents, labels], return_inverse=True)
    advanced = pool.advance(distinct, x)
    clusters = np.maximum(beams.clusters[parents], labels + 1)
    rows = _with_spare_column(beams.rows[parents], clusters)
    block_counts = _with_spare_column(beams.block_counts[parents], clusters)
    rows[child, labels] = advanced[which]
    block_counts[child, labels] += labels != beams.last[parents]
    pool.hold(rows)
    extended = Beams(
        score=scores,
        rows=rows,
        block_counts=block_counts,
        clusters=clusters,
        last=labels,
        origin=beams.origin[parents],
        pending=np.concatenate([beams.pending[parents], labels[:, None]], axis=1),
    )
    return extended, len(distinct)


def _with_spare_column(table: Integers, clusters: Integers) -> Integers:
    """Room for one new cluster in the beam that has most; what is added is 0, which is also `FRESH`."""
    missing = int(clusters.max()) + 1 - table.shape[1]
    return np.pad(table, ((0, 0), (0, missing))) if missing > 0 else table
