"""The work of one step: from one cut of the beam to the survivors of the next, before anything is stored."""

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
    frontier_of,
    price,
    unpriced,
)
from uisrnn.decoding.pool import Pool
from uisrnn.decoding.tree import LabelTree
from uisrnn.errors import InputError
from uisrnn.model.observation import S

_ROUNDING = 1e-9
_MOST_CANDIDATES = 1 << 22


class BlockError(InputError):
    """An observation cannot be taken.

    Args:
        slot: whose observation it is.
        at: its number in the block.
        why: as in "observation 3 is ...".
    """

    def __init__(self, slot: int, at: int, why: str) -> None:
        super().__init__(f"observation {at} {why}")
        self.slot, self.at, self.why = slot, at, why


@dataclass(frozen=True)
class Window:
    """Observations that are ready to be taken.

    Attributes:
        x: (m V, F) the views of m observations one after another, on the model's device and of its precision.
        encoded: (m V, ...) the same as encoded by the model.
    """

    x: Tensor
    encoded: Tensor


@dataclass
class SearchState(Generic[S]):
    """All that decoding carries from one step to the next, for many sequences; steps change it in place.

    Attributes:
        beams: what is under consideration, a slot for each sequence.
        pool: the cluster states that the beams' rows stand for.
        tree: the labels that the beams' leaves stand for.
    """

    beams: Beams
    pool: Pool[S]
    tree: LabelTree

    @torch.no_grad()
    def window(self, features: Tensor) -> Window:
        """Make observations ready to be taken: (m, V, F), on the model's device and of its precision."""
        x = features.flatten(0, 1)
        return Window(x, self.pool.encode(x))


class Block(Generic[S]):
    """Observations that are scored jointly, for several sequences.

    Whatever is found out about a pair of a state and an observation is kept in the memo of its position, so that
    nothing is computed twice, neither in different beams nor in the two passes of `survivors`.

    Args:
        rules: what labels cost, and which are allowed.
        state: where the sequences are.
        slots: (sequences,) their slots.
        window: holds the observations.
        positions: one for each observation of the block.
        least_cost: a number that no observation costs less than, whatever its label.
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
        self._rules, self._state, self._slots = rules, state, slots
        self._window, self._positions, self._least_cost = window, positions, least_cost
        self._memos: dict[int, Memo] = {}
        self._priced = [0] * len(positions)
        self._new_rows: list[RowNumbers] = []

    def survivors(self) -> Frontier:
        """The label sequences that are left after the cut at the end of the block."""
        start, last = frontier_of(self._state.beams, self._slots), len(self._positions) - 1
        if last == 0:
            return self._best(start, 0)
        limit, frontier = self._limit(start), start
        for at in range(last):
            frontier = self._within(frontier, at, limit - (last - at) * self._least_cost)
        self._require_few(frontier, last)
        return self._best(frontier, last)

    def give_back(self) -> None:
        """Free the rows that were made on the way and that no beam in the table holds."""
        for rows in self._new_rows:
            free_unheld(rows, self._state.pool.index)

    def _limit(self, frontier: Frontier) -> Reals:
        """(sequences,) a score that the last survivor of each cut will not exceed.

        A beam that is cut at every observation finds label sequences of the whole block; the survivors can only be as
        good or better.
        """
        for at in range(len(self._positions)):
            frontier = self._best(frontier, at)
        limit = np.full(len(self._slots), np.inf)
        for sequence, (first, after) in enumerate(zip(frontier.start[:-1], frontier.start[1:], strict=True)):
            if after - first == self._beam_size:
                worst = float(frontier.labelings["score"][after - 1])
                limit[sequence] = worst + _ROUNDING * (1 + abs(worst))
        return limit

    @property
    def _beam_size(self) -> int:
        return int(self._state.beams.leaf.shape[1])

    def _best(self, frontier: Frontier, at: int) -> Frontier:
        """The best `beam_size` label sequences of each sequence, with the observation at a position."""
        memo, index = self._prepared(frontier, at), self._state.pool.index
        found = continue_best(frontier, memo, self._rules, self._positions[at], index, self._beam_size)
        return self._moved(*found, at)

    def _within(self, frontier: Frontier, at: int, limit: Reals) -> Frontier:
        """All label sequences with a score within a limit, with the observation at a position."""
        self._require_few(frontier, at)
        memo, index = self._prepared(frontier, at), self._state.pool.index
        found = continue_within(frontier, memo, self._rules, self._positions[at], index, limit)
        return self._moved(*found, at)

    def _require_few(self, frontier: Frontier, at: int) -> None:
        """Looking ahead takes time and memory that grow exponentially where clusters are not told apart."""
        candidates = frontier.clusters.size
        if candidates > _MOST_CANDIDATES:
            slot = int(self._slots[np.diff(frontier.start).argmax()])
            why = f"leaves {candidates} label sequences to compare; choose a smaller look_ahead or beam_size"
            raise BlockError(slot, at, why)

    def _prepared(self, frontier: Frontier, at: int) -> Memo:
        """What is known at a position, with all costs, and room in the pool for what may come of it."""
        memo, pool = self._memo(at), self._state.pool
        x, position, gaussians = self._window.x, self._positions[at], pool.gaussians
        if gaussians is not None:
            self._priced[at] += price(frontier, memo, pool.shared, gaussians, x.numpy(), position, self._rules)
        else:
            keys, rows, viewed = unpriced(frontier, memo, pool.shared, position, self._rules.views)
            memo.cost[keys] = self._rules.scale * pool.costs(rows, x, viewed)
            self._priced[at] += len(keys)
        pool.reserve(self._priced[at])
        return memo

    def _memo(self, at: int) -> Memo:
        """The memo of a position, with room for all rows that the pool has by now."""
        pool = self._state.pool
        keys = (pool.capacity + len(self._slots) * pool.shared) * self._rules.views
        if at not in self._memos:
            self._memos[at] = Memo.empty(keys)
        self._memos[at] = self._memos[at].with_room(keys)
        return self._memos[at]

    def _moved(self, frontier: Frontier, moves: Moves, at: int) -> Frontier:
        """The frontier, after the network did what it takes."""
        self._new_rows.append(moves.new)
        empty = frontier.start[1:] == frontier.start[:-1]
        if empty.any():
            slot = int(self._slots[empty.argmax()])
            raise BlockError(slot, at, "is so far from all predictions that no score is finite")
        if len(moves.rows):
            self._state.pool.advance(moves.rows, moves.new, self._window.encoded, moves.which)
        self.network_rows += len(moves.rows)
        return frontier
