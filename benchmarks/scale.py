"""Observations a second of prediction by one and by two workers of a Ray cluster on this machine, and by one process.

    make bench-scale

or `python benchmarks/scale.py --out benchmarks/results/scale.json`. A dataset of Parquet shards is made, with
sequences of an hour each, and labelled by the model that comes with the package: by `UISRNN.predict` in one process on
one core, with reading, and by `uisrnn.distributed.predict`. All must find the same labels. They take turns in each
round; ratios are medians over rounds. A worker has one core. What it takes until workers are ready is measured with a
dataset of nearly nothing in the same round, and told apart from the work.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from machine import machine, peak_mb
from report import Row, header, show, write

DIM, VOICES, BATCH = 256, 4, 8
HOUR = 9000  # observations, one in 0.4 seconds
WORKERS = (1, 2)
TARGET = 1.8


def make(folder: Path, sequences: int, length: int, shards: int) -> None:
    """A dataset of conversations, shard by shard."""
    import uisrnn

    folder.mkdir()
    for shard in range(shards):
        numbers = range(shard, sequences, shards)
        made = [conversation(number, length) for number in numbers]
        named = [uisrnn.LabeledSequence(x, name=f"hour{number}") for number, x in zip(numbers, made, strict=True)]
        if named:
            uisrnn.save_sequences(folder / f"{shard:03d}.parquet", named)


def conversation(number: int, length: int) -> np.ndarray:
    """Observations of unit length about a few voices, which take turns."""
    rng = np.random.default_rng(number)
    voices = rng.normal(scale=DIM**-0.5, size=(VOICES, DIM))
    turns = np.cumsum(rng.random(length) < 0.1)
    labels = rng.integers(0, VOICES, turns[-1] + 1)[turns]
    x = voices[labels] + rng.normal(scale=0.3 * DIM**-0.5, size=(length, DIM))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def in_one_process(folder: str) -> dict[str, Any]:
    """What one process takes, on one core, from files to labels."""
    import torch

    import uisrnn

    torch.set_num_threads(1)
    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0, device="cpu"))
    model.predict(conversation(0, 20))  # compile
    start = time.perf_counter()
    sequences = uisrnn.load_sequences(folder)
    read = time.perf_counter()
    labels = model.predict(sequences)
    end = time.perf_counter()
    return {
        "seconds": end - start, "reading_seconds": read - start, "peak_mb": peak_mb(),
        "labels": {one.name: found for one, found in zip(sequences, labels, strict=True)},
    }  # fmt: skip


def on_cluster(folder: str, workers: int) -> dict[str, Any]:
    """What a cluster takes, with its start and without."""
    import uisrnn
    from uisrnn.distributed import connect, predict

    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0, device="cpu"))
    start = time.perf_counter()
    with connect(None, workers):
        predict(f"{folder}-tiny", model, batch_size=1)  # what Ray does once for a process
        connected = time.perf_counter()
        predict(f"{folder}-tiny", model, batch_size=1)
        tiny = time.perf_counter()
        found = predict(folder, model, batch_size=BATCH)
        end = time.perf_counter()
    return {
        "seconds": (end - tiny) - (tiny - connected), "start_seconds": connected - start, "peak_mb": peak_mb(),
        "labels": dict(zip(found.names, found.labels or [], strict=True)),
    }  # fmt: skip


def run(what: str, folder: Path) -> dict[str, Any]:
    """One of them in a new process: `what` is a number of workers, 0 for none."""
    command = [sys.executable, __file__, "--measure", what, "--data", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(folder: Path, rounds: int) -> dict[str, Any]:
    """All of them in turn.

    Raises:
        RuntimeError: labels differ.
    """
    taken: dict[str, list[dict[str, Any]]] = {str(number): [] for number in (0, *WORKERS)}
    for _ in range(rounds):
        each = {what: run(what, folder) for what in taken}
        labels = [one.pop("labels") for one in each.values()]
        if any(one != labels[0] for one in labels):
            raise RuntimeError("labels of the cluster differ from those of one process")
        for what, one in each.items():
            taken[what].append(one)
    pairs = zip(taken["1"], taken["2"], strict=True)
    ratios = [one["seconds"] / two["seconds"] for one, two in pairs]
    with_start = [
        (one["seconds"] + one["start_seconds"]) / (two["seconds"] + two["start_seconds"])
        for one, two in zip(taken["1"], taken["2"], strict=True)
    ]
    return {
        "one_process": medians(taken["0"]),
        **{f"workers_{number}": medians(taken[str(number)]) for number in WORKERS},
        "ratio": statistics.median(ratios),
        "ratio_least": min(ratios),
        "ratio_most": max(ratios),
        "ratio_with_start": statistics.median(with_start),
    }


def medians(taken: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure over rounds."""
    return {name: statistics.median(one[name] for one in taken) for name in taken[0]}


def rows(results: dict[str, Any]) -> list[Row]:
    """A process and one worker, and one worker and two."""
    found, observations = results["prediction"], results["observations"]

    def speed(what: str) -> str:
        return f"{observations / found[what]['seconds']:.0f} a second"

    start = f"start of workers {found['workers_2']['start_seconds']:.1f} s apart"
    least, most = found["ratio_least"], found["ratio_most"]
    against = found["one_process"]["seconds"] / found["workers_1"]["seconds"]
    return [
        Row(
            f"prediction, observations, {start}", f"one process, one core: {speed('one_process')}",
            f"one worker: {speed('workers_1')}", f"{against:.2f} x the speed",
        ),
        Row(
            f"prediction from 1 to 2 workers, with their start {found['ratio_with_start']:.2f} x",
            f"one worker: {speed('workers_1')}", f"two workers: {speed('workers_2')}",
            f"{found['ratio']:.2f} x the speed ({least:.2f} to {most:.2f})", f"{TARGET} x",
        ),
    ]  # fmt: skip


def main() -> None:
    """Measure one of them in this process, or compare all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--sequences", type=int, default=128, help="how many, of which 8 are a batch")
    parser.add_argument("--length", type=int, default=HOUR, help="observations of a sequence")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        workers = int(args.measure)
        print(json.dumps(on_cluster(args.data, workers) if workers else in_one_process(args.data)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "hours")
        make(folder, args.sequences, args.length, shards=max(1, args.sequences // 16))
        make(folder.with_name("hours-tiny"), 2, 20, shards=1)
        results = {
            "machine": machine("ray"), "sequences": args.sequences, "observations": args.sequences * args.length,
            "rounds": args.rounds, "prediction": compare(folder, args.rounds),
        }  # fmt: skip
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
