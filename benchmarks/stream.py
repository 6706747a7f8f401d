"""Streams: microseconds per observation, and the growth of memory over a very long stream.

    make bench-stream

The script measures a stream of single observations, a stream of blocks of ten observations, and a pool of 64 streams
that are pushed together. Then it measures the growth of the process over a stream of a million observations, after the
first tenth.
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

DIM = 256
CLUSTERS = 5
GROWN_AT_MOST = 20  # MB


def centers(generator: np.random.Generator) -> np.ndarray:
    """Random vectors of length 1, the centers of clusters."""
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
    """Median microseconds per observation."""
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
    final = 0
    start = time.perf_counter()
    for pushed in range(0, number, block):
        final += len(stream.push(observations(block, generator, means)[0]).final)
        if pushed == number // 10:
            peak_after_tenth = peak_mb()
    final += len(stream.flush().final)
    assert final == number
    grown = peak_mb() - peak_after_tenth
    return {"observations": number, "seconds": time.perf_counter() - start, "grown_mb": grown}


def latencies(name: str, times: dict[int, float]) -> list[Row]:
    """The rows of a way to push, for each size of the network."""
    return [Row(f"{name}, hidden {hidden}", "", f"{time:.0f} µs an observation") for hidden, time in times.items()]


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each way to push and each hidden size, and a row for the long stream."""
    all_latencies = [row for name, times in results["microseconds"].items() for row in latencies(name, times)]
    soak = results["soak"]
    grown = f"the process grew by {soak['grown_mb']:.1f} MB in {soak['seconds']:.0f} s"
    return [*all_latencies, Row(f"{soak['observations']} observations", "", grown, "", f"less than {GROWN_AT_MOST} MB")]


def main() -> None:
    """Measure all streams."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--observations", type=int, default=1_000_000, help="of the long stream")
    args = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "microseconds": {}}
    print(header())
    for name, block, streams in [
        ("one stream, one at a time", 1, 1),
        ("one stream, blocks of 10", 10, 1),
        ("64 streams, one each", 1, 64),
    ]:
        times = results["microseconds"][name] = {hidden: latency(hidden, block, streams) for hidden in (100, 512)}
        show(latencies(name, times))
    results["soak"] = soak(args.observations, 100)
    show(rows(results)[-1:])
    write(results, args.out)


if __name__ == "__main__":
    main()
