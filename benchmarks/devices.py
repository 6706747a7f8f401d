"""Training and decoding on 1 core, 2 cores, all cores and a GPU, beside uisrnn 0.1.2, in less than six minutes.

    make bench-devices

or, without 0.1.2 (nothing is downloaded, and all data are synthetic),

    python benchmarks/devices.py --out benchmarks/results/devices.json

A process for each device stays alive, and the processes take turns, so a drift of the machine's speed meets all of
them. A figure is the median of the rounds. Each measurement has a share of the time that is left; if a measurement
takes much longer, its process is ended and the table says "no time". Without a GPU, the table names the GPU as missing.
"""

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import machine
from report import Row, header, show, write
from uisrnn.cores import usable_cores

SECONDS = 320.0
PATIENCE = 2.0
"""A measurement may take this multiple of its share of the time."""
LEAST_WAIT = 15.0
START = 30.0
"""Most seconds for the start of a process."""
PEER = "uisrnn 0.1.2"
NO_TIME = "no time"


@dataclass(frozen=True)
class Case:
    """A measurement.

    Attributes:
        task: its name in `device_work.TASKS`.
        devices: the devices to measure: "1", "2" and "all" (cores), and "gpu".
        peer: the devices of 0.1.2; "" if 0.1.2 does not run.
        weight: its share of the time, compared with other cases.
        rounds: most rounds.
    """

    task: str
    devices: str = "1 2 all gpu"
    peer: str = ""
    weight: float = 1
    rounds: int = 3


CASES = [
    Case("gru training, batch 10", peer="all gpu"),
    Case("gru training, batch 100", peer="gpu"),
    Case("gru training, batch 512", devices="all gpu", rounds=2),
    Case("gru training, batch 100, mixed", devices="gpu"),
    Case("gru training, batch 512, mixed", devices="gpu", rounds=2),
    Case("four clusters on corners", devices="1 gpu", weight=6, rounds=1),
    Case("context_plda, 150 conversations", weight=4, rounds=1),
    Case("default training, 300 conversations", devices="2 all gpu", weight=4, rounds=1),
    Case("context_plda decode, 64 x 200"),
    Case("gru h512 decode, 1 x 200", peer="gpu"),
    Case("gru h512 decode, 64 x 200", weight=2, rounds=2),
    Case("gru h512 decode, 512 x 200", devices="all gpu", weight=3, rounds=1),
]


@dataclass
class Worker:
    """A process that measures on a device.

    Attributes:
        device: "cpu" or "cuda".
        cores: number of CPU cores.
        folder: the files of models that all workers share.
        peer: the folder of 0.1.2; None: this library.
    """

    device: str
    cores: int
    folder: str
    peer: str | None = None
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def ask(self, task: str, seconds: float, wait: float) -> dict[str, Any]:
        """The figures of a task, or an error; the process is ended if it does not answer in time."""
        if self._process is None:
            self._process = self._started()
            if task != "start" and "error" in (answer := self.ask("start", 0, START)):
                return answer
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write((json.dumps([task, seconds]) + "\n").encode())
            process.stdin.flush()
            is_ready = select.select([process.stdout], [], [], wait)[0]
            answer = process.stdout.readline() if is_ready else b""
        except BrokenPipeError:
            is_ready = [process.stdout]
            answer = b""
        if answer:
            return dict(json.loads(answer))
        self.close()
        return {"error": "the process ended" if is_ready else NO_TIME}

    def _started(self) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("device_work.py")
        command = [sys.executable, str(script), "--device", self.device, "--cores", str(self.cores)]
        command += ["--folder", self.folder] + ["--as_peer"] * (self.peer is not None)
        environment = dict(os.environ, PYTHONPATH=self.peer) if self.peer else dict(os.environ)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment.pop(name, None)
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def workers_of(folder: str, has_gpu: bool, peer: str | None) -> dict[str, Worker]:
    """The workers by name: the device, and for 0.1.2 its name before."""
    cores = usable_cores()
    workers = {"1": Worker("cpu", 1, folder), "2": Worker("cpu", 2, folder), "all": Worker("cpu", cores, folder)}
    if cores < 3:
        del workers["all" if cores == 1 else "2"]
    if has_gpu:
        workers["gpu"] = Worker("cuda", cores, folder)
    if peer:
        workers |= {f"{PEER} {name}": Worker(workers[name].device, cores, folder, peer)
                    for name in ("all", "gpu") if name in workers}  # fmt: skip
    return workers


def start_all(workers: dict[str, Worker], seconds: float) -> None:
    """Start all processes, and let the last process of this library train a model for decoding."""
    for worker in workers.values():
        worker.ask("start", 0, START)
    *_others, name = (name for name in workers if PEER not in name)
    workers[name].ask("prepare", seconds, 4 * seconds)


def measurements(case: Case, workers: dict[str, Worker]) -> list[str]:
    """The workers that measure a case."""
    wanted = case.devices.split() + [f"{PEER} {name}" for name in case.peer.split()]
    return [name for name in workers if name in wanted]


def measure(cases: list[Case], workers: dict[str, Worker], seconds: float) -> dict[str, dict[str, Any]]:
    """The medians of all cases and workers, measured within a time."""
    end = time.monotonic() + seconds
    plan = {case.task: measurements(case, workers) for case in cases}
    left = sum(case.weight * len(plan[case.task]) for case in cases)
    results: dict[str, dict[str, Any]] = {}
    for case in cases:
        share = (end - time.monotonic()) * case.weight / left  # of the time, for each worker
        left -= case.weight * len(plan[case.task])
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in plan[case.task]}
        end_of_case = time.monotonic() + share * len(answers)
        for number in range(case.rounds):
            for name, earlier in answers.items():
                remaining = end - time.monotonic()
                if number and (time.monotonic() > end_of_case or "error" in earlier[-1]):
                    continue
                if remaining < 1:
                    earlier.append({"error": NO_TIME})
                    continue
                wait = min(max(PATIENCE * share, LEAST_WAIT), remaining)
                earlier.append(workers[name].ask(case.task, share / case.rounds, wait))
        results[case.task] = {name: _median(given) for name, given in answers.items()}
        show(rows_of(case.task, results[case.task]))
    return results


def _median(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure, and its extremes; the error if there is no figure."""
    figures = [answer["figures"] for answer in answers if "figures" in answer]
    if not figures:
        return {"error": answers[-1]["error"]}
    columns = {name: [given[name] for given in figures] for name in figures[0]}
    return {
        "rounds": len(figures),
        **{name: statistics.median(values) for name, values in columns.items()},
        **{f"{name}_least": min(values) for name, values in columns.items()},
        **{f"{name}_most": max(values) for name, values in columns.items()},
    }


def rows_of(task: str, results: dict[str, dict[str, Any]]) -> list[Row]:
    """The rows of a case: a row for each kind of figure."""
    if "conversations" in task:
        return [
            _row(f"{task}: before the first discriminative iteration", results, lambda figures: _s(figures["before"])),
            _row(f"{task}: an iteration", results, lambda figures: _ms(figures["iteration"])),
            _row(f"{task}: all, with 300 iterations (from a few)", results,
                 lambda figures: _s(figures["before"] + 300 * figures["iteration"])),
        ]  # fmt: skip
    if "corners" in task:
        text = "{right:.0f} of {seeds:.0f} seeds right, mean {mean:.3f}"
        return [_row(task, results, lambda figures: text.format(**figures))]
    if "decode" in task:
        return [_row(f"{task}: an observation", results, lambda figures: f"{1e6 * figures['seconds']:.0f} us")]
    return [_row(f"{task}: an iteration", results, lambda figures: _ms(figures["seconds"]))]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _row(case: str, results: dict[str, dict[str, Any]], text: Any) -> Row:
    here = [f"{_name(name)}: {_text(figures, text)}" for name, figures in results.items() if PEER not in name]
    peer = [f"{name}: {_text(figures, text)}" for name, figures in results.items() if PEER in name]
    return Row(case, "; ".join(peer), "; ".join(here) or "needs a GPU")


def _text(figures: dict[str, Any], text: Any) -> str:
    return str(figures.get("error") or text(figures))


def _name(worker: str) -> str:
    return {"1": "1 core", "2": "2 cores", "all": "all cores", "gpu": "GPU"}[worker]


def rows(results: dict[str, Any]) -> list[Row]:
    """The rows of all cases."""
    of_cases = [row for task, figures in results["cases"].items() for row in rows_of(task, figures)]
    return [Row("the GPU", "", results["gpu"]), *of_cases]


def main() -> None:
    """Measure all cases, print the table and write the results."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="folder with uisrnn 0.1.2")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for all measurements")
    parser.add_argument("--only", default="", help="measure only cases whose names contain this text")
    args = parser.parse_args()
    start = time.monotonic()
    has_gpu = torch.cuda.is_available()
    results: dict[str, Any] = {
        "machine": machine(),
        "gpu": torch.cuda.get_device_name() if has_gpu else "torch finds no CUDA GPU: its figures are missing",
    }
    print(f"GPU: {results['gpu']}\n\n{header()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        workers = workers_of(folder, has_gpu, args.peer and str(Path(args.peer).resolve()))
        try:
            start_all(workers, args.seconds / 15)
            cases = [case for case in CASES if args.only in case.task]
            results["cases"] = measure(cases, workers, args.seconds - (time.monotonic() - start))
        finally:
            for worker in workers.values():
                worker.close()
    results["seconds"] = time.monotonic() - start
    print(f"\n{results['seconds']:.0f} s")
    write(results, args.out)


if __name__ == "__main__":
    main()
