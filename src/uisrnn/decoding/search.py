"""The second seam: beam search over labels, for many sequences in lockstep."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic

import numpy as np
import torch

from uisrnn.compiled import Integers, RowNumbers
from uisrnn.decoding.beams import Beams, close_slot, open_slot
from uisrnn.decoding.block import Block, SearchState, Window
from uisrnn.decoding.cut import store
from uisrnn.decoding.frontier import Limits, Position, Rules
from uisrnn.decoding.pool import Pool
from uisrnn.decoding.tree import LabelTree
from uisrnn.model.joint import Joint
from uisrnn.model.observation import S


@dataclass(frozen=True)
class StepInfo:
    """What a step did.

    Attributes:
        network_rows: distinct pairs of a cluster state and an observation that went through the network.
        score: negative log joint of the best beam of the first sequence.
    """

    network_rows: int
    score: float


@dataclass(frozen=True)
class BeamSearch(Generic[S]):
    """Finds label sequences with a small negative log joint.

    With `look_ahead` L, all continuations by L observations compete before the beam is cut to `beam_size`. A cluster's
    state depends only on which of them it took, so the network sees subsets of the L observations, not label tuples;
    and label sequences that cannot survive the cut, whatever comes, are not continued.

    Attributes:
        joint: the model.
        beam_size: label sequences that survive a cut.
        look_ahead: observations from one cut to the next.
        limits: on the number of clusters.
        known: states of clusters that are known beforehand, labelled 0, 1, ... in this order.
    """

    joint: Joint[S]
    beam_size: int
    look_ahead: int = 1
    limits: Limits = field(default_factory=Limits)
    known: S | None = None

    @property
    def enrolled(self) -> int:
        """Number of clusters that are known beforehand."""
        return 0 if self.known is None else len(self.known)

    def init(self, slots: int = 1) -> SearchState[S]:
        """A state with this many slots, none of them in use."""
        pool = Pool(self.joint.observation, self.known)
        return SearchState(Beams.empty(slots, self.beam_size, self.enrolled + 8), pool, LabelTree.empty())

    def open(self, state: SearchState[S], slot: int) -> None:
        """Start a sequence in a slot that is not in use; the table grows where it has no such slot."""
        state.beams = state.beams.with_room(slot + 1, 0)
        state.tree = state.tree.with_room(1)
        open_slot(state.beams, slot, self.enrolled, state.tree)

    def close(self, state: SearchState[S], slot: int) -> None:
        """Forget the sequence in a slot."""
        close_slot(state.beams, slot, state.tree, state.pool.index)

    @torch.no_grad()
    def step(self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Sequence[Position]) -> StepInfo:
        """Take one block of observations of several sequences, up to the next cut.

        Args:
            state: it is changed in place; where an error is raised, it is as before.
            slots: (sequences,) distinct slots in use.
            window: holds the observations.
            positions: one for each observation of a block, `look_ahead` of them, or less where the sequences end.

        Returns:
            What was done.

        Raises:
            BlockError: an observation has no finite score, or there are too many label sequences to compare.
        """
        block = self._block(state, slots, window, positions)
        try:
            survivors = block.survivors()
            state.beams = state.beams.with_room(0, survivors.clusters.shape[1] - 1)
            state.tree = state.tree.with_room(survivors.pending.size)
            store(survivors, state.beams, slots, state.tree, state.pool.index)
        finally:
            block.give_back()
        return StepInfo(block.network_rows, float(survivors.labelings["score"][0]))

    @torch.no_grad()
    def peek(
        self, state: SearchState[S], slot: int, window: Window, positions: Sequence[Position]
    ) -> tuple[int, Integers]:
        """What the best beam would be after a block that is not taken.

        Args:
            state: it stays as it is.
            slot: of the sequence.
            window, positions: see `step`.

        Returns:
            The number of the beam that it continues, and its labels for the block.

        Raises:
            BlockError: an observation has no finite score, or there are too many label sequences to compare.
        """
        block = self._block(state, np.array([slot]), window, positions)
        try:
            survivors = block.survivors()
        finally:
            block.give_back()
        return int(survivors.origin[0]), survivors.pending[0]

    def _block(
        self, state: SearchState[S], slots: RowNumbers, window: Window, positions: Sequence[Position]
    ) -> Block[S]:
        return Block(self._rules, state, slots, window, positions, self._least_cost)

    @cached_property
    def _rules(self) -> Rules:
        return Rules(self.joint.prior.weights, self.limits, self.joint.likelihood_scale, self.joint.observation.views)

    @cached_property
    def _least_cost(self) -> float:
        """What an observation costs at least, whatever its label: log probabilities of labels are at most 0."""
        return self.joint.likelihood_scale * self.joint.observation.least_cost()

    @staticmethod
    def labels(state: SearchState[S], slot: int, beam: int = 0) -> Integers:
        """Labels of one beam of a sequence, the best by default, from the first that is not final on."""
        return state.tree.path(int(state.beams.leaf[slot, beam]), int(state.beams.root[slot]))
