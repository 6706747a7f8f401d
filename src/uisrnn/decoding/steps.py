"""Many steps of the beam search in a single call of compiled code, for `look_ahead` 1 and a compiled stepper."""

from typing import Any, NamedTuple

from uisrnn.compiled import Reals, RowNumbers, compiled
from uisrnn.decoding.beams import Beams
from uisrnn.decoding.candidates import continue_best
from uisrnn.decoding.cut import free_unheld, store
from uisrnn.decoding.expansion import TOO_FAR, ObservationError, SearchState, Window
from uisrnn.decoding.frontier import (
    Positions,
    Rules,
    empty_memo,
    forget,
    frontier_of,
    keys_of,
    position_at,
    price,
    sequence_without_beam,
)
from uisrnn.decoding.pool import PoolArrays, RowIndex, advance_rows
from uisrnn.decoding.tree import LabelTree

DONE = 0
NEEDS_CLUSTERS = 1
NEEDS_NODES = 2
NEEDS_ROWS = 3
NO_FINITE_SCORE = 4
"""The reasons for which `take_steps` returns."""


class SearchArrays(NamedTuple):
    """All that decoding carries from step to step; see `uisrnn.decoding.expansion.SearchState`.

    Attributes:
        beams: the table of beams.
        tree: the labels of the beams.
        row_index: reference counts of the pool.
        pool: states and predictions of the pool.
    """

    beams: Beams
    tree: LabelTree
    row_index: RowIndex
    pool: PoolArrays


@compiled
def take_steps(
    state: SearchArrays,
    slots: RowNumbers,
    x: Reals,
    encoded: Reals,
    positions: Positions,
    rules: Rules,
) -> tuple[int, int, int, int]:
    """Take observations of several sequences, with a cut of the beam after each observation.

    Args:
        state: changed in place; a step that cannot be completed changes nothing.
        slots: (sequences,) distinct slots in use.
        x: (m V, F) views of observations.
        encoded: (m V, ...) the same views, encoded.
        positions: the observations, in their order.
        rules: the parameters of a score, and the limits.

    Returns:
        The number of steps that were completed; the number of states that took an observation in these steps; the
        reason for the return; how many columns, nodes or rows the next step needs, or the sequence without a finite
        score.
    """
    beams = state.beams
    index = state.row_index
    shared = index.shared[0]
    beam_size = beams.leaf.shape[1]
    memo = empty_memo(keys_of(len(index.holds), len(slots), shared, rules.views))
    network_rows = 0
    for number in range(len(positions.which)):
        frontier = frontier_of(beams, slots)
        columns = frontier.clusters.shape[1]
        if columns > beams.clusters.shape[1]:
            return number, network_rows, NEEDS_CLUSTERS, columns
        if state.tree.left[0] < len(slots) * beam_size:
            return number, network_rows, NEEDS_NODES, len(slots) * beam_size
        position = position_at(positions, number)
        keys = price(frontier, memo, shared, state.pool.gaussians, x, position, rules)
        if index.left[0] < len(keys):
            return number, network_rows, NEEDS_ROWS, len(keys)
        survivors, moves = continue_best(frontier, memo, rules, position, index, beam_size)
        empty = sequence_without_beam(survivors)
        if empty >= 0:
            free_unheld(moves.new, index)
            return number, network_rows, NO_FINITE_SCORE, empty
        advance_rows(state.pool, moves.rows, moves.new, encoded, moves.which)
        store(survivors, beams, slots, state.tree, index)
        free_unheld(moves.new, index)
        forget(memo, keys)
        network_rows += len(moves.rows)
    return len(positions.which), network_rows, DONE, 0


def take_all(state: SearchState[Any], slots: RowNumbers, window: Window, positions: Positions, rules: Rules) -> int:
    """Take observations as `take_steps` does, and enlarge tables that are full.

    Args:
        state: changed in place; its pool must have a compiled stepper.
        slots: (sequences,) distinct slots in use.
        window: holds the observations.
        positions: the observations, in their order.
        rules: the parameters of a score, and the limits.

    Returns:
        Number of states that took an observation.

    Raises:
        ObservationError: an observation has no finite score; the state is as before this observation.
    """
    x = window.x.numpy()
    encoded = window.encoded.numpy()
    network_rows = 0
    first = 0
    while True:
        rest = positions.part(first, len(positions.which))
        done, moved, reason, number = take_steps(_arrays(state), slots, x, encoded, rest, rules)
        first += done
        network_rows += moved
        if reason == DONE:
            return network_rows
        if reason == NO_FINITE_SCORE:
            raise ObservationError(int(slots[number]), first, TOO_FAR)
        _make_room(state, reason, number)


def _arrays(state: SearchState[Any]) -> SearchArrays:
    pool = state.pool
    assert pool.arrays is not None, "only for a compiled stepper"
    return SearchArrays(state.beams, state.tree, pool.index, pool.arrays)


def _make_room(state: SearchState[Any], reason: int, number: int) -> None:
    if reason == NEEDS_CLUSTERS:
        state.beams = state.beams.with_room(0, number)
    elif reason == NEEDS_NODES:
        state.tree = state.tree.with_room(number)
    else:
        state.pool.reserve(number)
