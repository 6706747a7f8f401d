"""The work of a step: from a cut of the beam to the survivors of the next cut, before any of them is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
import torch
from torch import Tensor

from uisrnn.compiled import Reals, RowNumbers
from uisrnn.decoding.beams import Beams
from uisrnn.decoding.candidates import continue_best, continue_within
from uisrnn.decoding.cut import free_unheld
from uisrnn.decoding.frontier import (
    Frontier,
    Memo,
    Moves,
    Position,
    Rules,
    empty_memo,
    frontier_of,
    keys_of,
    price,
    sequence_without_beam,
    unpriced,
)
from uisrnn.decoding.pool import Pool
from uisrnn.decoding.tree import LabelTree
from uisrnn.errors import InputError
from uisrnn.model.observation import S

TOO_FAR = "is so far from all predictions that no score is finite"
"""The problem of an observation for which no score is finite."""

_ROUNDING = 1e-9
_MOST_CANDIDATES = 1 << 22


class ObservationError(InputError):
    """An observation that the search cannot take.

    Args:
        slot: the slot of its sequence.
        position: its number among the observations of the step.
        problem: the words after "observation 3", as in "is so far ...".
    """

    def __init__(self, slot: int, position: int, problem: str) -> None:
        super().__init__(f"observation {position} {problem}")
        self.slot = slot
        self.position = position
        self.problem = problem


@dataclass(frozen=True)
class Window:
    """Observations that are ready to be taken.

    Attributes:
        x: (m V, F) the views of m observations, on the model's device and of its precision.
        encoded: (m V, ...) the same views, encoded by the model.
    """

    x: Tensor
    encoded: Tensor


@dataclass
class SearchState(Generic[S]):
    """All that decoding carries from step to step, for many sequences. Steps change it in place.

    Attributes:
        beams: the label sequences under consideration, a slot for each sequence.
        pool: the cluster states of the rows in `beams`.
        tree: the labels of the leaves in `beams`.
    """

    beams: Beams
    pool: Pool[S]
    tree: LabelTree

    @torch.no_grad()
    def window(self, features: Tensor) -> Window:
        """A window of observations, whose features (m, V, F) are on the model's device and of its precision."""
        x = features.flatten(0, 1)
        return Window(x, self.pool.encode(x))


class Expansion(Generic[S]):
    """The beams of several sequences, expanded by the labels of the next `look_ahead` observations.

    The memo of a position holds the result for each pair of a state and an observation, so that no result is computed
    twice, neither for different beams nor in the two passes of `survivors`.

    Args:
        rules: the parameters of a score, and the limits.
        state: the search state.
        slots: (sequences,) the slots of the sequences.
        window: holds the observations.
        positions: the observations of the step, in their order.
        least_cost: a lower bound of the cost of an observation, whatever its label.
    """

    def __init__(
        self,
        rules: Rules,
        state: SearchState[S],
        slots: RowNumbers,
        window: Window,
        positions: Sequence[Position],
        least_cost: float,
    ) -> None:
        self.network_rows = 0
        self._rules = rules
        self._state = state
        self._slots = slots
        self._window = window
        self._positions = positions
        self._least_cost = least_cost
        self._memos: dict[int, Memo] = {}
        self._priced = [0] * len(positions)
        self._new_rows: list[RowNumbers] = []

    def survivors(self) -> Frontier:
        """The label sequences that survive the next cut."""
        frontier = frontier_of(self._state.beams, self._slots)
        last = len(self._positions) - 1
        if last == 0:
            return self._best(frontier, 0)
        limit = self._limit(frontier)
        for position in range(last):
            frontier = self._within(frontier, position, limit - (last - position) * self._least_cost)
        self._require_few(frontier, last)
        return self._best(frontier, last)

    def release(self) -> None:
        """Free the rows that were made for this step and that no beam in the table holds."""
        for rows in self._new_rows:
            free_unheld(rows, self._state.pool.index)

    def _limit(self, frontier: Frontier) -> Reals:
        """(sequences,) an upper bound of the score of the last survivor.

        A beam that is cut at every observation finds label sequences of all observations of the step; the survivors
        are as good or better.
        """
        for position in range(len(self._positions)):
            frontier = self._best(frontier, position)
        limit = np.full(len(self._slots), np.inf)
        for sequence, (first, after) in enumerate(zip(frontier.start[:-1], frontier.start[1:], strict=True)):
            if after - first == self._beam_size:
                worst = float(frontier.labelings["score"][after - 1])
                limit[sequence] = worst + _ROUNDING * (1 + abs(worst))
        return limit

    @property
    def _beam_size(self) -> int:
        return int(self._state.beams.leaf.shape[1])

    def _best(self, frontier: Frontier, position: int) -> Frontier:
        """The best `beam_size` label sequences of each sequence, with the observation at a position."""
        memo = self._prepared(frontier, position)
        index = self._state.pool.index
        taken = self._positions[position]
        return self._moved(*continue_best(frontier, memo, self._rules, taken, index, self._beam_size), position)

    def _within(self, frontier: Frontier, position: int, limit: Reals) -> Frontier:
        """All label sequences with a score within a limit, with the observation at a position."""
        self._require_few(frontier, position)
        memo = self._prepared(frontier, position)
        index = self._state.pool.index
        taken = self._positions[position]
        return self._moved(*continue_within(frontier, memo, self._rules, taken, index, limit), position)

    def _require_few(self, frontier: Frontier, position: int) -> None:
        """Looking ahead takes exponential time and memory if clusters are hard to tell apart."""
        candidates = frontier.clusters.size
        if candidates > _MOST_CANDIDATES:
            slot = int(self._slots[np.diff(frontier.start).argmax()])
            problem = f"leaves {candidates} label sequences to compare; choose a smaller look_ahead or beam_size"
            raise ObservationError(slot, position, problem)

    def _prepared(self, frontier: Frontier, position: int) -> Memo:
        """The memo of a position with the costs of all pairs; the pool gets room for a new state of each pair."""
        memo = self._memo(position)
        pool = self._state.pool
        x = self._window.x
        taken = self._positions[position]
        gaussians = pool.gaussians
        if gaussians is not None:
            self._priced[position] += len(price(frontier, memo, pool.shared, gaussians, x.numpy(), taken, self._rules))
        else:
            keys, rows, viewed = unpriced(frontier, memo, pool.shared, taken, self._rules.views)
            memo.cost[keys] = self._rules.scale * pool.costs(rows, x, viewed)
            self._priced[position] += len(keys)
        pool.reserve(self._priced[position])
        return memo

    def _memo(self, position: int) -> Memo:
        """The memo of a position, with room for all rows of the pool."""
        pool = self._state.pool
        keys = keys_of(pool.capacity, len(self._slots), pool.shared, self._rules.views)
        if position not in self._memos:
            self._memos[position] = empty_memo(keys)
        self._memos[position] = self._memos[position].with_room(keys)
        return self._memos[position]

    def _moved(self, frontier: Frontier, moves: Moves, position: int) -> Frontier:
        """The frontier, after the states took the observation."""
        self._new_rows.append(moves.new)
        empty = sequence_without_beam(frontier)
        if empty >= 0:
            raise ObservationError(int(self._slots[empty]), position, TOO_FAR)
        if len(moves.rows):
            self._state.pool.advance(moves.rows, moves.new, self._window.encoded, moves.which)
        self.network_rows += len(moves.rows)
        return frontier
