"""The work that `devices.py` measures: a process for each device that answers requests on its input.

Each request and each answer is a line of JSON. The process imports this library, or uisrnn 0.1.2 if its path comes
first.
"""

import argparse
import functools
import json
import os
import statistics
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from corners import accuracy
from decode import BEAM_SIZE, DIM, TEST_ITERATION, conversations
from train import MODEL, TRAINING

HIDDEN = 512
SPEAKERS = 156
ITERATIONS = 12  # discriminative iterations from which the time of an iteration is taken
MOST_SEEDS = 16
MOST_SECONDS = 6.0  # of repetitions

Figures = dict[str, float]


class Work:
    """The measurements on a device.

    Args:
        device: "cpu" or "cuda".
        folder: the files of models that all processes share.
        is_peer: whether this process imports uisrnn 0.1.2.
    """

    def __init__(self, device: str, folder: Path, is_peer: bool) -> None:
        self._device = device
        self._folder = folder
        self._is_peer = is_peer

    def _model(self, **arguments: Any) -> Any:
        import uisrnn

        given = {**MODEL, "rnn_hidden_size": HIDDEN, "rnn_depth": 1, "rnn_dropout": 0.0, "transition_bias": None}
        placed = {"enable_cuda": self._device == "cuda", "device": self._device}
        return uisrnn.UISRNN(Namespace(**{**given, **placed, **arguments}))

    @functools.cached_property
    def _clusters(self) -> tuple[list[np.ndarray], list[list[str]]]:
        """200 clusters of about 80 observations, in blocks."""
        return named_conversations(40, 400)

    def start(self, seconds: float) -> Figures:
        """Import the library, start the GPU and draw the data; these times are no part of a measurement."""
        import torch

        torch.zeros(1, device=self._device)
        self._model()
        return {"clusters": len(self._clusters)}

    def prepare(self, seconds: float) -> Figures:
        """Train the GRU that all processes decode with; it learns enough to be sure of most labels."""
        model = self._model()
        clusters = named_conversations(40, 100)
        end = time.perf_counter() + seconds
        iterations = 0
        while iterations < 300 and (iterations == 0 or time.perf_counter() < end):
            model.fit(*clusters, Namespace(**TRAINING, train_iteration=10))
            iterations += 10
        model.save(str(self._folder / "gru"))
        return {"iterations": iterations}

    def train(self, batch_size: int, precision: str, seconds: float) -> Figures:
        """Seconds of an iteration of GRU training."""
        model = self._model()
        clusters = self._clusters

        def fit(iterations: int) -> float:
            given = {**TRAINING, "batch_size": batch_size, "precision": precision, "train_iteration": iterations}
            start = time.perf_counter()
            model.fit(*clusters, Namespace(**given))
            return time.perf_counter() - start

        seconds = min(seconds, MOST_SECONDS)
        fit(1)  # loads libraries
        first = fit(1)
        if first > seconds / 2:
            return {"seconds": first}
        several = fit(4)
        each = (several - min(first, several / 2)) / 3
        number = int(min((seconds - first - several) / max(each, 1e-3), 300))
        if number < 8:
            return {"seconds": each}
        return {"seconds": fit(number) / number}

    def fit_plda(self, number: int, seconds: float) -> Figures:
        """Seconds of context_plda training before the first discriminative iteration, and of an iteration."""
        import uisrnn
        from uisrnn.training.discriminative import DiscriminativeStage

        model_args, training_args, _ = uisrnn.recommended_arguments()
        model_args.observation_dim = DIM
        model_args.device = self._device
        model_args.verbosity = 0
        model_args.seed = 0
        training_args.discriminative_iteration = ITERATIONS
        sequences, labels = shared_speakers(number)
        starts: list[float] = []
        step = DiscriminativeStage.step

        def timed(stage: Any, iteration: int) -> Any:
            starts.append(time.perf_counter())
            return step(stage, iteration)

        DiscriminativeStage.step = timed  # type: ignore[method-assign]
        start = time.perf_counter()
        try:
            uisrnn.UISRNN(model_args).fit(sequences, labels, training_args)
        finally:
            DiscriminativeStage.step = step  # type: ignore[method-assign]
        return {"before": starts[0] - start, "iteration": statistics.median(np.diff(starts))}

    def decode(self, kind: str, sequences: int, length: int, seconds: float) -> Figures:
        """Seconds per observation of decoding."""
        model = self._loaded(kind)
        xs, _ = conversations(sequences, length, seed=5)
        args = Namespace(beam_size=BEAM_SIZE, look_ahead=1, test_iteration=TEST_ITERATION)
        if self._is_peer:
            xs = [xs[0][:8].astype(float)]
        model.predict([xs[0][:2]], args)  # loads compiled code
        times: list[float] = []
        while not times or sum(times) + times[-1] < min(seconds, MOST_SECONDS):
            start = time.perf_counter()
            model.predict(xs, args)
            times.append(time.perf_counter() - start)
        return {"seconds": statistics.median(times) / sum(map(len, xs))}

    @functools.cache  # noqa: B019 -- the process ends with this object
    def _loaded(self, kind: str) -> Any:
        import torch

        model = self._model(observation_model=kind, verbosity=0)
        if self._is_peer:  # 0.1.2 does not load files with torch 2.6 or later; a file of this run is safe
            torch.load = functools.partial(torch.load, weights_only=False)
            model.fit(*self._clusters, Namespace(**TRAINING, train_iteration=30))
        elif kind == "gru":
            model.load(str(self._folder / "gru"))
        else:
            model.fit(*shared_speakers(20), Namespace(discriminative_iteration=0))
        return model

    def corners(self, seconds: float) -> Figures:
        """The seeds with which every label of the four clusters is right."""
        end = time.perf_counter() + seconds
        accuracies: list[float] = []
        while len(accuracies) < MOST_SEEDS and (not accuracies or time.perf_counter() < end):
            accuracies.append(accuracy(len(accuracies), 0, self._device))
        right = accuracies.count(1.0)
        return {"right": right, "seeds": len(accuracies), "mean": statistics.mean(accuracies)}


def named_conversations(number: int, length: int) -> tuple[list[np.ndarray], list[list[str]]]:
    """Conversations of five clusters each, as 0.1.2 needs them."""
    sequences, labels = conversations(number, length, seed=1)
    names = [[f"{place}_{label}" for label in turns] for place, turns in enumerate(labels)]
    return [x.astype(float) for x in sequences], names


def shared_speakers(number: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Conversations of about 144 observations, each of four of the same speakers."""
    generator = np.random.default_rng(0)
    centers = generator.normal(size=(SPEAKERS, DIM)) / DIM**0.5
    sequences = []
    labels = []
    for _ in range(number):
        speakers = generator.permutation(SPEAKERS)[:4]
        turns = np.repeat(speakers[np.cumsum(generator.integers(1, 4, 14)) % 4], generator.integers(3, 18, 14))
        sequences.append(centers[turns] + 0.8 * generator.normal(size=(len(turns), DIM)) / DIM**0.5)
        labels.append(turns.tolist())
    return sequences, labels


TASKS: dict[str, Callable[[Work, float], Figures]] = {
    "start": Work.start,
    "prepare": Work.prepare,
    **{
        f"gru training, batch {size}": functools.partial(Work.train, batch_size=size, precision="single")
        for size in (10, 100, 512)
    },
    "gru training, batch 100, mixed": functools.partial(Work.train, batch_size=100, precision="mixed"),
    "gru training, batch 512, mixed": functools.partial(Work.train, batch_size=512, precision="mixed"),
    "context_plda, 150 conversations": functools.partial(Work.fit_plda, number=150),
    "default training, 300 conversations": functools.partial(Work.fit_plda, number=300),
    "context_plda decode, 64 x 200": functools.partial(Work.decode, kind="context_plda", sequences=64, length=200),
    **{
        f"gru h512 decode, {number} x 200": functools.partial(Work.decode, kind="gru", sequences=number, length=200)
        for number in (1, 64, 512)
    },
    "four clusters on corners": Work.corners,
}


def serve(work: Work, answers: TextIO) -> None:
    """Answer the requests of the standard input."""
    for line in sys.stdin:
        task, seconds = json.loads(line)
        try:
            answer: dict[str, Any] = {"figures": TASKS[task](work, seconds=seconds)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        answers.write(json.dumps(answer) + "\n")


def main() -> None:
    """Answer the requests of `devices.py`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--as_peer", action="store_true")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.cores])  # before torch counts the cores
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # progress and messages of libraries are no answers
    serve(Work(args.device, args.folder, args.as_peer), answers)


if __name__ == "__main__":
    main()
