"""Training on data larger than memory: peak memory, beside the same training on a tenth of the data.

    make bench-memory

or `python benchmarks/memory.py --gigabytes 20 --folder /on/a/large/disk --out benchmarks/results/memory.json`.

The script generates a folder of Parquet shards with conversations of four clusters, D 256. For each observation model,
a process trains on a tenth of the shards, and another process on all shards; both measure their peak memory. The files,
and the copy that training makes of them, need twice their size on disk. Two more processes train on the first shard, in
memory and from disk, and the models must be equal.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from machine import machine, peak_mb
from report import Row, header, show, write

DIM = 256
CLUSTERS = 4
LENGTH = 1000
SHARD_GB = 0.25
KINDS = {"gru": {"train_iteration": 30}, "context_plda": {"discriminative_iteration": 30}}
TARGET_MB = 2000


def conversations(shard: int, number: int) -> Iterator[object]:
    """Random sequences; sequences do not share clusters."""
    import uisrnn

    generator = np.random.default_rng(shard)
    for index in range(number):
        centers = generator.standard_normal((CLUSTERS, DIM), dtype=np.float32) / DIM**0.5
        turns = (
            np.cumsum(np.where(generator.random(LENGTH) < 0.1, generator.integers(1, CLUSTERS, LENGTH), 0)) % CLUSTERS
        )
        noise = generator.standard_normal((LENGTH, DIM), dtype=np.float32)
        name = f"conversation-{shard}-{index}"
        yield uisrnn.LabeledSequence(centers[turns] + 0.05 * noise, turns.tolist(), name=name)


def generate(folder: Path, gigabytes: float) -> int:
    """Write shards, and return their number."""
    import uisrnn

    shards = max(round(gigabytes / SHARD_GB), 1)
    number = max(round(gigabytes / shards * 1e9 / (4 * DIM * LENGTH)), 1)
    for shard in range(shards):
        uisrnn.save_sequences(folder / f"{shard:05d}.parquet", conversations(shard, number))
    return shards


def measure(kind: str, paths: list[str], in_memory: bool, scratch: str) -> dict[str, object]:
    """Train in this process; return its peak memory, its seconds and the fingerprint of the model."""
    import uisrnn

    model = uisrnn.UISRNN(
        uisrnn.ModelArguments(kind, observation_dim=DIM, rnn_hidden_size=256, crp_alpha=None, seed=0, verbosity=0)
    )
    source = [sequence for path in paths for sequence in uisrnn.load_sequences(path)] if in_memory else None
    data = source or uisrnn.Dataset(paths, scratch=scratch)
    start = time.perf_counter()
    model.fit(data, args=uisrnn.TrainingArguments(**{"train_iteration": 0, **KINDS[kind]}))
    return {"peak_mb": peak_mb(), "seconds": time.perf_counter() - start, "fingerprint": model.fingerprint()}


def in_process(kind: str, paths: list[Path], scratch: str, in_memory: bool = False) -> dict[str, object]:
    """The result of `measure` in a new process."""
    command = [sys.executable, __file__, "--measure", kind, "--scratch", scratch, "--paths", *map(str, paths)]
    done = subprocess.run(command + ["--in_memory"] * in_memory, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{kind}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def compare(kind: str, shards: list[Path], scratch: str) -> dict[str, object]:
    """Measure a tenth of the shards, all shards, and the first shard in memory and from disk."""
    memory, disk = (in_process(kind, shards[:1], scratch, in_memory) for in_memory in (True, False))
    few = in_process(kind, shards[: max(len(shards) // 10, 1)], scratch)
    everything = in_process(kind, shards, scratch)
    return {
        "peak_mb": everything["peak_mb"],
        "seconds": everything["seconds"],
        "tenth_peak_mb": few["peak_mb"],
        "tenth_seconds": few["seconds"],
        "in_memory_peak_mb": memory["peak_mb"],
        "one_shard_peak_mb": disk["peak_mb"],
        "same_model": memory["fingerprint"] == disk["fingerprint"],
    }


def rows(results: dict) -> Iterator[Row]:
    """The rows of the table."""
    for kind, row in results["cases"].items():
        gigabytes = results["gigabytes"]
        yield Row(
            f"{kind}, {gigabytes:.3g} GB of Parquet",
            f"a tenth of it: {row['tenth_peak_mb']:.0f} MB, {row['tenth_seconds']:.0f} s",
            f"peak {row['peak_mb']:.0f} MB, {row['seconds']:.0f} s",
            f"{row['peak_mb'] / row['tenth_peak_mb']:.2f} x the memory",
            f"less than {TARGET_MB} MB",
        )
        yield Row(
            f"{kind}, one shard of {results['gigabytes'] / results['shards']:.2g} GB",
            f"in memory: peak {row['in_memory_peak_mb']:.0f} MB",
            f"from disk: peak {row['one_shard_peak_mb']:.0f} MB; "
            + ("the same model, bit for bit" if row["same_model"] else "ANOTHER MODEL"),
        )


def main() -> None:
    """Measure a case in this process, or compare all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=20.0, help="of observations")
    parser.add_argument("--folder", type=Path, help="for the files; by default the folder of temporary files")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--measure", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--paths", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", help=argparse.SUPPRESS)
    parser.add_argument("--in_memory", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.paths, args.in_memory, args.scratch)))
        return
    folder = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        start = time.perf_counter()
        results = {"machine": machine("pyarrow"), "gigabytes": args.gigabytes, "cases": {}}
        results["shards"] = generate(folder, args.gigabytes)
        results["generating_seconds"] = time.perf_counter() - start
        shards = sorted(folder.glob("*.parquet"))
        print(header(), flush=True)
        for kind in KINDS:
            results["cases"][kind] = compare(kind, shards, str(folder))
            show(rows({**results, "cases": {kind: results["cases"][kind]}}))
    finally:
        shutil.rmtree(folder)
    write(results, args.out)


if __name__ == "__main__":
    main()
