"""Seconds per training iteration beside uisrnn 0.1.2, at its own settings, in one run.

    make bench-train

or, with 0.1.2 in a folder of its own (it has the name of this package):

    pip install --no-deps --target .peer uisrnn==0.1.2 colortimelog
    python benchmarks/train.py --peer .peer --out benchmarks/results/train.json

Both libraries train on the same observations in processes of their own, in turn; the ratio is the median over pairs of
neighbouring runs, so that it holds when the machine's speed drifts.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import numpy as np

# name: (observations of each cluster: least, most), rnn_depth
CASES = {
    "30 to 60 observations a cluster": ((30, 60), 1),
    "60 to 125 observations a cluster": ((60, 125), 1),
    "150 to 300 observations a cluster": ((150, 300), 1),
    "60 to 125 observations, depth 2": ((60, 125), 2),
}
DIM, HIDDEN, CLUSTERS = 256, 512, 20
MODEL = {
    "observation_dim": DIM, "rnn_hidden_size": HIDDEN, "rnn_dropout": 0.2, "transition_bias": 0.2, "crp_alpha": 1.0,
    "sigma2": None, "verbosity": 0, "enable_cuda": False,
}  # fmt: skip
TRAINING = {
    "optimizer": "adam", "learning_rate": 1e-3, "batch_size": 10, "num_permutations": 10, "sigma_alpha": 1.0,
    "sigma_beta": 1.0, "regularization_weight": 1e-5, "grad_max_norm": 5.0, "enforce_cluster_id_uniqueness": True,
}  # fmt: skip


def measure(case: str, iterations: int) -> float:
    """Seconds per iteration of whichever uisrnn this process imports."""
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
    """`measure` in a new process; `path` leads to 0.1.2."""
    environment = dict(os.environ, PYTHONPATH=path) if path else os.environ
    command = [sys.executable, __file__, "--measure", case, "--iterations", str(iterations)]
    return float(
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()[-1]
    )


def compare(case: str, iterations: int, rounds: int, peer: str) -> dict[str, float]:
    """Both libraries in turn."""
    ours, theirs = [], []
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


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    import torch

    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    commit = subprocess.run(
        describe, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    ).stdout.strip()
    return {
        "cpu": cpu.partition(": ")[2], "cores": os.cpu_count(), "python": platform.python_version(),
        "torch": torch.__version__, "numpy": np.__version__, "commit": commit,
    }  # fmt: skip


def peak_mb() -> float:
    """Most memory that this process held at a time, from Linux, which starts anew at each exec."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> None:
    """Measure one case in this process, or compare all of them."""
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
    results = {"machine": machine(), "iterations": args.iterations, "rounds": args.rounds, "cases": {}}
    print("| D 256, hidden 512, batch 10 | 0.1.2, ms | here, ms | ratio (least to most) |\n|---|---|---|---|")
    for case in CASES:
        row = results["cases"][case] = compare(case, args.iterations, args.rounds, str(Path(args.peer).resolve()))
        print(
            f"| {case} | {1000 * row['uisrnn_0_1_2_seconds']:.0f} | {1000 * row['seconds']:.0f} "
            f"| {row['ratio']:.2f} ({row['ratio_least']:.2f} to {row['ratio_most']:.2f}) |",
            flush=True,
        )
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
