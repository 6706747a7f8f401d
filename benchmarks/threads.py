"""Work by number of threads: time and context switches with 1, 2, 4, 8 and 16 threads.

    make bench-threads

Each case runs with `torch.set_num_threads(n)`, as on a machine with n cores, whatever the cores of this machine. With
more threads than cores, a case should cost no more than with as many threads as cores; with more cores, it should gain.
The numbers of threads take turns, round by round, and a figure is the median over rounds, so a drift of the machine's
speed meets all of them. Context switches are all that the system counts for this process, voluntary or not.

Cases: decoding of a GRU with 512 hidden units and of context_plda (D 256, beam 10, a single pass, 5 clusters), streams,
iterations of GRU training and of discriminative training, and the closed forms before the first iteration.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import uisrnn
from machine import machine
from report import Row, header, show, write
from uisrnn.cores import usable_cores
from uisrnn.progress import Progress, Silent
from uisrnn.simulation.toy import centers, conversation
from uisrnn.training.watcher import SilentWatcher

THREADS = (1, 2, 4, 8, 16)
DIM = 256
CLUSTERS = 5
MOST_RATIO = 1.2  # of the time with more threads than cores to the time with as many as cores
LEAST_GAIN = 5.0  # of 16 cores over 2 cores, for 64 sequences of the GRU
INFERENCE = uisrnn.InferenceArguments(test_iteration=1)


def usage() -> np.ndarray:
    """Seconds, and context switches of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return np.array([time.perf_counter(), used.ru_nvcsw + used.ru_nivcsw])


class Marks(SilentWatcher):
    """Notes `usage` when the last stage begins and after each of its iterations."""

    def __init__(self) -> None:
        self.begin = usage()
        self.after: list[np.ndarray] = []

    def stage(self, name: str) -> Progress:
        """Begin to note."""
        self.after = [usage()]
        return _Noting(self.after)


class _Noting(Silent):
    def __init__(self, after: list[np.ndarray]) -> None:
        self._after = after

    def advance(self, steps: int = 1, **figures: float) -> None:
        self._after.append(usage())


@dataclass(frozen=True)
class Case:
    """A piece of work.

    Attributes:
        unit: the thing that a figure counts, such as an observation.
        scale: figures in a second: 1e6 for microseconds, 1e3 for milliseconds.
        run: does the work; seconds and context switches for each unit.
        rounds: how often all numbers of threads take their turn.
    """

    unit: str
    scale: float
    run: Callable[[], np.ndarray]
    rounds: int = 3


def conversations(number: int, length: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Sequences with clusters of their own, and their labels."""
    generator = np.random.default_rng(0)
    talks = [conversation(centers(CLUSTERS, DIM, generator), length, generator) for _ in range(number)]
    return [talk.observations for talk in talks], [talk.labels.tolist() for talk in talks]


def model(kind: str, args: uisrnn.TrainingArguments | None = None) -> uisrnn.UISRNN:
    """A model on the CPU; trained if there are arguments."""
    alpha = None if kind == "context_plda" else 1.0
    made = uisrnn.UISRNN(
        uisrnn.ModelArguments(kind, DIM, crp_alpha=alpha, transition_bias=0.2, seed=0, device="cpu", verbosity=0)
    )
    if args is not None:
        made.fit(*conversations(40, 50), args)
    return made


def decoding(of: uisrnn.UISRNN, sequences: list[np.ndarray]) -> Callable[[], np.ndarray]:
    """Decodes sequences; for each observation."""

    def run() -> np.ndarray:
        begin = usage()
        of.predict(sequences, INFERENCE)
        return (usage() - begin) / sum(map(len, sequences))

    return run


def streaming(of: uisrnn.UISRNN, sequence: np.ndarray) -> Callable[[], np.ndarray]:
    """Pushes a sequence to a stream, an observation at a time; for each observation."""

    def run() -> np.ndarray:
        stream = of.stream(uisrnn.InferenceArguments(commit_lag=20))
        begin = usage()
        for observation in sequence:
            stream.push(observation)
        return (usage() - begin) / len(sequence)

    return run


def training(kind: str, **args: Any) -> Callable[[], np.ndarray]:
    """Trains a new model; the median for an iteration."""
    data = conversations(60, 100)

    def run() -> np.ndarray:
        marks = Marks()
        model(kind).fit(*data, uisrnn.TrainingArguments(**args), watcher=marks)
        return np.median(np.diff(marks.after, axis=0)[1:], axis=0)  # the first iteration includes the start

    return run


def closed_forms() -> np.ndarray:
    """The work of context_plda before the first iteration."""
    marks = Marks()
    args = uisrnn.TrainingArguments(discriminative_iteration=1)
    data = conversations(60, 100)
    marks.begin = usage()
    model("context_plda").fit(*data, args, watcher=marks)
    return marks.after[0] - marks.begin


def cases() -> Iterator[tuple[str, Case]]:
    """All cases by name; models are trained as they are needed."""
    plda = model("context_plda", uisrnn.TrainingArguments())
    gru = model("gru", uisrnn.TrainingArguments(train_iteration=60))
    sequences, _labels = conversations(64, 200)
    observation = "an observation"
    iteration = "an iteration"
    yield "decode gru, 1 x 200", Case(observation, 1e6, decoding(gru, sequences[:1]), 5)
    yield "decode gru, 64 x 200", Case(observation, 1e6, decoding(gru, sequences))
    yield "decode gru, 512 x 50", Case(observation, 1e6, decoding(gru, [x[:50] for x in sequences * 8]), 1)
    yield "decode context_plda, 64 x 200", Case(observation, 1e6, decoding(plda, sequences), 5)
    yield "decode context_plda, 8 x 50", Case(observation, 1e6, decoding(plda, [x[:50] for x in sequences[:8]]), 9)
    yield "stream gru", Case(observation, 1e6, streaming(gru, sequences[0]), 5)
    yield "train gru, batch 10", Case(iteration, 1e3, training("gru", batch_size=10, train_iteration=6))
    yield "train gru, batch 100", Case(iteration, 1e3, training("gru", batch_size=100, train_iteration=3), 2)
    yield (
        "train context_plda, discriminative",
        Case(iteration, 1e3, training("context_plda", discriminative_iteration=6), 2),
    )
    yield "train context_plda, closed forms", Case("the training", 1e3, closed_forms, 3)


def measure(case: Case, threads: list[int]) -> dict[str, Any]:
    """Time and context switches of a case for each number of threads."""
    before = torch.get_num_threads()
    figures: dict[int, list[np.ndarray]] = {number: [] for number in threads}
    try:
        case.run()  # compile and warm up
        for _ in range(case.rounds):
            for number in threads:
                torch.set_num_threads(number)
                figures[number].append(case.run())
    finally:
        torch.set_num_threads(before)
    return {
        "unit": case.unit,
        "scale": case.scale,
        "seconds": {str(number): statistics.median(f[0] for f in taken) for number, taken in figures.items()},
        "switches": {str(number): statistics.median(f[1] for f in taken) for number, taken in figures.items()},
    }


def row(name: str, figures: dict[str, Any], cores: int) -> Row:
    """A row of the table: time and context switches for each number of threads, and most threads beside all cores."""
    unit = "µs" if figures["scale"] == 1e6 else "ms"
    seconds = figures["seconds"]
    texts = [
        f"{number}: {time * figures['scale']:.3g} {unit} ({figures['switches'][number]:.2g})"
        for number, time in seconds.items()
    ]
    numbers = list(map(int, seconds))
    most = max(numbers)
    reference = max((number for number in numbers if number <= max(cores, min(numbers))), default=numbers[0])
    target = f"at most {MOST_RATIO} x with more threads than cores"
    if reference == most:
        reference = min(2, most)
        target = f"at least {LEAST_GAIN:g} x as fast" if "gru, 64" in name else "no slower"
    ratio = seconds[str(most)] / seconds[str(reference)]
    return Row(
        f"{name}: {figures['unit']} (context switches)",
        "",
        ", ".join(texts),
        f"{ratio:.2f} x the time, {most} threads to {reference}",
        target,
    )


def rows(results: dict[str, Any]) -> Iterator[Row]:
    """A row for each case."""
    for name, figures in results["cases"].items():
        yield row(name, figures, results["usable_cores"])


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--only", default="", help="measure only cases whose name contains this text")
    parser.add_argument("--threads", type=int, nargs="+", default=list(THREADS), help="numbers of threads")
    args = parser.parse_args()
    results: dict[str, Any] = {"machine": machine(), "usable_cores": usable_cores(), "cases": {}}
    print(header())
    for name, case in cases():
        if args.only in name:
            results["cases"][name] = measure(case, args.threads)
            show([row(name, results["cases"][name], results["usable_cores"])])
    write(results, args.out)


if __name__ == "__main__":
    main()
