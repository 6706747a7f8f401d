"""Accuracy on conversations of unknown speakers: this library, 0.1.2 and untrained clustering, in a single run.

    make bench-accuracy DATA=folder

The folder holds train_NAME.npz and dev_NAME.npz with `embeddings` (N, D), `labels` (N,) and `lengths` of conversations.

Each system is trained or tuned on train_NAME and tested on dev_NAME. Accuracy is the mean over conversations of the
share of right labels after the best renaming. DER has no collar. Windows hold no overlapped speech, so DER is the share
of wrong labels over all observations. Intervals are 95 %, by bootstrap over conversations. 0.1.2 trains its own model;
exact zeros, which would make its weights NaN, are replaced by 1e-6. This library decodes the file of 0.1.2, with the
same labels as 0.1.2 (`tests/decoding/test_golden.py`). The time per observation of 0.1.2 is measured with 0.1.2 on 60
observations.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from baselines import GRIDS, Array, Labeler, oracle_centroids, tuned
from machine import machine
from report import Row, header, percent, show, write

TUNED_ON = 300
HIDDEN = 128
RESAMPLES = 10000
BASELINE = "agglomerative, offline"
DEFAULT = "context_plda, discriminative: the default"
PEER = "uisrnn 0.1.2"
AT_LEAST = {f"w08, {DEFAULT}": 0.980, f"w16, {DEFAULT}": 0.968}  # accuracy, on the conversations of README.md
Predict = Callable[[list[Array]], list[Any]]
Figures = dict[str, Any]


class Data:
    """The conversations in a file."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            cuts = np.cumsum(file["lengths"])[:-1]
            self.sequences = np.split(file["embeddings"], cuts)
            self.labels = [labels.tolist() for labels in np.split(file["labels"], cuts)]

    @classmethod
    def of(cls, sequences: list[Array], labels: list[list[Any]]) -> "Data":
        """Conversations that are in memory."""
        data = object.__new__(cls)
        data.sequences = sequences
        data.labels = labels
        return data

    def first(self, number: int) -> "Data":
        """The first `number` conversations."""
        return Data.of(self.sequences[:number], self.labels[:number])

    def subset(self, numbers: Sequence[int]) -> "Data":
        """The conversations with these numbers."""
        return Data.of([self.sequences[number] for number in numbers], [self.labels[number] for number in numbers])


def accuracies(truths: Sequence[Any], predicted: Sequence[Any]) -> Array:
    """The accuracy of each conversation."""
    from uisrnn import compute_sequence_match_accuracy as accuracy

    return np.array([accuracy(list(a), list(b)) for a, b in zip(truths, predicted, strict=True)])


def interval(values: Array) -> list[float]:
    """The 95 % interval of the mean, by bootstrap."""
    drawn = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    return np.percentile(values[drawn].mean(axis=1), [2.5, 97.5]).tolist()


def judged(data: Data, predict: Predict, seconds: float) -> Figures:
    """All figures of a system."""
    predict(data.sequences[:1])  # compile first
    start = time.perf_counter()
    predicted = predict(data.sequences)
    elapsed = time.perf_counter() - start
    each = accuracies(data.labels, predicted)
    lengths = np.array([len(labels) for labels in data.labels])
    counts = [abs(len(set(a)) - len(set(b))) for a, b in zip(data.labels, predicted, strict=True)]
    return {
        "accuracy": each.mean(), "interval": interval(each), "der": float((1 - each) @ lengths / lengths.sum()),
        "speaker_count_error": float(np.mean(counts)), "training_seconds": seconds,
        "microseconds_an_observation": 1e6 * elapsed / lengths.sum(), "each": each.tolist(),
    }  # fmt: skip


def fitted(train: Data, model: dict[str, Any], training: dict[str, Any]) -> tuple[Any, float]:
    """A model of this library, and the seconds of its training."""
    import uisrnn

    start = time.perf_counter()
    result = uisrnn.UISRNN(uisrnn.ModelArguments(crp_alpha=None, seed=0, verbosity=0, **model))
    result.fit(train.sequences, train.labels, uisrnn.TrainingArguments(**training))
    return result, time.perf_counter() - start


def ours(made: Callable[[], tuple[Any, float]], dev: Data, tuned_on: Data | None = None) -> Figures:
    """The figures of a model of this library, in a single pass.

    Args:
        made: returns the model and the seconds of its training.
        dev: conversations to label.
        tuned_on: conversations on which the likelihood scale is chosen; None: the likelihood scale of the model.
    """
    import uisrnn

    model, seconds = made()
    scale = best_scale(model, tuned_on) if tuned_on else model.likelihood_scale
    args = uisrnn.InferenceArguments(test_iteration=1, likelihood_scale=scale)
    row = judged(dev, lambda sequences: model.predict(sequences, args), seconds)
    return row | {"likelihood_scale": scale, "crp_alpha": model.crp_alpha, "transition_bias": model.transition_bias}


def best_scale(model: Any, train: Data) -> float:
    """The likelihood scale with the highest accuracy on training conversations."""
    import uisrnn

    some = train.first(100)

    def score(scale: float) -> float:
        args = uisrnn.InferenceArguments(test_iteration=1, likelihood_scale=scale)
        return float(accuracies(some.labels, model.predict(some.sequences, args)).mean())

    return max((1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02), key=score)


def default(train: Data, dev: Data) -> Figures:
    """The figures of UISRNNClusterer with its defaults."""
    import uisrnn

    start = time.perf_counter()
    clusterer = uisrnn.UISRNNClusterer(seed=0, verbosity=0).fit(train.sequences, train.labels)
    return judged(dev, clusterer.predict, time.perf_counter() - start)


def tuned_on(data: Data, name: str) -> tuple[Labeler, dict[str, float]]:
    """A baseline with the parameters that are most accurate on conversations, and these parameters."""
    return tuned(name, lambda label: accuracies(data.labels, [label(x) for x in data.sequences]).mean())


def untrained(train: Data, dev: Data, name: str) -> Figures:
    """The figures of a baseline."""
    start = time.perf_counter()
    label, parameters = tuned_on(train.first(TUNED_ON), name)
    seconds = time.perf_counter() - start
    return judged(dev, lambda sequences: [label(x) for x in sequences], seconds) | {"parameters": parameters}


def ceiling(dev: Data) -> Figures:
    """The figures of centroids from true labels."""
    truths = {x.tobytes(): np.array(labels) for x, labels in zip(dev.sequences, dev.labels, strict=True)}
    return judged(dev, lambda sequences: [oracle_centroids(x, truths[x.tobytes()]) for x in sequences], 0.0)


def train_peer(data: Path, model: Path, iterations: int) -> None:
    """Train 0.1.2 in this process, save the model, and print seconds and microseconds per observation."""
    import torch

    import uisrnn

    train = Data(data)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 -- 0.1.2 draws from it
    jittered = [np.where(x == 0, 1e-6, x).astype(float) for x in train.sequences]
    names = [np.array([str(label) for label in labels]) for labels in train.labels]
    command_line = sys.argv
    sys.argv = command_line[:1]
    model_args, training_args, inference_args = uisrnn.parse_arguments()
    sys.argv = command_line
    model_args.verbosity = 0
    training_args.train_iteration = iterations
    inference_args.test_iteration = 1
    peer = uisrnn.UISRNN(model_args)
    start = time.perf_counter()
    peer.fit(jittered, names, training_args)
    seconds = time.perf_counter() - start
    peer.save(str(model))
    start = time.perf_counter()
    peer.predict(jittered[0][:60], inference_args)
    print(json.dumps([seconds, 1e6 * (time.perf_counter() - start) / 60]))


def peer(data: Path, dev: Data, folder: Path, iterations: int) -> Figures:
    """The figures of 0.1.2 with its defaults (hidden size 512), except for the number of iterations."""
    import uisrnn

    with tempfile.TemporaryDirectory() as temporary:
        model = Path(temporary, "peer.uisrnn")
        command = [sys.executable, __file__, "--train-peer", str(data), str(model), "--iterations", str(iterations)]
        environment = dict(os.environ, PYTHONPATH=str(folder.resolve()))
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        seconds, microseconds = json.loads(printed.splitlines()[-1])
        loaded = uisrnn.UISRNN.from_file(model, Namespace(verbosity=0))
    args = uisrnn.InferenceArguments(test_iteration=1)
    return judged(dev, lambda x: loaded.predict(x, args), seconds) | {"microseconds_an_observation": microseconds}


def systems(name: str, folder: Path, peer_folder: Path | None, iterations: int) -> dict[str, Callable[[], Figures]]:
    """The systems by name, as functions that measure a system on a set of conversations."""
    train = Data(folder / f"train_{name}.npz")
    dev = Data(folder / f"dev_{name}.npz")
    gru = {"observation_model": "gru", "observation_dim": dev.sequences[0].shape[1], "rnn_hidden_size": HIDDEN}
    plda = gru | {"observation_model": "plda"}
    steps = {"discriminative_iteration": 300}
    paper = {"train_iteration": iterations}
    as_in_the_paper = cache(partial(fitted, train, gru, paper))
    rows: dict[str, Callable[[], Figures]] = {"ceiling: centroids of the true labels": partial(ceiling, dev)}
    for baseline in GRIDS:
        rows[baseline] = partial(untrained, train, dev, baseline)
    if peer_folder:
        rows[PEER] = lambda: peer(folder / f"train_{name}.npz", dev, peer_folder, iterations)
    rows |= {
        "gru, as in the paper": partial(ours, as_in_the_paper, dev),
        "gru, as in the paper, likelihood_scale tuned": partial(ours, as_in_the_paper, dev, train),
        "gru, sample_mean": partial(ours, partial(fitted, train, gru, paper | {"loss": "sample_mean"}), dev),
        "gru, discriminative": partial(ours, partial(fitted, train, gru, paper | steps), dev),
        "plda": partial(ours, partial(fitted, train, plda, {}), dev),
        "plda, discriminative": partial(ours, partial(fitted, train, plda, steps), dev),
        DEFAULT: partial(default, train, dev),
    }
    for number in (20, 5, 1):
        few = train.first(number)
        rows[f"the default, {number} training conversations"] = partial(default, few, dev)
        rows[f"agglomerative, tuned on {number} conversations"] = partial(untrained, few, dev, BASELINE)
    return rows


def accuracy_of(figures: Figures) -> str:
    """The accuracy and its interval as text."""
    low, high = (100 * end for end in figures["interval"])
    return f"{percent(figures['accuracy'])} ({low:.1f} to {high:.1f})"


def rows(results: dict[str, Any]) -> list[Row]:
    """A row for each set and system, beside agglomerative clustering if it was run."""
    return [
        row(f"{name}, {system}", system, figures, systems.get(BASELINE))
        for name, systems in results["sets"].items()
        for system, figures in systems.items()
    ]


def row(case: str, system: str, figures: Figures, baseline: Figures | None) -> Row:
    """The row of a system; other libraries stand in the column of peers."""
    above = ""
    if "above_agglomerative" in figures and system != BASELINE:
        above = "{:+.1f} to {:+.1f} points beside agglomerative".format(
            *(100 * end for end in figures["above_agglomerative"])
        )
    if system.startswith((*GRIDS, PEER, "agglomerative", "ceiling")):
        return Row(case, accuracy_of(figures), "", above)
    microseconds = figures["microseconds_an_observation"]
    time = f"trained in {figures['training_seconds']:.0f} s, {microseconds:.0f} µs an observation"
    peer = f"{BASELINE}: {accuracy_of(baseline)}" if baseline else ""
    target = f"at least {percent(AT_LEAST[case])}" if case in AT_LEAST else ""
    return Row(case, peer, f"{accuracy_of(figures)}, {time}", above, target)


def main() -> None:
    """Measure all systems on all sets of conversations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with train_NAME.npz and dev_NAME.npz")
    parser.add_argument("--names", nargs="+", default=["w08", "w16"])
    parser.add_argument("--peer", type=Path, help="folder with uisrnn 0.1.2; without it, the row of 0.1.2 is left out")
    parser.add_argument("--iterations", type=int, default=1000, help="of GRU training")
    parser.add_argument("--only", help="only systems whose name contains this text")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    parser.add_argument("--train-peer", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train_peer:
        train_peer(*args.train_peer, args.iterations)
        return
    if not args.data or not args.data.is_dir():
        parser.error("--data must be a folder that holds train_NAME.npz and dev_NAME.npz")
    results: dict[str, Any] = {"machine": machine(), "iterations": args.iterations, "sets": {}}
    for name in args.names:
        measured = results["sets"][name] = {}
        for system, measure in systems(name, args.data, args.peer, args.iterations).items():
            if args.only and args.only not in system and system != BASELINE:
                continue
            figures = measured[system] = measure()
            if BASELINE in measured:
                figures["above_agglomerative"] = interval(np.array(figures["each"]) - measured[BASELINE]["each"])
            print(f"{name}: {system}: {accuracy_of(figures)}", flush=True)
        for figures in measured.values():
            del figures["each"]
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
