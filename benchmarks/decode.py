"""Decoding beside uisrnn 0.1.2, in a single run: the same model file, the same observations, the same labels.

    make bench-decode

or, with 0.1.2 in a separate folder, because it has the name of this package:

    pip install --no-deps --target .peer uisrnn==0.1.2 colortimelog
    python benchmarks/decode.py --peer .peer --out benchmarks/results/decode.json

0.1.2 trains a model on synthetic conversations and saves it. Both libraries decode other conversations of five clusters
with this file, in separate processes, in turn. The ratio is the median over rounds. If 0.1.2 would take hours, it
decodes a part of the observations; the table names this part, and labels are compared on it.

A model is *unsure* after a training of 60 iterations: its beams differ in more observations, so more distinct states
take each observation.

The floor is the time of the floating point operations of all distinct rows (2.36 million per row at D 256 and hidden
512) at the rate of a large sgemm of torch on all cores, measured in the same run.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine, peak_mb
from report import Row, header, ratio, show, write

DIM = 256
CLUSTERS = 5
NOISE = 0.05
ITERATIONS = 300
UNSURE_NOISE = 0.0375
UNSURE_ITERATIONS = 60
CHANGE = 0.2
BEAM_SIZE = 10
TEST_ITERATION = 2


@dataclass(frozen=True)
class Case:
    """Sequences to decode.

    Attributes:
        hidden: units of the GRU.
        sequences: number of sequences.
        length: observations of each sequence.
        look_ahead: of the decoder.
        peer_length: observations of the single sequence that 0.1.2 decodes; 0: 0.1.2 does not run.
        target: the ratio to reach.
        noise: standard deviation of an observation about the centre of its cluster, in each dimension.
        iterations: of the training of the model.
    """

    hidden: int
    sequences: int
    length: int
    look_ahead: int
    peer_length: int
    target: int
    noise: float = NOISE
    iterations: int = ITERATIONS

    @property
    def model_name(self) -> str:
        """The file name of the model; cases with the same name share the model."""
        return f"{self.hidden}-{self.noise}-{self.iterations}.uisrnn"


CASES = {
    "64 sequences x 200, hidden 512": Case(512, 64, 200, 1, 200, 700),
    "1 sequence x 400, hidden 512": Case(512, 1, 400, 1, 400, 200),
    "64 sequences x 200, hidden 100": Case(100, 64, 200, 1, 200, 2000),
    "look_ahead 3, 1 sequence x 30, hidden 512": Case(512, 1, 30, 3, 30, 1000),
    "unsure model, 1 sequence x 400, hidden 512": Case(512, 1, 400, 1, 400, 200, UNSURE_NOISE, UNSURE_ITERATIONS),
    "unsure model, 64 sequences x 200, hidden 512": Case(512, 64, 200, 1, 200, 700, UNSURE_NOISE, UNSURE_ITERATIONS),
    "1 sequence x 20000, hidden 512": Case(512, 1, 20000, 1, 0, 0),
    "1 sequence x 200, hidden 512": Case(512, 1, 200, 1, 0, 0),
}
GROWTH = "long_to_short_seconds_per_observation"
GROWTH_AT_MOST = 1.1
LONG = "1 sequence x 20000, hidden 512"
SHORT = "1 sequence x 200, hidden 512"


def conversations(
    number: int, length: int, seed: int, noise: float = NOISE
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Observations and labels of random sequences; sequences do not share clusters."""
    generator = np.random.default_rng(seed)
    sequences = []
    labels = []
    for _ in range(number):
        centers = generator.standard_normal((CLUSTERS, DIM))
        centers /= np.linalg.norm(centers, axis=1, keepdims=True)
        steps = np.where(generator.random(length) < CHANGE, generator.integers(1, CLUSTERS, length), 0)
        turns = np.cumsum(steps) % CLUSTERS
        observations = centers[turns] + noise * generator.standard_normal((length, DIM))
        sequences.append(observations.astype(np.float32))
        labels.append(turns)
    return sequences, labels


def train(case: Case, path: str, iterations: int) -> None:
    """Train and save the model of a case with the uisrnn that this process imports."""
    import torch

    import uisrnn

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 -- 0.1.2 draws its batches from it
    sequences, labels = conversations(40, 100, seed=1, noise=case.noise)
    names = [[f"{number}_{label}" for label in turns] for number, turns in enumerate(labels)]
    model_args = Namespace(
        observation_dim=DIM, rnn_hidden_size=case.hidden, rnn_depth=1, rnn_dropout=0.0, transition_bias=None,
        crp_alpha=1.0, sigma2=None, verbosity=0, enable_cuda=False,
    )  # fmt: skip
    training_args = Namespace(
        optimizer="adam", learning_rate=1e-3, train_iteration=iterations, batch_size=10, num_permutations=10,
        sigma_alpha=1.0, sigma_beta=1.0, regularization_weight=1e-5, grad_max_norm=5.0,
        enforce_cluster_id_uniqueness=True,
    )  # fmt: skip
    model = uisrnn.UISRNN(model_args)
    model.fit([x.astype(float) for x in sequences], names, training_args)
    model.save(path)


def measure(case: Case, path: str, seed: int, peer: bool) -> dict[str, object]:
    """Seconds, labels and peak memory of decoding with the uisrnn that this process imports."""
    import torch

    import uisrnn

    xs, _ = conversations(case.sequences, case.length, seed, case.noise)
    model = uisrnn.UISRNN(Namespace(
        observation_dim=DIM, rnn_hidden_size=case.hidden, rnn_depth=1, rnn_dropout=0.0, transition_bias=None,
        crp_alpha=1.0, sigma2=None, verbosity=0, enable_cuda=False,
    ))  # fmt: skip
    if peer:  # 0.1.2 does not load its own files with torch 2.6 or later; the file is safe, this run made it
        torch.load = functools.partial(torch.load, weights_only=False)
    model.load(path)
    args = Namespace(beam_size=BEAM_SIZE, look_ahead=case.look_ahead, test_iteration=TEST_ITERATION)
    if peer:
        xs = [xs[0][: case.peer_length].astype(float)]
    model.predict([xs[0][: 2 * case.look_ahead]] * 2, args)  # warm up, and compile
    seconds = []
    for _ in range(1 if peer or case.length > 1000 else 3):
        start = time.perf_counter()
        labels = model.predict(xs, args)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds_per_observation": statistics.median(seconds) / sum(map(len, xs)),
        "first_labels": [int(label) for label in labels[0]],
        "peak_mb": peak_mb(),
    }


def count_rows(case: Case, path: str, seed: int) -> float:
    """The number of distinct pairs of a cluster state and an observation, per observation of a sequence."""
    import uisrnn
    from uisrnn.decoding.search import BeamSearch

    rows: list[int] = []
    steps = BeamSearch.steps

    def counting(*arguments: Any) -> int:
        rows.append(steps(*arguments))
        return rows[-1]

    BeamSearch.steps = counting
    model = uisrnn.UISRNN.from_file(path, uisrnn.ModelArguments(verbosity=0))
    args = uisrnn.InferenceArguments(beam_size=BEAM_SIZE, look_ahead=case.look_ahead, test_iteration=TEST_ITERATION)
    xs, _ = conversations(case.sequences, case.length, seed, case.noise)
    model.predict(xs, args)
    BeamSearch.steps = steps
    return sum(rows) / sum(map(len, xs))


def sgemm_rate() -> float:
    """Floating point operations per second of a large matrix product of torch on all cores."""
    import torch

    rows, weights = torch.randn(512, 512), torch.randn(512, 1536)
    seconds = []
    for _ in range(60):
        start = time.perf_counter()
        torch.mm(rows, weights)
        seconds.append(time.perf_counter() - start)
    return 2 * 512 * 512 * 1536 / statistics.median(seconds[10:])


def in_process(name: str, path: str, seed: int, peer: str | None) -> dict[str, object]:
    """The result of `measure` in a new process; `peer` is the folder of 0.1.2, or None for this library."""
    environment = dict(os.environ, PYTHONPATH=peer) if peer else dict(os.environ)
    command = [sys.executable, __file__, "--measure", name, "--model", path, "--seed", str(seed)]
    done = subprocess.run(
        command + ["--as_peer"] * bool(peer), env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def renumber(labels: list[int]) -> list[int]:
    """The labels numbered by first appearance; the labels of 0.1.2 have gaps."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]


def compare(name: str, case: Case, path: str, rounds: int, peer: str) -> dict[str, object]:
    """Measure both libraries in turn."""
    rate = sgemm_rate()
    ours = []
    theirs = []
    equal = []
    for seed in range(100, 100 + rounds):
        if case.peer_length:
            theirs.append(in_process(name, path, seed, peer))
        ours.append(in_process(name, path, seed, None))
        if case.peer_length:
            labels = ours[-1]["first_labels"][: case.peer_length]
            equal.append(labels == renumber(theirs[-1]["first_labels"]))
    per_row = 2 * (4 * case.hidden**2 + DIM * case.hidden)
    rows = count_rows(case, path, 100)
    seconds = statistics.median(run["seconds_per_observation"] for run in ours)
    row: dict[str, object] = {
        "observations_per_second": 1 / seconds,
        "rows_per_observation": rows,
        "sgemm_gflops": (rate + sgemm_rate()) / 2e9,
        "peak_mb": max(run["peak_mb"] for run in ours),
    }
    row["share_of_floor"] = rows * per_row / (row["sgemm_gflops"] * 1e9) / seconds
    if theirs:
        ratios = [
            other["seconds_per_observation"] / mine["seconds_per_observation"]
            for mine, other in zip(ours, theirs, strict=True)
        ]
        row |= {
            "uisrnn_0_1_2": {
                "sequences": 1,
                "length": case.peer_length,
                "observations_per_second": 1 / statistics.median(run["seconds_per_observation"] for run in theirs),
                "peak_mb": max(run["peak_mb"] for run in theirs),
            },
            "ratio": statistics.median(ratios),
            "ratio_least": min(ratios),
            "ratio_most": max(ratios),
            "target": case.target,
            "same_labels": f"{sum(equal)} of {len(equal)}",
        }
    return row


def row_of(name: str, figures: dict[str, Any]) -> Row:
    """The row of a case."""
    here = f"{figures['observations_per_second']:.0f} observations/s, {figures['peak_mb']:.0f} MB"
    here += f", {100 * figures['share_of_floor']:.0f} % of the floor"
    if "uisrnn_0_1_2" not in figures:
        return Row(name, "", here)
    theirs = figures["uisrnn_0_1_2"]
    peer = f"uisrnn 0.1.2 on {theirs['sequences']} x {theirs['length']}: "
    peer += f"{theirs['observations_per_second']:.1f} observations/s, {theirs['peak_mb']:.0f} MB"
    here += f", same labels in {figures['same_labels']}"
    return Row(name, peer, here, ratio(figures, "speed", 0), f"at least {figures['target']}")


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each case, and a row for the growth of the time per observation with the length if it was measured."""
    table = [row_of(name, figures) for name, figures in results["cases"].items()]
    if GROWTH in results:
        case = "time an observation, 20000 against 200 in a sequence"
        table.append(Row(case, "", f"{results[GROWTH]:.2f}", "", f"at most {GROWTH_AT_MOST}"))
    return table


def main() -> None:
    """Measure a case in this process, or compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="folder with uisrnn 0.1.2")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--train_iteration", type=int, help="of all models, instead of the numbers of the cases")
    parser.add_argument("--only", default="", help="only cases whose name contains this text")
    for internal in ("--measure", "--train", "--model", "--seed"):
        parser.add_argument(internal, help=argparse.SUPPRESS)
    parser.add_argument("--as_peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train:
        train(CASES[args.train], args.model, args.train_iteration)
        return
    if args.measure:
        print(json.dumps(measure(CASES[args.measure], args.model, int(args.seed), args.as_peer)))
        return
    if not args.peer or not Path(args.peer, "uisrnn").is_dir():
        parser.error("--peer must be a folder that holds uisrnn 0.1.2")
    peer = str(Path(args.peer).resolve())
    results: dict[str, Any] = {"machine": machine(), "rounds": args.rounds, "cases": {}}
    cases = {name: case for name, case in CASES.items() if args.only in name}
    print(header())
    with tempfile.TemporaryDirectory() as folder:
        for name, case in {case.model_name: (name, case) for name, case in cases.items()}.values():
            command = [sys.executable, __file__, "--train", name, "--model", f"{folder}/{case.model_name}"]
            command += ["--train_iteration", str(args.train_iteration or case.iterations)]
            subprocess.run(command, env=dict(os.environ, PYTHONPATH=peer), check=True, stderr=subprocess.DEVNULL)
        for name, case in cases.items():
            rounds = args.rounds if case.peer_length else 1
            figures = compare(name, case, f"{folder}/{case.model_name}", rounds, peer)
            results["cases"][name] = figures
            show([row_of(name, figures)])
    if {LONG, SHORT} <= cases.keys():
        long, short = (results["cases"][name]["observations_per_second"] for name in (LONG, SHORT))
        results[GROWTH] = short / long
        show(rows(results)[-1:])
    write(results, args.out)


if __name__ == "__main__":
    main()
