"""Streams: microseconds for each observation, and the memory of one that does not end.

    make bench-stream

One stream of single observations, one of blocks of ten, and a pool of 64 streams that are pushed together; then a
soak: one stream over a million observations, with the growth of the process after the first tenth.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

import uisrnn
from train import machine, peak_mb

DIM, CLUSTERS = 256, 5


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


def main() -> None:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--observations", type=int, default=1_000_000, help="of the soak")
    args = parser.parse_args()
    results: dict[str, object] = {"machine": machine(), "microseconds": {}}
    print("| microseconds an observation | hidden 100 | hidden 512 |\n|---|---|---|")
    for name, block, streams in [
        ("one stream, one at a time", 1, 1),
        ("one stream, blocks of 10", 10, 1),
        ("64 streams, one each", 1, 64),
    ]:
        found = results["microseconds"][name] = {hidden: latency(hidden, block, streams) for hidden in (100, 512)}
        print(f"| {name} | {found[100]:.0f} | {found[512]:.0f} |", flush=True)
    long = results["soak"] = soak(args.observations, 100)
    grown = f"the process grew by {long['grown_mb']:.1f} MB"
    print(f"\n{long['observations']} observations in {long['seconds']:.0f} s: {grown}")
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
