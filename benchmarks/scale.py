"""Observations per second of prediction, by 1 and by 2 workers of a Ray cluster on this machine, and without a cluster.

    make bench-scale

or `python benchmarks/scale.py --out benchmarks/results/scale.json`. The script makes a dataset of Parquet shards with
sequences of an hour each. A pretrained model labels it: by `UISRNN.predict` in a process with a single core, including
the reading of files, and by `uisrnn.distributed.predict`, whose workers have a core each. All labels must be equal. The
ways take turns in each round, and ratios are medians over rounds. The time until workers are ready is measured in the
same round with a tiny dataset, and is not part of the time of the work. For comparison, two processes without a cluster
label half of the sequences each, at the same time.
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

DIM = 256
VOICES = 4
BATCH = 8
HOUR = 9000  # observations, with a hop of 0.4 seconds
TARGET = 1.8


def make(folder: Path, sequences: int, length: int, shards: int) -> None:
    """Write a dataset of conversations, shard by shard."""
    import uisrnn

    folder.mkdir()
    for shard in range(shards):
        numbers = range(shard, sequences, shards)
        made = [conversation(number, length) for number in numbers]
        named = [uisrnn.LabeledSequence(x, name=f"hour{number}") for number, x in zip(numbers, made, strict=True)]
        if named:
            uisrnn.save_sequences(folder / f"{shard:03d}.parquet", named)


def conversation(number: int, length: int) -> np.ndarray:
    """Observations of length 1 near a few voices, which take turns."""
    rng = np.random.default_rng(number)
    voices = rng.normal(scale=DIM**-0.5, size=(VOICES, DIM))
    turns = np.cumsum(rng.random(length) < 0.1)
    labels = rng.integers(0, VOICES, turns[-1] + 1)[turns]
    x = voices[labels] + rng.normal(scale=0.3 * DIM**-0.5, size=(length, DIM))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def without_cluster(folder: str, part: int, parts: int) -> dict[str, Any]:
    """The seconds, peak memory and labels of a process with a single core, from files to labels, for its shards."""
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
        for start_of_batch in range(0, len(sequences), BATCH):
            batch = sequences[start_of_batch : start_of_batch + BATCH]
            labels.update(zip([sequence.name for sequence in batch], model.predict(batch), strict=True))
    return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb(), "labels": labels}


def on_cluster(folder: str, workers: int) -> dict[str, Any]:
    """The seconds of the work and of the start, the peak memory and the labels of a cluster."""
    import uisrnn
    from uisrnn.distributed import connect, predict

    model = uisrnn.load_pretrained("resemblyzer", uisrnn.ModelArguments(verbosity=0, device="cpu"))
    print("ready", flush=True)
    start = time.perf_counter()
    with connect(None, workers):
        predict(f"{folder}-tiny", model, batch_size=1)  # for the work of Ray at the first call in a process
        connected = time.perf_counter()
        predict(f"{folder}-tiny", model, batch_size=1)
        tiny = time.perf_counter()
        prediction = predict(folder, model, batch_size=BATCH)
        end = time.perf_counter()
    return {
        "seconds": (end - tiny) - (tiny - connected), "start_seconds": connected - start, "peak_mb": peak_mb(),
        "labels": dict(zip(prediction.names, prediction.labels or [], strict=True)),
    }  # fmt: skip


def run(workers: str, folder: Path, parts: int = 1) -> dict[str, Any]:
    """Measure in `parts` new processes, which share the sequences; `workers` is "0" without a cluster."""
    command = [sys.executable, __file__, "--measure", workers, "--data", str(folder), "--parts", str(parts)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [*command, "--part", str(part)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for part in range(parts)
    ]
    for process in running:
        process.stdout.readline()
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in running:
        out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{command} ended with {process.returncode}")
        answers.append(json.loads(out.splitlines()[-1]))
    labels = {name: ids for answer in answers for name, ids in answer.pop("labels").items()}
    return {name: max(answer[name] for answer in answers) for name in answers[0]} | {"labels": labels}


def compare(folder: Path, rounds: int) -> dict[str, Any]:
    """Measure all cases in turn.

    Raises:
        RuntimeError: labels differ.
    """
    cases = {"one_process": ("0", 1), "two_processes": ("0", 2), "workers_1": ("1", 1), "workers_2": ("2", 1)}
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in cases}
    for _ in range(rounds):
        figures = {name: run(workers, folder, parts) for name, (workers, parts) in cases.items()}
        labels = [case.pop("labels") for case in figures.values()]
        if any(labels_of_case != labels[0] for labels_of_case in labels):
            raise RuntimeError("labels of the cluster differ from labels of a single process")
        for name, case in figures.items():
            taken[name].append(case)
    single = taken["workers_1"]
    double = taken["workers_2"]
    with_start = [
        (less["seconds"] + less["start_seconds"]) / (more["seconds"] + more["start_seconds"])
        for less, more in zip(single, double, strict=True)
    ]
    return {
        **{name: medians(rounds_of_case) for name, rounds_of_case in taken.items()},
        "ratio": times_faster(single, double),
        "ratio_with_start": statistics.median(with_start),
        "ratio_without_cluster": times_faster(taken["one_process"], taken["two_processes"]),
        "ratio_of_one_worker": times_faster(taken["one_process"], single),
    }


def times_faster(slow: list[dict[str, float]], fast: list[dict[str, float]]) -> dict[str, float]:
    """The median, least and largest ratio of seconds over rounds."""
    ratios = [slower["seconds"] / faster["seconds"] for slower, faster in zip(slow, fast, strict=True)]
    return {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over rounds."""
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def rows(results: dict[str, Any]) -> list[Row]:
    """Two processes beside a single process, a worker beside a process, and two workers beside a worker."""
    figures = results["prediction"]
    observations = results["observations"]

    def speed(case: str) -> str:
        return f"{observations / figures[case]['seconds']:.0f} a second"

    def times(name: str) -> str:
        ratio = figures[name]
        return f"{ratio['median']:.2f} x the speed ({ratio['least']:.2f} to {ratio['most']:.2f})"

    start = f"start of workers {figures['workers_2']['start_seconds']:.1f} s apart"
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
            f"prediction from 1 to 2 workers, with their start {figures['ratio_with_start']:.2f} x",
            f"one worker: {speed('workers_1')}", f"two workers: {speed('workers_2')}", times("ratio"), f"{TARGET} x",
        ),
    ]  # fmt: skip


def main() -> None:
    """Measure a case in this process, or compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--sequences", type=int, default=128, help="number of sequences; a batch has 8")
    parser.add_argument("--length", type=int, default=HOUR, help="observations of a sequence")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--parts", type=int, default=1, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        workers = int(args.measure)
        answer = on_cluster(args.data, workers) if workers else without_cluster(args.data, args.part, args.parts)
        print(json.dumps(answer))
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
