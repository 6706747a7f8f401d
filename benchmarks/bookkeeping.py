"""A step of the beam search without the network: microseconds of compiled loops, vectorised NumPy and torch.

    make bench-parts

*Choosing*: from block counts, scores and costs of the clusters to the label prior, the score of every candidate, the
best ten candidates and their tables. The compiled loops also find the distinct states that move and give them rows, as
the decoder needs it; the other versions do not. *Costs*: Eq. (11) for 21 distinct states, as in a typical sequence,
with D 256.

The script checks that all three versions compute the same numbers.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from machine import machine
from report import Row, header, show, write
from uisrnn.compiled import compiled
from uisrnn.decoding.beams import Beams
from uisrnn.decoding.candidates import continue_best
from uisrnn.decoding.frontier import UNLIMITED, Limits, Position, Rules, empty_memo, frontier_of
from uisrnn.decoding.pool import Gaussians, RowIndex, gaussian_cost
from uisrnn.model.groups import PRESENT
from uisrnn.model.label_prior import PriorWeights

BEAMS = 10
CLUSTERS = 5
COLUMNS = 8
STATES = 21
DIM = 256
SEQUENCES = (1, 8, 64)
LOOPS = "compiled loops (numba)"
OTHERS = ("vectorised NumPy", "torch")
PRIOR = PriorWeights(change=0.2, spread=0.0, crp_alpha=1.0, current_share=0.0)


class Compiled:
    """The decoder's own loops."""

    def __init__(self, tables: dict[str, np.ndarray]) -> None:
        sequences = len(tables["score"])
        self.beams = Beams.empty(sequences, BEAMS, COLUMNS)
        self.beams.number[:], self.beams.labelings["clusters"] = BEAMS, CLUSTERS
        self.beams.labelings["score"] = tables["score"].ravel()
        beams = np.arange(self.beams.leaf.size)
        self.beams.clusters["mark"][beams, tables["last"].ravel()] = PRESENT
        for name, table in (("count", "counts"), ("row", "rows")):
            self.beams.clusters[name] = tables[table].reshape(self.beams.clusters.shape)
        capacity = sequences * (CLUSTERS * BEAMS + BEAMS) + 1
        self.cost, self.capacity = tables["cost"], capacity
        self.slots, restarts = np.arange(sequences), np.zeros(sequences, dtype=bool)
        self.position = Position(self.slots, restarts, restarts, np.full(sequences, UNLIMITED, dtype=np.int32))
        self.keys = np.concatenate([tables["rows"][:, :, :CLUSTERS].ravel() + sequences, self.slots])

    def step(self) -> np.ndarray:
        """The scores of the ten best candidates of each sequence."""
        sequences = len(self.slots)
        memo = empty_memo(self.capacity + sequences)
        memo.cost[self.keys] = self.cost
        free = np.arange(self.capacity, dtype=np.int32)
        index = RowIndex(np.zeros_like(free), free, np.full_like(free[:1], self.capacity), np.ones_like(free[:1]))
        frontier = frontier_of(self.beams, self.slots)
        child, _moves = continue_best(frontier, memo, Rules(PRIOR, Limits(), 1.0), self.position, index, BEAMS)
        return child.labelings["score"].reshape(sequences, BEAMS)


class Vectorised:
    """The same computation over whole tables, with NumPy or torch."""

    def __init__(self, tables: dict[str, np.ndarray], library: object, tensor: Callable[[np.ndarray], object]) -> None:
        sequences = len(tables["score"])
        cost = np.full((sequences, BEAMS, COLUMNS), np.inf)
        known = sequences * BEAMS * CLUSTERS
        cost[:, :, :CLUSTERS] = tables["cost"][:known].reshape(sequences, BEAMS, CLUSTERS)
        cost[:, :, CLUSTERS] = tables["cost"][known:, None]
        self.arrays_of = library
        self.score, self.last, self.cost, self.counts, self.rows = (
            tensor(table)
            for table in (
                tables["score"],
                tables["last"].astype(np.int64),
                cost,
                tables["counts"] * 1.0,
                tables["rows"],
            )
        )
        grid = np.meshgrid(np.arange(sequences), np.arange(BEAMS), indexing="ij")
        self.sequence, self.beam = (tensor(axis) for axis in grid)

    def step(self) -> np.ndarray:
        """The scores of the ten best candidates of each sequence."""
        library, sequence, beam, last = self.arrays_of, self.sequence, self.beam, self.last
        others = self.counts.sum(-1) - self.counts[sequence, beam, last]
        weights = self.counts + 0.0
        weights[:, :, CLUSTERS] = PRIOR.crp_alpha
        log_probs = np.log(PRIOR.change) + library.log(weights) - library.log(others + PRIOR.crp_alpha)[:, :, None]
        log_probs[sequence, beam, last] = np.log(1 - PRIOR.change)
        candidates = (self.score[:, :, None] - log_probs + self.cost).reshape(len(self.score), -1)
        if library is torch:
            score, best = candidates.topk(BEAMS, largest=False)
        else:
            best = np.argsort(candidates, axis=1, kind="stable")[:, :BEAMS]
            score = np.take_along_axis(candidates, best, axis=1)
        parent, label = best // COLUMNS, best % COLUMNS
        counts, rows = self.counts[sequence, parent], self.rows[sequence, parent]
        counts[sequence, beam, label] += label != last[sequence, parent]
        rows[sequence, beam, label] = -1
        return np.asarray(score)


def costs(sequences: int) -> dict[str, Callable[[], np.ndarray]]:
    """Three functions that compute -log N(x; mean, variance) for the states of each sequence."""
    generator = np.random.default_rng(0)
    capacity = 2 * sequences * STATES
    x, mean = (generator.normal(size=(number, DIM)).astype(np.float32) for number in (sequences, capacity))
    precision, normaliser = np.full((1, DIM), 2.0, dtype=np.float32), np.zeros(1)
    rows = generator.permutation(capacity)[: sequences * STATES]
    which = np.repeat(np.arange(sequences), STATES)
    tensors = [torch.from_numpy(array) for array in (x, mean, precision, rows, which)]

    def vectorised() -> np.ndarray:
        return 0.5 * ((x[which] - mean[rows]) ** 2 * precision).sum(axis=1)

    def with_torch() -> np.ndarray:
        x_, mean_, precision_, rows_, which_ = tensors
        return (0.5 * ((x_[which_] - mean_[rows_]).square_().mul_(precision_)).sum(dim=1)).numpy()

    gaussians = Gaussians(mean, precision, normaliser)
    return {
        LOOPS: lambda: _compiled_costs(gaussians, rows, x, which),
        "vectorised NumPy": vectorised,
        "torch": with_torch,
    }


@compiled
def _compiled_costs(gaussians: Gaussians, rows: np.ndarray, x: np.ndarray, which: np.ndarray) -> np.ndarray:
    result = np.empty(len(rows))
    for pair in range(len(rows)):
        result[pair] = gaussian_cost(gaussians, rows[pair], x, which[pair])
    return result


def tables_of(sequences: int) -> dict[str, np.ndarray]:
    """Random beams of conversations with five clusters."""
    generator = np.random.default_rng(0)
    beam = (sequences, BEAMS)
    counts = np.zeros((*beam, COLUMNS), dtype=np.int32)
    counts[:, :, :CLUSTERS] = generator.integers(1, 30, (*beam, CLUSTERS))
    rows = np.zeros((*beam, COLUMNS), dtype=np.int32)
    rows[:, :, :CLUSTERS] = 1 + np.arange(sequences * BEAMS * CLUSTERS).reshape(*beam, CLUSTERS)
    return {
        "score": np.sort(generator.normal(size=beam) * 50, axis=1),
        "last": generator.integers(0, CLUSTERS, beam).astype(np.int32),
        "counts": counts,
        "rows": rows,
        "cost": generator.gamma(2, 100, sequences * (BEAMS * CLUSTERS + 1)),
    }


def microseconds(work: Callable[[], object]) -> float:
    """The median of five averages, each over 200 calls."""
    work()
    averages = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(200):
            work()
        averages.append((time.perf_counter() - start) / 200)
    return statistics.median(averages) * 1e6


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each part of the step."""
    return [row(part, results) for part in ("choosing", "costs")]


def row(part: str, results: dict[str, Any]) -> Row:
    """The row of a part, with all numbers of sequences."""
    figures = {
        way: ", ".join(f"{value:.0f}" for value in results[f"{part}, {way}"].values()) + " µs"
        for way in (LOOPS, *OTHERS)
    }
    sequences = ", ".join(map(str, results[f"{part}, {LOOPS}"]))
    peers = "; ".join(f"{way}: {figures[way]}" for way in OTHERS)
    return Row(f"{part}, a step of {sequences} sequences", peers, f"{LOOPS}: {figures[LOOPS]}")


def main() -> None:
    """Compare all versions, for 1 sequence and for several sequences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    args = parser.parse_args()
    torch.set_num_threads(1)
    np.seterr(divide="ignore")
    ways = {
        LOOPS: Compiled,
        "vectorised NumPy": lambda tables: Vectorised(tables, np, np.asarray),
        "torch": lambda tables: Vectorised(tables, torch, torch.from_numpy),
    }
    parts = {
        "choosing": lambda name, number: ways[name](tables_of(number)).step,
        "costs": lambda name, number: costs(number)[name],
    }
    results: dict[str, Any] = {"machine": machine()}
    print(header())
    for part, work in parts.items():
        for name in ways:
            times = results[f"{part}, {name}"] = {}
            for number in SEQUENCES:
                step = work(name, number)
                np.testing.assert_allclose(step(), work("vectorised NumPy", number)(), rtol=1e-4)
                times[number] = microseconds(step)
        show([row(part, results)])
    write(results, args.out)


if __name__ == "__main__":
    main()
