"""Seconds per training iteration beside uisrnn 0.1.2, with the settings of 0.1.2, in a single run.

    make bench-train

or, with 0.1.2 in a separate folder, because it has the name of this package:

    pip install --no-deps --target .peer uisrnn==0.1.2 colortimelog
    python benchmarks/train.py --peer .peer --out benchmarks/results/train.json

Both libraries train on the same observations in separate processes, in turn. The ratio is the median over pairs of
neighbouring runs, so it holds even if the speed of the machine drifts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine
from report import Row, header, ratio, show, write

# name: (observations of each cluster: least, most), rnn_depth
CASES = {
    "30 to 60 observations a cluster": ((30, 60), 1),
    "60 to 125 observations a cluster": ((60, 125), 1),
    "150 to 300 observations a cluster": ((150, 300), 1),
    "60 to 125 observations, depth 2": ((60, 125), 2),
}
DIM = 256
HIDDEN = 512
CLUSTERS = 20
MODEL = {
    "observation_dim": DIM, "rnn_hidden_size": HIDDEN, "rnn_dropout": 0.2, "transition_bias": 0.2, "crp_alpha": 1.0,
    "sigma2": None, "verbosity": 0, "enable_cuda": False,
}  # fmt: skip
TRAINING = {
    "optimizer": "adam", "learning_rate": 1e-3, "batch_size": 10, "num_permutations": 10, "sigma_alpha": 1.0,
    "sigma_beta": 1.0, "regularization_weight": 1e-5, "grad_max_norm": 5.0, "enforce_cluster_id_uniqueness": True,
}  # fmt: skip


def measure(case: str, iterations: int) -> float:
    """Seconds per iteration with the uisrnn that this process imports."""
    import torch

    import uisrnn

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 -- 0.1.2 draws its batches from it
    (least, most), depth = CASES[case]
    lengths = np.random.default_rng(0).integers(least, most + 1, CLUSTERS)
    observations = np.random.default_rng(1).normal(scale=DIM**-0.5, size=(lengths.sum(), DIM))
    labels = np.repeat([f"speaker_{number}" for number in range(CLUSTERS)], lengths)
    model = uisrnn.UISRNN(Namespace(**MODEL, rnn_depth=depth))
    model.fit_concatenated(observations, labels, Namespace(**TRAINING, train_iteration=3))  # warm up
    start = time.perf_counter()
    model.fit_concatenated(observations, labels, Namespace(**TRAINING, train_iteration=iterations))
    return (time.perf_counter() - start) / iterations


def run(case: str, iterations: int, path: str | None) -> float:
    """The result of `measure` in a new process; `path` is the folder of 0.1.2, or None for this library."""
    environment = dict(os.environ, PYTHONPATH=path) if path else os.environ
    command = [sys.executable, __file__, "--measure", case, "--iterations", str(iterations)]
    return float(
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()[-1]
    )


def compare(case: str, iterations: int, rounds: int, peer: str) -> dict[str, float]:
    """Measure both libraries in turn."""
    ours = []
    theirs = []
    for _ in range(rounds):
        theirs.append(run(case, iterations, peer))
        ours.append(run(case, iterations, None))
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {
        "uisrnn_0_1_2_seconds": statistics.median(theirs),
        "seconds": statistics.median(ours),
        "ratio": statistics.median(ratios),
        "ratio_least": min(ratios),
        "ratio_most": max(ratios),
    }


def row(case: str, figures: dict[str, float]) -> Row:
    """The row of a case."""
    theirs, mine = (f"{1000 * figures[name]:.0f} ms" for name in ("uisrnn_0_1_2_seconds", "seconds"))
    return Row(f"an iteration, {case}", f"uisrnn 0.1.2: {theirs}", mine, ratio(figures, "time", 2))


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each case."""
    return [row(case, figures) for case, figures in results["cases"].items()]


def main() -> None:
    """Measure a case in this process, or compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="folder with uisrnn 0.1.2")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(measure(args.measure, args.iterations))
        return
    if not args.peer or not Path(args.peer, "uisrnn").is_dir():
        parser.error("--peer must be a folder that holds uisrnn 0.1.2")
    results: dict[str, Any] = {"machine": machine(), "iterations": args.iterations, "rounds": args.rounds, "cases": {}}
    print(header())
    for case in CASES:
        figures = results["cases"][case] = compare(case, args.iterations, args.rounds, str(Path(args.peer).resolve()))
        show([row(case, figures)])
    write(results, args.out)


if __name__ == "__main__":
    main()
