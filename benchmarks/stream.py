"""Streams: microseconds for each observation, and the memory of one that does not end.

    make bench-stream

One stream of single observations, one of blocks of ten, and a pool of 64 streams that are pushed together; then a
soak: one stream over a million observations, with the growth of the process after the first tenth.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

import uisrnn
from machine import machine, peak_mb
from report import Row, header, show, write

DIM, CLUSTERS = 256, 5
GROWN_AT_MOST = 20  # MB


def centers(generator: np.random.Generator) -> np.ndarray:
    """Random directions."""
    directions = generator.standard_normal((CLUSTERS, DIM))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def observations(number: int, generator: np.random.Generator, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A stretch of a conversation, and its labels."""
    turns = np.cumsum(np.where(generator.random(number) < 0.2, generator.integers(1, CLUSTERS, number), 0)) % CLUSTERS
    return (means[turns] + 0.05 * generator.standard_normal((number, DIM))).astype(np.float32), turns


def model(hidden: int) -> uisrnn.UISRNN:
    """A model trained on other conversations."""
    generator = np.random.default_rng(1)
    sequences, labels = zip(*(observations(100, generator, centers(generator)) for _ in range(40)), strict=True)
    args = uisrnn.ModelArguments(observation_dim=DIM, rnn_hidden_size=hidden, verbosity=1, seed=0)
    trained = uisrnn.UISRNN(args)
    trained.fit(list(sequences), list(labels), uisrnn.TrainingArguments(train_iteration=150))
    return trained


def latency(hidden: int, block: int, streams: int) -> float:
    """Median microseconds an observation."""
    generator = np.random.default_rng(0)
    means = centers(generator)
    pool = uisrnn.StreamPool(model(hidden), uisrnn.InferenceArguments(commit_lag=100))
    seconds = []
    for _ in range(400):
        pushed = {name: observations(block, generator, means)[0] for name in range(streams)}
        start = time.perf_counter()
        pool.push(pushed)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[50:]) / (block * streams) * 1e6


def soak(number: int, block: int) -> dict[str, float]:
    """Growth of the process over a long stream."""
    generator = np.random.default_rng(0)
    means = centers(generator)
    stream = model(64).stream(uisrnn.InferenceArguments(commit_lag=100))
    final, start = 0, time.perf_counter()
    for at in range(0, number, block):
        final += len(stream.push(observations(block, generator, means)[0]).final)
        if at == number // 10:
            warm = peak_mb()
    final += len(stream.flush().final)
    assert final == number
    grown = peak_mb() - warm
    return {"observations": number, "seconds": time.perf_counter() - start, "grown_mb": grown}


def latencies(name: str, found: dict[int, float]) -> list[Row]:
    """Of one way to push, with networks of several sizes."""
    return [Row(f"{name}, hidden {hidden}", "", f"{one:.0f} µs an observation") for hidden, one in found.items()]


def rows(results: dict[str, Any]) -> list[Row]:
    """One a way to push and hidden size, and the soak."""
    all_latencies = [row for name, found in results["microseconds"].items() for row in latencies(name, found)]
    soak = results["soak"]
    grown = f"the process grew by {soak['grown_mb']:.1f} MB in {soak['seconds']:.0f} s"
    return [*all_latencies, Row(f"{soak['observations']} observations", "", grown, "", f"less than {GROWN_AT_MOST} MB")]


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--observations", type=int, default=1_000_000, help="of the soak")
    args = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "microseconds": {}}
    print(header())
    for name, block, streams in [
        ("one stream, one at a time", 1, 1),
        ("one stream, blocks of 10", 10, 1),
        ("64 streams, one each", 1, 64),
    ]:
        found = results["microseconds"][name] = {hidden: latency(hidden, block, streams) for hidden in (100, 512)}
        show(latencies(name, found))
    results["soak"] = soak(args.observations, 100)
    show(rows(results)[-1:])
    write(results, args.out)


if __name__ == "__main__":
    main()
