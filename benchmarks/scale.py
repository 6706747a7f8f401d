"""Observations a second of prediction by one and by two workers of a Ray cluster on this machine, and by one process.

    make bench-scale

or `python benchmarks/scale.py --out benchmarks/results/scale.json`. A dataset of Parquet shards is made, with
sequences of an hour each, and labelled by the model that comes with the package: by `UISRNN.predict` in one process on
one core, with reading, and by `uisrnn.distributed.predict`. All must find the same labels. They take turns in each
round; ratios are medians over rounds. A worker has one core. What it takes until workers are ready is measured with a
dataset of nearly nothing in the same round, and told apart from the work. How much two cores of this machine do
together is told by two processes without a cluster, each with half of the sequences, which begin at one moment.
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


def without_cluster(folder: str, part: int, parts: int) -> dict[str, Any]:
    """What one process takes, on one core, from files to labels, for its part of the sequences of each batch."""
    import torch

    import uisrnn

    torch.set_num_threads(1)
    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0, device="cpu"))
    model.predict(conversation(0, 20))  # compile
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.perf_counter()
    labels = {}
    for shard in sorted(Path(folder).iterdir())[part::parts]:
        sequences = uisrnn.load_sequences(shard)
        for at in range(0, len(sequences), BATCH):
            batch = sequences[at : at + BATCH]
            labels.update(zip([one.name for one in batch], model.predict(batch), strict=True))
    return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb(), "labels": labels}


def on_cluster(folder: str, workers: int) -> dict[str, Any]:
    """What a cluster takes, with its start and without."""
    import uisrnn
    from uisrnn.distributed import connect, predict

    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0, device="cpu"))
    print("ready", flush=True)
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


def run(what: str, folder: Path, parts: int = 1) -> dict[str, Any]:
    """One of them in new processes: `what` is a number of workers, 0 for none; the processes share the sequences."""
    command = [sys.executable, __file__, "--measure", what, "--data", str(folder), "--parts", str(parts)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [*command, "--part", str(part)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for part in range(parts)
    ]
    for one in running:
        one.stdout.readline()
    told = []
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in running:
        out, _ = one.communicate()
        if one.returncode:
            raise RuntimeError(f"{command} ended with {one.returncode}")
        told.append(json.loads(out.splitlines()[-1]))
    labels = {name: found for each in told for name, found in each.pop("labels").items()}
    return {name: max(each[name] for each in told) for name in told[0]} | {"labels": labels}


def compare(folder: Path, rounds: int) -> dict[str, Any]:
    """All of them in turn.

    Raises:
        RuntimeError: labels differ.
    """
    cases = {"one_process": ("0", 1), "two_processes": ("0", 2), "workers_1": ("1", 1), "workers_2": ("2", 1)}
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for _ in range(rounds):
        each = {name: run(what, folder, parts) for name, (what, parts) in cases.items()}
        labels = [one.pop("labels") for one in each.values()]
        if any(one != labels[0] for one in labels):
            raise RuntimeError("labels of the cluster differ from those of one process")
        for what, one in each.items():
            taken[what].append(one)
    one, two = taken["workers_1"], taken["workers_2"]
    with_start = [
        (less["seconds"] + less["start_seconds"]) / (more["seconds"] + more["start_seconds"])
        for less, more in zip(one, two, strict=True)
    ]
    return {
        **{name: medians(each) for name, each in taken.items()},
        "ratio": times_faster(one, two),
        "ratio_with_start": statistics.median(with_start),
        "ratio_without_cluster": times_faster(taken["one_process"], taken["two_processes"]),
        "ratio_of_one_worker": times_faster(taken["one_process"], one),
    }


def times_faster(slow: list[dict[str, float]], fast: list[dict[str, float]]) -> dict[str, float]:
    """By how much, round by round."""
    ratios = [one["seconds"] / two["seconds"] for one, two in zip(slow, fast, strict=True)]
    return {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def medians(taken: list[dict[str, float]]) -> dict[str, float]:
    """Of each figure over rounds."""
    return {name: statistics.median(one[name] for one in taken) for name in taken[0]}


def rows(results: dict[str, Any]) -> list[Row]:
    """A process and one worker, and one worker and two."""
    found, observations = results["prediction"], results["observations"]

    def speed(what: str) -> str:
        return f"{observations / found[what]['seconds']:.0f} a second"

    def times(name: str) -> str:
        ratio = found[name]
        return f"{ratio['median']:.2f} x the speed ({ratio['least']:.2f} to {ratio['most']:.2f})"

    start = f"start of workers {found['workers_2']['start_seconds']:.1f} s apart"
    return [
        Row(
            "prediction, observations, without a cluster", f"one process: {speed('one_process')}",
            f"two processes: {speed('two_processes')}", times("ratio_without_cluster"),
        ),
        Row(
            f"prediction, observations, {start}", f"one process: {speed('one_process')}",
            f"one worker: {speed('workers_1')}", times("ratio_of_one_worker"),
        ),
        Row(
            f"prediction from 1 to 2 workers, with their start {found['ratio_with_start']:.2f} x",
            f"one worker: {speed('workers_1')}", f"two workers: {speed('workers_2')}", times("ratio"), f"{TARGET} x",
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
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=int, default=1, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        workers = int(args.measure)
        found = on_cluster(args.data, workers) if workers else without_cluster(args.data, args.part, args.parts)
        print(json.dumps(found))
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
