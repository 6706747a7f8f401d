"""Four clusters on the corners of a square: the integration test of uisrnn, with how many seeds is every label right?

    python benchmarks/corners.py --peer .peer --out benchmarks/results/corners.json

with uisrnn 0.1.2 in a folder of its own (it has the name of this package):

    pip install --no-deps --target .peer uisrnn==0.1.2 colortimelog

The setting comes from the integration test of 0.1.2: 1000 labels in random order, uniform noise of 0.01, four
sequences, two layers of 8 units, 200 iterations. The test of 0.0.6 also has a half life of 50 iterations for the
learning rate. As in these tests, each seed sets the generators of random, numpy and torch.
"""

import argparse
import os
import random
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine
from report import Row, header, show, write

CENTERS = {"A": (0.0, 0.0), "B": (0.0, 1.0), "C": (1.0, 0.0), "D": (1.0, 1.0)}
CUTS = [100, 300, 600]
HALF_LIVES = {"without half life": 0, "half life 50": 50}
PEER = "uisrnn 0.1.2"
MODEL = {
    "observation_dim": 2, "rnn_hidden_size": 8, "rnn_depth": 2, "rnn_dropout": 0.2, "transition_bias": None,
    "crp_alpha": 1.0, "sigma2": None, "verbosity": 0,
}  # fmt: skip
TRAINING = {
    "optimizer": "adam", "learning_rate": 0.01, "train_iteration": 200, "batch_size": 10, "num_permutations": 10,
    "sigma_alpha": 1.0, "sigma_beta": 1.0, "regularization_weight": 1e-5, "grad_max_norm": 5.0,
    "enforce_cluster_id_uniqueness": False,
}  # fmt: skip
INFERENCE = {"beam_size": 10, "look_ahead": 1, "test_iteration": 2}


def shuffled(numbers: list[int]) -> tuple[np.ndarray, list[str]]:
    """Labels in random order and their observations, from the generators of random and numpy."""
    labels = [label for label, number in zip(CENTERS, numbers, strict=True) for _ in range(number)]
    random.shuffle(labels)
    noise = np.random.rand(len(labels), 2)  # noqa: NPY002 -- as in the test
    return np.array([CENTERS[label] for label in labels]) + 0.01 * noise, labels


def accuracy(seed: int, half_life: int, device: str = "cpu") -> float:
    """Train and predict on a device with whichever uisrnn this process imports."""
    import torch

    import uisrnn

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 -- as in the test
    torch.manual_seed(seed)
    x, labels = shuffled([400, 300, 200, 100])
    test_x, test_labels = shuffled([10, 20, 30, 40])
    model = uisrnn.UISRNN(Namespace(**MODEL, enable_cuda=device != "cpu", device=device))
    parts = [labels[first:last] for first, last in zip([0, *CUTS], [*CUTS, None], strict=True)]
    model.fit(np.split(x, CUTS), parts, Namespace(**TRAINING, learning_rate_half_life=half_life))
    predicted = model.predict(test_x, Namespace(**INFERENCE))
    return float(uisrnn.compute_sequence_match_accuracy([str(int(label)) for label in predicted], test_labels))


def measure(seeds: int, half_life: int, path: str | None, device: str = "cpu") -> list[float]:
    """The accuracy with each seed, in a new process; `path` leads to 0.1.2."""
    environment = dict(os.environ, PYTHONPATH=path) if path else os.environ
    command = [sys.executable, __file__, "--measure", str(half_life), "--seeds", str(seeds), "--device", device]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [float(text) for text in done.stdout.split()]


def count(accuracies: list[float]) -> str:
    """As in "31 of 32 seeds right, mean 0.997"."""
    return f"{accuracies.count(1.0)} of {len(accuracies)} seeds right, mean {np.mean(accuracies):.3f}"


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each setting."""
    return [
        Row(case, f"{PEER}: {count(accuracies['uisrnn_0_1_2'])}" if "uisrnn_0_1_2" in accuracies else "",
            count(accuracies["here"]))
        for case, accuracies in results["cases"].items()
    ]  # fmt: skip


def main() -> None:
    """Measure one setting in this process, or count the right seeds of both libraries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="folder with uisrnn 0.1.2")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--seeds", type=int, default=32, help="seeds 0, 1, ... of this library")
    parser.add_argument("--peer-seeds", type=int, default=8, help="seeds 0, 1, ... of 0.1.2, which is slow")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"), help="device of both libraries")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure is not None:
        for seed in range(args.seeds):
            print(accuracy(seed, args.measure, args.device), flush=True)
        return
    if not args.peer or not Path(args.peer, "uisrnn").is_dir():
        parser.error("--peer must be a folder that holds uisrnn 0.1.2")
    results: dict[str, Any] = {"machine": machine(), "cases": {}}
    for case, half_life in HALF_LIVES.items():
        results["cases"][case] = {"here": measure(args.seeds, half_life, None, args.device)}
        if not half_life:
            peer = str(Path(args.peer).resolve())
            results["cases"][case]["uisrnn_0_1_2"] = measure(args.peer_seeds, half_life, peer, args.device)
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
