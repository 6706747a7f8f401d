"""The second seam: beam search over labels, for many sequences at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic

import numpy as np
import torch

from uisrnn.compiled import Integers, RowNumbers
from uisrnn.decoding.beams import Beams, close_slot, entry, open_slot
from uisrnn.decoding.cut import store
from uisrnn.decoding.expansion import Expansion, ObservationError, SearchState, Window
from uisrnn.decoding.frontier import Limits, Position, Positions, Rules
from uisrnn.decoding.pool import Pool
from uisrnn.decoding.steps import take_all
from uisrnn.decoding.tree import LabelTree
from uisrnn.model.joint import Joint
from uisrnn.model.observation import S


@dataclass(frozen=True)
class StepInfo:
    """Figures of a step.

    Attributes:
        network_rows: distinct pairs of a cluster state and an observation that went through the network.
        score: negative log joint of the best beam of the first sequence.
    """

    network_rows: int
    score: float


@dataclass(frozen=True)
class BeamSearch(Generic[S]):
    """Finds label sequences with a small negative log joint.

    With `look_ahead` L, all continuations by L observations compete before the beam is cut to `beam_size`. The state
    of a cluster depends only on the observations that it took, so the network sees subsets of the L observations, not
    label tuples. Label sequences that cannot survive the cut are not continued.

    Attributes:
        joint: the model.
        beam_size: number of label sequences that survive a cut.
        look_ahead: number of observations from cut to cut.
        limits: limits on the number of clusters.
        known: states of known clusters, whose labels are 0, 1, ... in this order.
    """

    joint: Joint[S]
    beam_size: int
    look_ahead: int = 1
    limits: Limits = field(default_factory=Limits)
    known: S | None = None

    @property
    def enrolled(self) -> int:
        """Number of known clusters."""
        return 0 if self.known is None else len(self.known)

    def init(self, slots: int = 1) -> SearchState[S]:
        """A state with this number of slots, none in use."""
        pool = Pool(self.joint.observation, self.known)
        return SearchState(Beams.empty(slots, self.beam_size, self.enrolled + 8), pool, LabelTree.empty())

    def open(self, state: SearchState[S], slot: int) -> None:
        """Start a sequence in a slot that is not in use; if the table has no such slot, it grows."""
        state.beams = state.beams.with_room(slot + 1, 0)
        state.tree = state.tree.with_room(1)
        open_slot(state.beams, slot, self.enrolled, state.tree)

    def close(self, state: SearchState[S], slot: int) -> None:
        """Forget the sequence in a slot."""
        close_slot(state.beams, slot, state.tree, state.pool.index)

    @torch.no_grad()
    def step(self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Sequence[Position]) -> StepInfo:
        """Take the next observations of several sequences, up to the next cut.

        Args:
            state: changed in place; if an error is raised, it is as before.
            slots: (sequences,) distinct slots in use.
            window: holds the observations.
            positions: the next `look_ahead` observations, or fewer if the sequences end.

        Returns:
            Figures of the step.

        Raises:
            ObservationError: an observation has no finite score, or there are too many label sequences to compare.
        """
        if len(positions) == 1 and state.pool.arrays is not None:
            network_rows = take_all(state, slots, window, Positions.of(positions), self._rules)
        else:
            network_rows = self._expand(state, slots, window, positions)
        best = entry(state.beams, slots[0], 0)
        return StepInfo(network_rows, float(state.beams.labelings["score"][best]))

    @torch.no_grad()
    def steps(self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Positions) -> int:
        """Take the next observations of several sequences, with a cut after every `look_ahead` observations.

        Args:
            state: changed in place.
            slots: (sequences,) distinct slots in use.
            window: holds the observations.
            positions: the next observations; if their number is no multiple of `look_ahead`, the sequences end there.

        Returns:
            Number of distinct pairs of a cluster state and an observation that went through the network.

        Raises:
            ObservationError: see `step`; the state is as before the step that failed.
        """
        if self.look_ahead == 1 and state.pool.arrays is not None:
            return take_all(state, slots, window, positions, self._rules)
        each = positions.each()
        network_rows = 0
        for first in range(0, len(each), self.look_ahead):
            try:
                network_rows += self._expand(state, slots, window, each[first : first + self.look_ahead])
            except ObservationError as error:
                raise ObservationError(error.slot, first + error.position, error.problem) from error
        return network_rows

    def _expand(self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Sequence[Position]) -> int:
        """A step with a call for each part; returns the number of states that went through the network."""
        expansion = self._expansion(state, slots, window, positions)
        try:
            survivors = expansion.survivors()
            state.beams = state.beams.with_room(0, survivors.clusters.shape[1] - 1)
            state.tree = state.tree.with_room(survivors.pending.size)
            store(survivors, state.beams, slots, state.tree, state.pool.index)
        finally:
            expansion.release()
        return expansion.network_rows

    @torch.no_grad()
    def peek(
        self, state: SearchState[S], slot: int, window: Window, positions: Sequence[Position]
    ) -> tuple[int, Integers]:
        """The best beam after the next observations, without taking them.

        Args:
            state: not changed.
            slot: the slot of the sequence.
            window: holds the observations.
            positions: at most `look_ahead` observations.

        Returns:
            The number of the beam that the best beam continues, and its labels for the observations.

        Raises:
            ObservationError: an observation has no finite score, or there are too many label sequences to compare.
        """
        expansion = self._expansion(state, np.array([slot]), window, positions)
        try:
            survivors = expansion.survivors()
        finally:
            expansion.release()
        return int(survivors.origin[0]), survivors.pending[0]

    def _expansion(
        self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Sequence[Position]
    ) -> Expansion[S]:
        return Expansion(self._rules, state, slots, window, positions, self._least_cost)

    @cached_property
    def is_compiled(self) -> bool:
        """Whether `steps` is compiled code, during which other threads can hold Python's lock."""
        return self.look_ahead == 1 and self.init().pool.arrays is not None

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.joint.prior.weights, self.limits, self.joint.likelihood_scale, self.joint.observation.views)

    @cached_property
    def _least_cost(self) -> float:
        """A lower bound of the cost of an observation, whatever its label: -log p of a label is at least 0."""
        return self.joint.likelihood_scale * self.joint.observation.least_cost()

    @staticmethod
    def labels(state: SearchState[S], slot: int, beam: int = 0) -> Integers:
        """Labels of a beam of a sequence (by default the best beam) that are not final."""
        return state.tree.path(int(state.beams.leaf[slot, beam]), int(state.beams.root[slot]))
