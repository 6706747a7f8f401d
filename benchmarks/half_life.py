"""Learning-rate half life for the network only, or for sigma2 too: the number of seeds without an error.

    python benchmarks/half_life.py --out benchmarks/results/half_life.json

The setting is the integration test of uisrnn 0.0.6: four clusters on a square, two layers of 8 units, 200 iterations,
half life 50.
"""

import argparse
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import uisrnn
from machine import machine
from report import Row, header, show, write
from uisrnn.training import generative

CENTERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
CHOICES = ("network only", "all parameters")


def slow_all(optimizer, args, iteration: int) -> float:
    """The other choice: the same falling rate for network, initial hidden state and sigma2."""
    rate = generative.learning_rate(args, iteration)
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def accuracy(seed: int) -> float:
    """The accuracy on 100 observations after training on 1000 shuffled observations in four sequences."""
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


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each choice."""
    accuracies = {f"the half life slows {choice}": results[choice] for choice in CHOICES}
    return [
        Row(case, "", f"{each.count(1.0)} of {len(each)} seeds right, mean {np.mean(each):.3f}")
        for case, each in accuracies.items()
    ]


def main() -> None:
    """Measure both choices for all seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--seeds", type=int, default=16)
    args = parser.parse_args()
    seeds = range(1, args.seeds + 1)
    results: dict[str, Any] = {"machine": machine(), "network only": [accuracy(seed) for seed in seeds]}
    with mock.patch.object(generative, "_set_learning_rate", slow_all):
        results["all parameters"] = [accuracy(seed) for seed in seeds]
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
