"""Should the learning-rate half life slow sigma2 too? Four clusters on a square, decoded right by how many seeds.

    python benchmarks/half_life.py --out benchmarks/results/half_life.json

The setting is that of the integration test of uisrnn 0.0.6: two layers of 8 units, 200 iterations, half life 50.
"""

import argparse
import json
from pathlib import Path
from unittest import mock

import numpy as np

import uisrnn
from train import machine
from uisrnn.training import loop

CENTERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
SEEDS = range(1, 17)


def slow_all(optimizer, args, iteration: int) -> float:
    """The other choice: one falling rate for network, initial hidden state and sigma2."""
    rate = loop.learning_rate(args, iteration)
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def accuracy(seed: int) -> float:
    """Train on 1000 shuffled observations in four sequences, predict 100 others."""
    generator = np.random.default_rng(seed)

    def shuffled(counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
        labels = generator.permutation(np.repeat(np.arange(4), counts))
        return CENTERS[labels] + 0.01 * generator.random((len(labels), 2)), labels

    (x, labels), (test_x, test_labels) = shuffled([400, 300, 200, 100]), shuffled([10, 20, 30, 40])
    cuts = [100, 300, 600]
    model = uisrnn.UISRNN(
        uisrnn.ModelArguments(observation_dim=2, rnn_hidden_size=8, rnn_depth=2, verbosity=0, seed=seed)
    )
    args = uisrnn.TrainingArguments(
        learning_rate=0.01, learning_rate_half_life=50, train_iteration=200, enforce_cluster_id_uniqueness=False
    )
    model.fit(np.split(x, cuts), np.split(labels, cuts), args)
    return uisrnn.compute_sequence_match_accuracy(test_labels, model.predict(test_x))


def main() -> None:
    """Count seeds with accuracy 1 for both choices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    out = parser.parse_args().out
    results = {"machine": machine(), "network only": [accuracy(seed) for seed in SEEDS]}
    with mock.patch.object(loop, "_set_learning_rate", slow_all):
        results["all parameters"] = [accuracy(seed) for seed in SEEDS]
    for choice in ("network only", "all parameters"):
        right = sum(one == 1.0 for one in results[choice])
        print(f"half life slows {choice}: {right} of {len(SEEDS)} seeds right, mean {np.mean(results[choice]):.3f}")
    if out:
        out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
