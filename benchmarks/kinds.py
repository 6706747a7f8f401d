"""Accuracy on kinds of talk that training did not meet: each kind is left out in turn.

    make bench-kinds DATA=folder VOICES=folder

DATA holds train_NAME.npz and dev_NAME.npz as for `accuracy.py`, with the corpus of each conversation in `meta`. Each
corpus is a kind of talk. VOICES is a folder of recordings of single speakers with a manifest.csv, see `uisrnn simulate
--audio`; the voices with the split "dev" must be the voices of dev_NAME.

A model is trained on one corpus of train_NAME, and judged on each corpus of dev_NAME and on composed calls: two
speakers, two or three speakers whose label changes at 15 % of the windows, and five to eight speakers with unequal
shares. All speakers of the judged conversations are new to the model. Figures are means over seeds, with the least and
the largest. "few" trains on 20 or 5 conversations of the corpus, other conversations for each seed. Agglomerative
clustering has its threshold tuned on the same training conversations; the ceiling is the nearest centroid of the true
labels.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import BASELINE, Data, accuracies, ceiling, tuned_on
from machine import machine
from report import Row, header, show, write

WINDOWS = {"w08": 0.8, "w16": 1.6}  # seconds
FEW = (20, 5)
CALLS = 24
CLEAN = {"clean": 1.0}
Kinds = dict[str, Data]
Accuracies = dict[str, float]


@dataclass(frozen=True)
class Talk:
    """A kind of composed conversation.

    Attributes:
        speakers: least and largest number of speakers.
        seconds: length.
        block: mean seconds of a turn.
        evenness: of the shares of speakers, the parameter of a Dirichlet distribution.
    """

    speakers: tuple[int, int]
    seconds: float
    block: float
    evenness: float

    def turns(self, generator: np.random.Generator) -> list[tuple[float, float, str]]:
        """Turns without overlap."""
        number = int(generator.integers(self.speakers[0], self.speakers[1] + 1))
        shares = generator.dirichlet(np.full(number, self.evenness)) + 0.02
        turns = []
        end = 0.0
        speaker = -1
        while end < self.seconds:
            weights = np.where(np.arange(number) == speaker, 0.0, shares)
            speaker = int(generator.choice(number, p=weights / weights.sum()))
            start = end + generator.uniform(0, 0.3)
            end = start + max(0.5, generator.gamma(1.5, self.block / 1.5))
            turns.append((start, end, f"speaker {speaker}"))
        return turns


TALKS = {
    "calls of two": Talk((2, 2), 40, 4.5, 100),
    "fast calls": Talk((2, 3), 40, 2.4, 100),
    "five to eight": Talk((5, 8), 80, 4.0, 1.5),
}


def of_corpus(path: Path) -> Kinds:
    """The conversations of a file by their corpus."""
    data = Data(path)
    with np.load(path) as file:
        corpora = [made["corpus"] for made in json.loads(str(file["meta"]))]
    return {
        corpus: data.subset([number for number, name in enumerate(corpora) if name == corpus])
        for corpus in sorted(set(corpora))
    }


def composed(talk: Talk, voices: Any, seconds: float, seed: int) -> Data:
    """Composed conversations as d-vectors of windows."""
    from uisrnn.audio import KnownSpeech, ResemblyzerEncoder, WindowedFrontEnd, compose, embed

    generator = np.random.default_rng(seed)
    conversations = [talk.turns(generator) for _ in range(CALLS)]
    encoder = ResemblyzerEncoder(seconds)
    sequences = []
    for made in compose(conversations, voices, channels=CLEAN, rt60=None, snr=(15.0, 30.0), seed=seed):
        front_end = WindowedFrontEnd(encoder, KnownSpeech(made.turns))
        sequences.append(embed((made.waveform, made.rate), front_end, turns=made.turns, verbosity=0))
    return Data.of([made.observations for made in sequences], [list(made.labels) for made in sequences])


def judged(predict: Any, kinds: Kinds) -> Accuracies:
    """The mean accuracy on each kind."""
    return {kind: float(accuracies(data.labels, predict(data.sequences)).mean()) for kind, data in kinds.items()}


def ceilings(kinds: Kinds) -> Accuracies:
    """The accuracy of centroids of the true labels."""
    return {kind: float(ceiling(data)["accuracy"]) for kind, data in kinds.items()}


def agglomerative(train: Data, kinds: Kinds) -> Accuracies:
    """The accuracy of agglomerative clustering with a threshold tuned on training conversations."""
    label, _ = tuned_on(train, BASELINE)
    return judged(lambda sequences: [label(x) for x in sequences], kinds)


def default(train: Data, kinds: Kinds, seed: int) -> Accuracies:
    """The accuracy of UISRNNClusterer with its defaults."""
    import uisrnn

    clusterer = uisrnn.UISRNNClusterer(seed=seed, verbosity=0).fit(train.sequences, train.labels)
    return judged(clusterer.predict, kinds)


def some(data: Data, number: int, seed: int) -> Data:
    """Some conversations, drawn at random."""
    return data.subset(np.random.default_rng(seed).permutation(len(data.sequences))[:number].tolist())


def spread(runs: Sequence[Accuracies]) -> dict[str, list[float]]:
    """Mean, least and largest of several runs on each kind."""
    each = {kind: [run[kind] for run in runs] for kind in runs[0]}
    return {kind: [float(np.mean(values)), min(values), max(values)] for kind, values in each.items()}


def measured(train: Kinds, kinds: Kinds, seeds: int, few_seeds: int) -> Iterator[tuple[str, dict[str, list[float]]]]:
    """The figures of each system after each training."""
    yield "ceiling: centroids of the true labels", spread([ceilings(kinds)])
    for corpus, data in train.items():
        yield f"{corpus}, {BASELINE}", spread([agglomerative(data, kinds)])
        yield f"{corpus}, default", spread([default(data, kinds, seed) for seed in range(seeds)])
        for number in FEW if few_seeds else ():
            parts = [some(data, number, seed) for seed in range(few_seeds)]
            yield (
                f"{corpus}, {number} conversations, {BASELINE}",
                spread([agglomerative(part, kinds) for part in parts]),
            )
            runs = [default(part, kinds, seed) for seed, part in enumerate(parts)]
            yield f"{corpus}, {number} conversations, default", spread(runs)


def text(figures: Sequence[float]) -> str:
    """As in "96.9 (96.6 to 97.1)"."""
    mean, least, largest = (100 * figure for figure in figures)
    return f"{mean:.1f}" + ("" if least == largest else f" ({least:.1f} to {largest:.1f})")


def rows(results: Mapping[str, Any]) -> list[Row]:
    """A row for each training of the default, beside agglomerative clustering with the same training."""
    found = []
    for name, systems in results["sets"].items():
        limits = {kind: text(figures) for kind, figures in systems["ceiling: centroids of the true labels"].items()}
        for system, figures in systems.items():
            if not system.endswith("default"):
                continue
            baseline = systems[system.replace("default", BASELINE)]
            for kind in figures:
                case = f"{name}, trained on {system.removesuffix(', default')}, judged on {kind}"
                peer = f"agglomerative: {text(baseline[kind])}"
                found.append(Row(case, peer, text(figures[kind]), "", f"ceiling {limits[kind]}"))
    return found


def main() -> None:
    """Measure all trainings on all kinds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train_NAME.npz and dev_NAME.npz")
    parser.add_argument("--voices", type=Path, required=True, help="folder with recordings and manifest.csv")
    parser.add_argument("--names", nargs="+", default=list(WINDOWS), choices=list(WINDOWS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--few-seeds", type=int, default=3, help="seeds of trainings on few conversations; 0: none")
    parser.add_argument("--draw", type=int, default=0, help="seed of the composed calls")
    parser.add_argument("--out", type=Path, help="file for the results, JSON")
    args = parser.parse_args()
    from uisrnn.audio import find_voices

    voices = find_voices(args.voices, split="dev")
    results: dict[str, Any] = {"machine": machine(), "seeds": args.seeds, "draw": args.draw, "sets": {}}
    for name in args.names:
        kinds = of_corpus(args.data / f"dev_{name}.npz")
        for number, (kind, talk) in enumerate(TALKS.items()):
            kinds[kind] = composed(talk, voices, WINDOWS[name], 10 * args.draw + number)
        systems = results["sets"][name] = {}
        train = of_corpus(args.data / f"train_{name}.npz")
        for system, figures in measured(train, kinds, args.seeds, args.few_seeds):
            systems[system] = figures
            mean = np.mean([values[0] for values in figures.values()])
            print(f"{name}, {system}: {'; '.join(f'{kind} {text(v)}' for kind, v in figures.items())}; "
                  f"mean {100 * mean:.2f}", flush=True)  # fmt: skip
    print(header())
    show(rows(results))
    write(results, args.out)


if __name__ == "__main__":
    main()
